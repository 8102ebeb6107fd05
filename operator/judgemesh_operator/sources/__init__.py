"""Where the control plane learns what it is to serve: the Kubernetes API, or a directory of YAML."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from judgemesh_operator.api.resources import Problem, Resources


@dataclass(frozen=True)
class Observation:
    """Everything observed at one moment, whole: a later one replaces it, nothing is patched.

    `resources` holds the endpoints too. `problems` are what could not be read; what was last read well of that is in
    `resources`.
    """

    resources: Resources = field(default_factory=Resources)
    problems: tuple[Problem, ...] = ()


class Source(Protocol):
    """Tells what there is, again after each change. The first observation comes when all of it is known."""

    def watch(self) -> AsyncIterator[Observation]: ...
