"""Who writes, decided by a Lease of a real API server."""

import asyncio
from dataclasses import dataclass, field

import pytest

from judgemesh_operator.cluster.client import Cluster
from judgemesh_operator.cluster.collections import LEASES
from judgemesh_operator.cluster.election import Deposed, Election


@dataclass
class Time:
    """Passes only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def candidate(cluster: Cluster, name: str, time: Time) -> Election:
    return Election(cluster, "writer", name, clock=time.clock, sleep=time.sleep)


async def holder(cluster: Cluster) -> str:
    lease = await cluster.get(LEASES, "writer")
    name: str = lease["spec"]["holderIdentity"]
    return name


async def test_first_wins(cluster: Cluster) -> None:
    """Where nobody holds the Lease the first takes it at once."""
    time = Time()

    await candidate(cluster, "one", time).win()

    assert await holder(cluster) == "one"
    assert time.slept == []


async def test_silent_holder_is_followed(cluster: Cluster) -> None:
    """A holder that is silent for longer than the Lease says is followed by another, and not before."""
    time = Time()
    await candidate(cluster, "one", Time()).win()

    await candidate(cluster, "two", time).win()

    assert await holder(cluster) == "two"
    assert 15 < time.now <= 15 + 2 * 3


async def test_resigned(cluster: Cluster) -> None:
    """A holder that resigns is followed at once."""
    one = candidate(cluster, "one", Time())
    await one.win()
    await one.resign()

    time = Time()
    await candidate(cluster, "two", time).win()

    assert await holder(cluster) == "two"
    assert time.slept == []


async def test_deposed(cluster: Cluster) -> None:
    """Whoever sees that another holds the Lease stops at its next look."""
    one = candidate(cluster, "one", Time())
    await one.win()
    await candidate(cluster, "two", Time(now=0)).win()

    with pytest.raises(Deposed):
        await one.hold()


async def test_lonely_holder_gives_up(cluster: Cluster) -> None:
    """Whoever cannot reach the API server gives up before another could take over."""
    time = Time()
    one = candidate(cluster, "one", time)
    await one.win()
    unreachable = Cluster(type(cluster._http)(base_url="http://127.0.0.1:9"), cluster.namespace)
    one._cluster = unreachable

    with pytest.raises(Deposed):
        await one.hold()

    assert time.now < 15


async def test_two_at_once(cluster: Cluster) -> None:
    """Of two that ask at the same moment one wins."""
    elections = [candidate(cluster, name, Time()) for name in ("one", "two")]

    won = await asyncio.gather(*(election._attempt() for election in elections))

    assert sorted(won) == [False, True]
