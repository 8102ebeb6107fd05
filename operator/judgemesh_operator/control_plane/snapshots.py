"""The snapshot of each connected proxy, made anew when what is observed changes."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from judgemesh_operator.api.resources import AnyResource, InvalidResources, Problem, Resources
from judgemesh_operator.control_plane import measures
from judgemesh_operator.control_plane.packing import EMPTY, PackedSnapshot, changes, pack_snapshot
from judgemesh_operator.control_plane.pulse import Pulse
from judgemesh_operator.control_plane.stream import Stream
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds.proxies import Proxy

log = structlog.get_logger(__name__)


@dataclass
class _Told:
    """Proxies that are told the same, however many they are: the replicas of one service."""

    packed: PackedSnapshot = EMPTY
    made: bool = False
    problems: tuple[Problem, ...] = ()
    streams: set[Stream] = field(default_factory=set)


class Snapshots:
    """Whole observations in, changed names out to the streams that they concern."""

    def __init__(
        self, translation: Translation, pulse: Pulse, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.resources = Resources()
        """What was observed last, without what is not sound."""
        self.problems: tuple[Problem, ...] = ()
        self.ready = asyncio.Event()
        """Set once all there is has been observed: until then nobody is told anything, least of all that it is gone."""
        self.observed = Resources()
        """What was observed last, sound or not."""
        self._pulse = pulse
        self._translation = translation
        self._clock = clock
        self._told: dict[Proxy, _Told] = {}

    def join(self, proxy: Proxy, stream: Stream) -> None:
        """The stream is told of the proxy's snapshot from now on. Call it when `ready`."""
        if proxy not in self._told:
            self._told[proxy] = _Told()
            self._make(proxy, self._told[proxy])
        told = self._told[proxy]
        told.streams.add(stream)
        if told.made:
            stream.connection.conversation.update(told.packed)

    def leave(self, proxy: Proxy, stream: Stream) -> None:
        told = self._told.get(proxy)
        if told:
            told.streams.discard(stream)
            if not told.streams:
                del self._told[proxy]

    async def observe(self, resources: Resources) -> None:
        """Makes all snapshots anew; between two of them others get their turn."""
        begun = time.monotonic()
        self.observed = resources
        self.resources, self.problems = self._translation.sound(resources)
        for proxy, told in list(self._told.items()):
            self._make(proxy, told)
            await asyncio.sleep(0)
        measures.build_seconds.observe(time.monotonic() - begun)
        measures.problems.set(len(self.all_problems()))
        self.ready.set()
        self._pulse.beat()

    @property
    def version(self) -> str:
        """A hash of what was observed, equal on replicas that have observed the same."""
        observed = self.observed
        resources: list[AnyResource] = [
            *observed.services.values(),
            *observed.gateways.values(),
            *observed.policies.values(),
        ]
        texts = [f"{each.kind} {each.model_dump_json()}" for each in resources]
        texts += map(repr, observed.endpoints.items())
        return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]

    def all_problems(self) -> list[Problem]:
        """Of the resources, and of what was made of them."""
        return list(dict.fromkeys([*self.problems, *self._made_problems()]))

    def _made_problems(self) -> Iterator[Problem]:
        for told in self._told.values():
            yield from told.problems

    def next_expiry(self) -> float | None:
        """Seconds until the resources mean something else, though nobody changes them."""
        expiry = self._translation.next_expiry(self.resources, self._clock())
        return None if expiry is None else max(0.0, (expiry - self._clock()).total_seconds())

    def _make(self, proxy: Proxy, told: _Told) -> None:
        try:
            made = self._translation.snapshot(self.resources, proxy, self._clock())
        except InvalidResources as error:
            # What it was told last stays: a gateway does not go down since its resource was deleted by mistake.
            told.problems = error.problems
            return
        packed, told.problems = pack_snapshot(made, told.packed)
        changed = changes(told.packed, packed)
        told.packed, told.made = packed, True
        if changed:
            for stream in told.streams:
                stream.connection.conversation.update(packed, changed)
                stream.wake()


async def follow(observations: AsyncIterator[Resources], snapshots: Snapshots, pause: float) -> None:
    """Keeps the snapshots up to date: the first change at once, those of the next `pause` seconds together."""
    latest = Latest()
    async with asyncio.TaskGroup() as group:
        group.create_task(latest.fill(observations), name="watch resources")
        while True:
            await latest.changed(within=snapshots.next_expiry())
            if latest.resources is not None:
                await snapshots.observe(latest.resources)
            await asyncio.sleep(pause)


class Latest:
    """The newest observation: older ones that nobody took are dropped."""

    def __init__(self) -> None:
        self.resources: Resources | None = None
        self._fresh = asyncio.Event()

    async def fill(self, observations: AsyncIterator[Resources]) -> None:
        async for resources in observations:
            self.resources = resources
            self._fresh.set()
        raise SourceEnded

    async def changed(self, within: float | None) -> None:
        """Returns when there is a newer one, and after `within` seconds in any case."""
        try:
            await asyncio.wait_for(self._fresh.wait(), within)
        except TimeoutError:
            return
        self._fresh.clear()


class SourceEnded(Exception):
    """A source tells what there is for as long as the process runs."""
