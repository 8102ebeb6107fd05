"""What one proxy has of one type of resource, what it is owed, and what it said to it; common to both protocols."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from judgemesh_operator.control_plane.packing import Available, Packed
from judgemesh_operator.control_plane.resource_types import ResourceType

WILDCARD = "*"
MOST_DIRTY = 10_000
"""Names that are remembered as changed; beyond it everything is compared."""
MOST_IN_FLIGHT = 64
"""Responses whose answers are waited for. An answer may take as long as a cluster needs to warm up, or never come."""
LARGEST_RESPONSE = 1024 * 1024
"""Bytes of resources in a response, unless one alone is larger. gRPC's own client takes 4 MiB."""
END_OF_ERROR = 200
"""Envoy's errors begin with a dump of the resource; what is wrong stands at the end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, as a person reads it and as durations are measured."""

    wall: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class Response:
    """A response to be sent."""

    kind: ResourceType
    serialised: bytes
    refers: frozenset[str]
    """What must be answered after it, of the type that ANSWERED_AFTER names."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A response that waits for its answer: the version of each name, None for a removed one."""

    contents: Mapping[str, str | None]
    version: str
    at: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A NACK of one resource."""

    resource: str
    version: str
    error: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer meant: how long it took, and whether it was a NACK."""

    refused: bool
    seconds: float


class Subscription(ABC):
    """Decides what to send; knows no stream. `receive` what the proxy says, `mark` what changed, then `compose`."""

    def __init__(self, kind: ResourceType) -> None:
        self.kind = kind
        self.wildcard = False
        self.names: set[str] = set()
        self.known: dict[str, str] = {}
        """Versions that the proxy has or was sent."""
        self.accepted: dict[str, str] = {}
        self.refusals: dict[str, Refusal] = {}
        self.sent_version = ""
        self.acknowledged_version = ""
        self.push_seconds: float | None = None
        self._dirty: set[str] = set()
        self._owed: set[str] = set()
        self._compare_all = False
        self._must_answer = False
        self._begun = False
        self._in_flight: dict[str, Sent] = {}
        self._retries: deque[tuple[str, ...]] = deque()

    # --- what happens -----------------------------------------------------------------------------------------------

    @abstractmethod
    def receive(self, request: Any, now: Moment) -> Answer | None:
        """Takes a request in; what it answers, if it is an ACK or a NACK."""

    def mark(self, names: Iterable[str]) -> None:
        """These may have changed."""
        if not self._compare_all:
            self._dirty.update(names if self.wildcard else self.names.intersection(names))
            if len(self._dirty) > MOST_DIRTY:
                self.compare_all()

    def compare_all(self) -> None:
        """Anything may have changed."""
        self._dirty.clear()
        self._compare_all = True

    def owe(self, names: Iterable[str]) -> None:
        """The proxy waits for these, changed or not."""
        self._owed.update(name for name in names if self.wants(name))

    # --- what is to be sent -----------------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether `compose` may have something to send."""
        return bool(self._dirty or self._owed or self._compare_all or self._must_answer or self._retries)

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._in_flight)

    @property
    def adding(self) -> bool:
        """Whether a response is under way that holds something the proxy has never had."""
        return any(version and name not in self.accepted for name, version in self._in_flight_contents())

    def _in_flight_contents(self) -> Iterator[tuple[str, str | None]]:
        for sent in self._in_flight.values():
            yield from sent.contents.items()

    @abstractmethod
    def compose(
        self, available: Available, version: str, nonces: Iterator[str], now: Moment, *, removals: bool
    ) -> list[Response]:
        """The responses that are due; `version` is that of all that is available.

        Without `removals` what only vanished stays due.
        """

    def wants(self, name: str) -> bool:
        return self.wildcard or name in self.names

    def wanted(self, available: Available) -> Available:
        if self.wildcard:
            return available
        return {name: available[name] for name in self.names if name in available}

    def current(self, available: Available) -> bool:
        """Whether the proxy accepted everything that it is to have."""
        return all(self.accepted.get(name) == packed.version for name, packed in self.wanted(available).items())

    def _candidates(self, available: Available) -> set[str]:
        if not self._compare_all:
            return self._dirty | self._owed
        return self._owed | self.known.keys() | (available.keys() if self.wildcard else self.names)

    def _settled(self, held: Iterable[str] = ()) -> None:
        """All that was due is composed now, but what is held back."""
        self._dirty = set(held)
        self._owed = set()
        self._compare_all = self._must_answer = False

    def _remember(self, nonce: str, sent: Sent) -> None:
        for name, version in sent.contents.items():
            _put(self.known, name, version)
        self._in_flight[nonce] = sent
        self.sent_version = sent.version
        if len(self._in_flight) > MOST_IN_FLIGHT:
            del self._in_flight[next(iter(self._in_flight))]

    # --- what was answered ------------------------------------------------------------------------------------------

    def _settle(self, request: Any, now: Moment) -> Answer | None:
        sent = self._in_flight.pop(request.response_nonce, None)
        if sent is None:
            return None
        refused = request.HasField("error_detail")
        if refused:
            self._refused(sent, request.error_detail.message, now)
        else:
            self._acknowledged(sent)
        self.push_seconds = now.monotonic - sent.at
        return Answer(refused, self.push_seconds)

    def _acknowledged(self, sent: Sent) -> None:
        self.acknowledged_version = sent.version
        for name, version in sent.contents.items():
            _put(self.accepted, name, version)
            self.refusals.pop(name, None)

    def _refused(self, sent: Sent, error: str, now: Moment) -> None:
        """One is at fault, and all were thrown away: halves of them are tried again, until it stands alone."""
        names = tuple(sent.contents)
        if len(names) > 1 and self._may_split:
            half = len(names) // 2
            self._retries += [names[:half], names[half:]]
            for name in names:
                self.known.pop(name, None)
            return
        for name, version in sent.contents.items():
            if self.accepted.get(name) != version:
                self.refusals[name] = Refusal(name, version or "", error[-END_OF_ERROR:], now.wall)

    @property
    def _may_split(self) -> bool:
        return True

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self.known.pop(name, None)
            self.accepted.pop(name, None)
            self.refusals.pop(name, None)
            self._owed.discard(name)
            self._dirty.discard(name)


def chunks(updates: Iterable[Packed]) -> Iterator[list[Packed]]:
    """In order, so that each fits a response."""
    chunk: list[Packed] = []
    size = 0
    for packed in updates:
        if chunk and size + len(packed.any) > LARGEST_RESPONSE:
            yield chunk
            chunk, size = [], 0
        chunk.append(packed)
        size += len(packed.any)
    if chunk:
        yield chunk


def refers(updates: Iterable[Packed]) -> frozenset[str]:
    return frozenset().union(*(packed.refers for packed in updates))


def _put(versions: dict[str, str], name: str, version: str | None) -> None:
    if version is None:
        versions.pop(name, None)
    else:
        versions[name] = version
