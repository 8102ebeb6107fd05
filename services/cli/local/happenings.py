"""What happens to the platform's parts, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where a part, or a step, has got to."""

    STARTING = "starting"
    READY = "ready"
    SKIPPED = "skipped"
    WARNING = "warning"
    DIED = "died"
    RESTARTED = "restarted"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Happening:
    """One thing that happened to the part `name`; `seconds` is how long it took, where that means something."""

    name: str
    stage: Stage
    detail: str = ""
    seconds: float | None = None


Report = Callable[[Happening], None]


def unheard(_: Happening) -> None:
    """Nobody listens."""
