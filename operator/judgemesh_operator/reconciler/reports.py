"""How far the proxies are with each resource: what the replicas of the control plane report, put together. Pure."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from judgemesh_operator.api.resources import Problem


@dataclass(frozen=True)
class Refusal:
    """A proxy that goes on with what it had, since it does not accept something."""

    proxy: str
    resource: str
    """What it refuses, with its type: `clusters user`."""
    error: str
    """The end of its error's text."""


@dataclass(frozen=True)
class Report:
    """What a replica, or all of them, know of one resource."""

    generation: int
    """The newest that was observed; of several replicas the oldest of these."""
    proxies: int = 0
    """Connected ones that need the resource."""
    acknowledged: int = 0
    ready_endpoints: int = 0
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[Problem, ...] = ()


Reports = Mapping[str, Report]
"""By resource, as `GrpcService/user`."""


def together(reports: Iterable[Report]) -> Report | None:
    """Each proxy is connected to one replica: their numbers add up. What the slowest has not seen is not done."""
    known = list(reports)
    if not known:
        return None
    generation = min(report.generation for report in known)
    newest = max(known, key=lambda report: report.generation)
    return Report(
        generation=generation,
        proxies=sum(report.proxies for report in known),
        acknowledged=sum(report.acknowledged for report in known),
        ready_endpoints=newest.ready_endpoints,
        refusals=tuple(sorted({each for report in known for each in report.refusals}, key=_order)),
        problems=newest.problems,
    )


def _order(refusal: Refusal) -> tuple[str, str, str]:
    return refusal.proxy, refusal.resource, refusal.error


SETTLE_SECONDS = 5.0


@dataclass
class ReportBook:
    """The reports of the replicas that are connected now."""

    clock: Callable[[], float] = time.monotonic
    _replicas: dict[str, dict[str, Report]] = field(default_factory=dict)
    _expected: dict[str, float] = field(default_factory=dict)
    _settled: bool = False

    def expect(self, replicas: Iterable[str]) -> None:
        """Replicas that are there, and are about to report."""
        for replica in replicas:
            self._expected.setdefault(replica, self.clock())

    @property
    def settled(self) -> bool:
        """Whether all replicas that were there at the beginning have reported, or had time enough for it.

        Before, some of the proxies are unknown: to say so would be to write everything twice at each start.
        """
        if not self._settled and self._expected:
            late = [since for replica, since in self._expected.items() if replica not in self._replicas]
            self._settled = all(self.clock() - since >= SETTLE_SECONDS for since in late)
        return self._settled

    @property
    def replicas(self) -> int:
        return len(self._replicas)

    def __contains__(self, replica: str) -> bool:
        return replica in self._replicas

    def connected(self, replica: str) -> None:
        self._replicas[replica] = {}

    def changed(self, replica: str, reports: Reports, removed: Iterable[str]) -> None:
        known = self._replicas[replica]
        known.update(reports)
        for resource in removed:
            known.pop(resource, None)

    def lost(self, replica: str) -> None:
        self._replicas.pop(replica, None)

    def of(self, resource: str) -> Report | None:
        """None if no replica knows of the resource, or not all have reported yet."""
        if not self.settled:
            return None
        return together(known[resource] for known in self._replicas.values() if resource in known)
