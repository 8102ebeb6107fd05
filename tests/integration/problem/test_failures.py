"""What happens while a part is away."""

import asyncio
from collections.abc import Callable

import nats
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.problem.v1.events_pb2 import ProblemImported
from services.common import events
from services.common.events import EVENTS
from services.problem.events import OUTBOX
from services.problem.settings import ProblemSettings
from tests.integration.problem.client import Client, Traces
from tests.integration.problem.packages import package
from tests.integration.refusals import refusal


async def test_import_reaches_the_stream_of_events(
    user: Callable[[str], Client], engine: AsyncEngine, broker: events.Broker, settings: ProblemSettings
) -> None:
    """What is told in the transaction of an import is published afterwards."""
    await broker.ensure(EVENTS)
    client = await nats.connect(settings.nats_url)
    subscription = await client.jetstream().subscribe("judgemesh.events.problem.imported", ordered_consumer=True)
    await user("ann").import_package(package("published"))
    relaying = asyncio.create_task(OUTBOX.relay(engine, settings.database_url, broker))
    try:
        heard = ""
        while heard != "problems/published":
            message = await subscription.next_msg(timeout=10)
            heard = ProblemImported.FromString(message.data).problem.name
    finally:
        relaying.cancel()
        await client.close()

    assert heard == "problems/published"


async def test_without_the_database_nothing_is_imported(
    user: Callable[[str], Client], traces: Traces, postgres_process: tuple[str, object]
) -> None:
    """While PostgreSQL is away calls are UNAVAILABLE; nothing is stored, and afterwards all works without a restart."""
    process = postgres_process[1]
    before = await traces.all()
    await process.stop()  # type: ignore[attr-defined]
    try:
        importing = await refusal(user("ann").import_package(package("waiting")))
        getting = await refusal(user("ann").get("published"))
    finally:
        await process.start()  # type: ignore[attr-defined]
    after = await traces.all()
    answer = await user("ann").import_package(package("waiting"))

    assert (importing.code, importing.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
    assert (getting.code, getting.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
    assert after == before
    assert answer.created
