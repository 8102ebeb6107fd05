"""Who writes: the one that holds a Lease. Another takes it when its holder has been silent for too long.

https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from judgemesh_operator.cluster.client import Cluster, ClusterError, Conflict, NotThere
from judgemesh_operator.cluster.collections import LEASES

log = logging.getLogger(__name__)

Json = dict[str, Any]


class Deposed(Exception):
    """Another holds the Lease, or may: nothing may be written any more."""


@dataclass(frozen=True)
class Terms:
    """Seconds. A holder gives up before anybody else may take over."""

    duration: int = 15
    give_up: float = 10.0
    renew: float = 3.0


class Election:
    """One candidate for one Lease."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        candidate: str,
        *,
        terms: Terms | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._cluster, self._name, self._candidate = cluster, name, candidate
        self._terms = terms or Terms()
        self._clock, self._sleep = clock, sleep
        self._heard: tuple[Json, float] | None = None
        """The Lease as it was seen last, and when it was first seen so: clocks of two machines are not compared."""
        self.attempted = clock()
        """When the API server last answered."""

    async def win(self) -> None:
        """Waits until the Lease is ours."""
        while not await self._attempt():
            await self._sleep(self._terms.renew)
        log.info("%s holds the lease %s and writes from now on", self._candidate, self._name)

    async def hold(self) -> None:
        """Keeps the Lease. Raises Deposed."""
        renewed = self._clock()
        while True:
            await self._sleep(self._terms.renew)
            if await self._attempt():
                renewed = self._clock()
            elif self._clock() - renewed > self._terms.give_up or not await self._ours():
                raise Deposed(f"{self._candidate} has lost the lease {self._name}")

    async def resign(self) -> None:
        """Lets another take over at once."""
        try:
            lease = await self._cluster.get(LEASES, self._name)
            if lease["spec"].get("holderIdentity") == self._candidate:
                lease["spec"]["holderIdentity"] = ""
                await self._cluster.replace(LEASES, lease)
        except ClusterError as error:
            log.warning("the lease %s is left to run out: %s", self._name, error)

    async def _attempt(self) -> bool:
        """Takes or renews the Lease if it may; whether it is ours then."""
        try:
            lease = await self._read()
            if lease is None:
                await self._cluster.create(LEASES, self._manifest(self._spec(0)))
                return True
            if not self._may_take(lease):
                return False
            await self._cluster.replace(LEASES, {**lease, "spec": self._taken(lease["spec"])})
        except Conflict:
            return False
        except ClusterError as error:
            log.warning("the lease %s cannot be asked for: %s", self._name, error)
            return False
        return True

    async def _read(self) -> Json | None:
        try:
            lease = await self._cluster.get(LEASES, self._name)
        except NotThere:
            lease = None
        self.attempted = self._clock()
        return lease

    async def _ours(self) -> bool:
        """Whether it is at least nobody else's yet; an API server that does not answer gives it to nobody."""
        try:
            lease = await self._cluster.get(LEASES, self._name)
        except NotThere:
            return False
        except ClusterError:
            return True
        return bool(lease["spec"].get("holderIdentity") == self._candidate)

    def _may_take(self, lease: Json) -> bool:
        spec = lease["spec"]
        if spec.get("holderIdentity") in {self._candidate, "", None}:
            return True
        if self._heard is None or self._heard[0] != spec:
            self._heard = spec, self._clock()
        silent = self._clock() - self._heard[1]
        return silent > int(spec.get("leaseDurationSeconds", self._terms.duration))

    def _taken(self, spec: Json) -> Json:
        transitions: int = spec.get("leaseTransitions", 0)
        if spec.get("holderIdentity") == self._candidate:
            return {**spec, "renewTime": _now()}
        return self._spec(transitions + 1)

    def _spec(self, transitions: int) -> Json:
        return {
            "holderIdentity": self._candidate,
            "leaseDurationSeconds": self._terms.duration,
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": transitions,
        }

    def _manifest(self, spec: Json) -> Json:
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._name},
            "spec": spec,
        }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
