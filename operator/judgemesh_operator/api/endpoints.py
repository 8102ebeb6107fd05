"""Where a service runs, as the registry observes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """A running instance of a service."""

    host: str
    port: int
    zone: str = ""
    """Where it is, for preferring what is near; empty where nobody says."""
    draining: bool = False
    """It still serves what it began, and gets no new call (EndpointSlice: serving and terminating)."""


def subset_cluster(service: str, subset: str) -> str:
    """The name under which a subset's endpoints are known beside those of its service."""
    return f"{service}/{subset}"
