"""Where the control plane learns what it is to serve: the Kubernetes API, or a directory of YAML."""

from collections.abc import AsyncIterator
from typing import Protocol

from judgemesh_operator.api.resources import Resources


class Source(Protocol):
    """Tells what there is, whole and again after each change: a later answer replaces an earlier one.

    The first comes when all of it is known. `problems` are what could not be read; where it was read well before,
    that is still in the answer.
    """

    def watch(self) -> AsyncIterator[Resources]: ...
