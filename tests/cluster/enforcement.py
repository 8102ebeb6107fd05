"""Has NetworkPolicies hold on the node: `python -m tests.cluster.enforcement`, which the node starts with the rest.

Watches only ring a bell: at each stroke everything is listed, translated, and written where it differs. A new pod is
free for the moment until then.
"""

import asyncio
import logging
import os
import subprocess
from collections.abc import Callable
from typing import NoReturn

import httpx
import kopf

from judgemesh_operator.cluster.client import Cluster, ClusterError
from judgemesh_operator.cluster.collections import Collection, Selection
from judgemesh_operator.cluster.connection import http_client, log_in
from tests.cluster import firewall, iptables, places, policies

PODS = Collection("", "v1", "pods", "Pod")
NAMESPACES = Collection("", "v1", "namespaces", "Namespace")
NETWORK_POLICIES = Collection("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")

_WATCHED = 300
"""Seconds of a watch. A new one tells everything once, which finds what the last one may have missed."""
PATIENCE = 1.0
"""Seconds before what failed, or ended, is tried again."""
_BREATH = 0.1
"""Seconds between two listings: a roll-out changes pods many times a second."""

log = logging.getLogger("enforcement")


async def main() -> NoReturn:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    os.environ["KUBECONFIG"] = str(places.KUBECONFIG)
    bell = asyncio.Event()
    async with http_client(log_in(kopf.OperatorSettings())) as http, asyncio.TaskGroup() as tasks:
        for collection in (PODS, NAMESPACES, NETWORK_POLICIES):
            tasks.create_task(watch(http, collection, bell), name=f"watch {collection.plural}")
        await enforce(Cluster(http, "").everywhere, bell, iptables.write)


async def watch(
    http: httpx.AsyncClient, collection: Collection, bell: asyncio.Event, *, patience: float = PATIENCE
) -> NoReturn:
    """Rings at every change, and when a watch begins."""
    query: dict[str, str | int] = {"watch": "true", "timeoutSeconds": _WATCHED}
    while True:
        try:
            async with http.stream("GET", collection.path(None), params=query, timeout=_WATCHED + 30) as answer:
                answer.raise_for_status()
                async for _ in answer.aiter_bytes():
                    bell.set()
        except httpx.HTTPError as error:
            log.warning("the watch of %s ended: %r", collection.plural, error)
        await asyncio.sleep(patience)


async def enforce(
    cluster: Cluster, bell: asyncio.Event, write: Callable[[str], None], *, patience: float = PATIENCE
) -> NoReturn:
    """Has `write` write what is wanted, whenever it is another than before."""
    written = ""
    while True:
        await bell.wait()
        bell.clear()
        try:
            wanted = firewall.rules(await _observed(cluster))
            if wanted != written:
                await asyncio.to_thread(write, wanted)
                log.info("%d rules", wanted.count("\n-A "))
            written = wanted
            await asyncio.sleep(_BREATH)
        except (ClusterError, subprocess.CalledProcessError) as error:
            log.warning("what held goes on to hold: %s %s", error, getattr(error, "stderr", ""))
            await asyncio.sleep(patience)
            bell.set()


async def _observed(cluster: Cluster) -> policies.State:
    """Raises ClusterError."""
    found = [await cluster.list(Selection(each)) for each in (PODS, NETWORK_POLICIES, NAMESPACES)]
    return policies.state(*(listing.items for listing in found))


if __name__ == "__main__":
    asyncio.run(main())
