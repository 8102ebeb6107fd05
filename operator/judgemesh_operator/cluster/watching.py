"""kopf as a watcher: it tells what changes, and never writes.

It runs in a thread and loop of its own, for it takes every task of its loop for one of its own, and ends them all with
it; the streams of a control plane must outlive it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

import kopf

from judgemesh_operator.cluster.collections import Collection, Selection
from judgemesh_operator.cluster.connection import log_in

Hear = Callable[[Collection, str | None, dict[str, Any]], None]

PREFIX = "operator.judgemesh.dev"
"""Of whatever kopf should ever write: never its own, which another operator may use on the same objects."""


class WatchEnded(Exception):
    """kopf ended though nobody asked it to."""


def operator_settings(selections: Iterable[Selection]) -> kopf.OperatorSettings:
    """No events, no peers, no look-out for new kinds or namespaces; a silent watch is begun anew."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.persistence.finalizer = f"{PREFIX}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=PREFIX)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=PREFIX)
    settings.watching.server_timeout = 600
    settings.watching.inactivity_timeout = 70  # Bookmarks come every 60 s.
    settings.watching.chunk_size = 500
    settings.networking.enforce_retry_after = True
    settings.networking.request_timeout = 60
    for selection in selections:
        if selection.labels:
            settings.watching.label_selectors[_selector(selection.collection)] = selection.labels
    return settings


async def watch(selections: Iterable[Selection], namespace: str, hear: Hear) -> None:
    """Calls `hear` in this loop for every event, until cancelled. Raises WatchEnded."""
    chosen = tuple(selections)
    loop, stop = asyncio.get_running_loop(), threading.Event()

    def tell(collection: Collection, change: str | None, body: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(hear, collection, change, body)

    operator = kopf.operator(
        registry=_registry(chosen, tell),
        settings=operator_settings(chosen),
        namespaces=[namespace],
        standalone=True,
        stop_flag=stop,
    )
    _quiet()
    running = asyncio.create_task(asyncio.to_thread(asyncio.run, operator), name="kopf")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await running
        raise
    raise WatchEnded("the watch of the Kubernetes API ended")


def _registry(selections: Iterable[Selection], tell: Hear) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)  # type: ignore[misc, unused-ignore]
    def _log_in(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo:
        return log_in(settings)

    for selection in selections:
        _listen(registry, selection.collection, tell)
    return registry


def _listen(registry: kopf.OperatorRegistry, collection: Collection, tell: Hear) -> None:
    @kopf.on.event(
        collection.group, collection.version, collection.plural, registry=registry, id=f"hear-{collection.plural}"
    )
    async def _hear(event: kopf.RawEvent, **_: Any) -> None:
        tell(collection, event["type"], dict(event["object"]))


def _selector(collection: Collection) -> tuple[str, str, str]:
    return collection.group, collection.version, collection.plural


def _quiet() -> None:
    """Each event of each object is no news, nor is it that signals are not kopf's."""
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
