"""What the service does by itself from time to time."""

import sqlalchemy as sa

from services.common.database import transaction
from services.execution import housekeeping
from services.execution.tables import answer_table
from tests.integration.execution.conftest import Running


async def test_answers_are_kept_for_a_day(running: Running) -> None:
    """A sweep forgets older ones, and those alone."""
    kept = {"caller": "users/alice", "method": "CreateSubmission", "request_hash": b"", "response": b""}
    async with transaction(running.engine) as connection:
        for request_id, hours in (("old", 25), ("new", 23)):
            made = sa.func.now() - sa.text(f"interval '{hours} hours'")
            await connection.execute(answer_table.insert().values(**kept, request_id=request_id, create_time=made))
    await housekeeping.purge(running.engine)
    async with transaction(running.engine) as connection:
        left = (await connection.execute(sa.select(answer_table.c.request_id))).scalars().all()

    assert ["new"] == list(left)
