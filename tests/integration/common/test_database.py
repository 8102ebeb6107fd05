"""What the database's errors become, migrations at the same time, and answers kept by request_id."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.user.v1.user_pb2 import User
from judgemesh.user.v1.user_service_pb2 import CreateUserRequest
from services.common import database
from services.common.database import Conflict, DatabaseUnavailable, TextInvalid, transaction
from services.common.idempotency import Idempotency, RequestIdReused, RequestKey, idempotency_table
from services.common.migrations import is_current, migrate
from services.common.settings import Settings

METADATA = database.service_metadata("notes")
NOTES = sa.Table("note", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))
ANSWERS = Idempotency(idempotency_table(METADATA))
KEY = RequestKey("users/alice", "CreateUser", "9c5b94b1-35ad-49bb-b118-8e8fc24abf80")
ALICE = CreateUserRequest(username="alice")


@pytest.fixture(scope="module")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = database.create_engine(Settings(database_url=database_url, database_timeout_seconds=30))
    async with engine.begin() as connection:
        await connection.execute(sa.schema.CreateSchema("notes"))
        await connection.run_sync(METADATA.create_all)
        await connection.execute(NOTES.insert().values([{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]))
    yield engine
    await engine.dispose()


@pytest.fixture(autouse=True)
async def _no_answers(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.execute(ANSWERS.table.delete())


async def rename(engine: AsyncEngine, first: int, second: int, met: asyncio.Barrier) -> None:
    """Changes two notes, the second when everybody has changed their first."""
    async with transaction(engine) as connection:
        await connection.execute(NOTES.update().where(NOTES.c.id == first).values(text="mine"))
        await met.wait()
        await connection.execute(NOTES.update().where(NOTES.c.id == second).values(text="mine"))


async def test_of_two_transactions_that_wait_for_each_other_one_is_told_to_try_again(engine: AsyncEngine) -> None:
    """A deadlock is ABORTED for one, and the other goes through."""
    met = asyncio.Barrier(2)
    results = await asyncio.gather(rename(engine, 1, 2, met), rename(engine, 2, 1, met), return_exceptions=True)

    assert {type(None), Conflict} == {type(result) for result in results}


async def test_a_connection_that_is_cut_is_unavailable_and_the_next_call_works(engine: AsyncEngine) -> None:
    """As when PostgreSQL restarts under a transaction."""
    with pytest.raises(DatabaseUnavailable):
        async with transaction(engine) as connection:
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with transaction(engine) as connection:
        answer = (await connection.execute(sa.text("SELECT 1"))).scalar_one()

    assert 1 == answer


async def test_a_statement_that_takes_too_long_is_cancelled(database_url: str) -> None:
    """It is UNAVAILABLE for the caller, who would not wait any longer."""
    engine = database.create_engine(Settings(database_url=database_url, database_timeout_seconds=0.1))
    with pytest.raises(DatabaseUnavailable):
        async with transaction(engine) as connection:
            await connection.execute(sa.text("SELECT pg_sleep(30)"))
    await engine.dispose()


async def test_a_full_disk_is_unavailable(engine: AsyncEngine) -> None:
    """It is no bug of ours, and the same call succeeds once there is room."""
    with pytest.raises(DatabaseUnavailable):
        async with transaction(engine) as connection:
            await connection.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$"))


async def test_a_text_with_nul_is_the_callers_mistake(engine: AsyncEngine) -> None:
    """PostgreSQL can't store U+0000, and JSON can say it."""
    with pytest.raises(TextInvalid):
        async with transaction(engine) as connection:
            await connection.execute(NOTES.insert().values(id=3, text="a\0b"))


async def test_errors_do_not_tell_the_values_of_a_statement(engine: AsyncEngine) -> None:
    """They go to the log and to spans, and values may be secret."""
    with pytest.raises(IntegrityError) as error:
        async with transaction(engine) as connection:
            await connection.execute(NOTES.insert().values(id=1, text="the secret"))

    assert "the secret" not in str(error.value)


class Maker:
    """Creates a user, and counts how often."""

    def __init__(self) -> None:
        self.made = 0
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()
        self.leave.set()

    async def __call__(self, connection: AsyncConnection) -> User:
        self.made += 1
        self.entered.set()
        await self.leave.wait()
        return User(username="alice", uid=f"made {self.made}")


async def test_a_repeated_request_gets_the_first_answer(engine: AsyncEngine) -> None:
    """Nothing is made twice."""
    maker = Maker()
    first = await ANSWERS.once(engine, KEY, ALICE, User, maker)
    second = await ANSWERS.once(engine, KEY, ALICE, User, maker)

    assert (1, "made 1", first) == (maker.made, first.uid, second)


async def test_two_equal_requests_at_once_make_one_thing(engine: AsyncEngine) -> None:
    """The second waits for the first one's transaction, and gets its answer."""
    maker = Maker()
    maker.leave.clear()
    first = asyncio.create_task(ANSWERS.once(engine, KEY, ALICE, User, maker))
    await maker.entered.wait()
    second = asyncio.create_task(ANSWERS.once(engine, KEY, ALICE, User, maker))
    await _until_one_waits(engine)
    maker.leave.set()

    assert ["made 1", "made 1"] == [(await first).uid, (await second).uid]


async def _until_one_waits(engine: AsyncEngine) -> None:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(20):
        while True:
            async with transaction(engine) as connection:
                if (await connection.execute(waiting)).scalar_one():
                    return


async def test_a_request_id_with_another_request_is_refused(engine: AsyncEngine) -> None:
    """It is a mistake of the client that must not pass for a success."""
    maker = Maker()
    await ANSWERS.once(engine, KEY, ALICE, User, maker)
    with pytest.raises(RequestIdReused):
        await ANSWERS.once(engine, KEY, CreateUserRequest(username="bob"), User, maker)

    assert 1 == maker.made


async def test_a_request_that_failed_may_be_repeated(engine: AsyncEngine) -> None:
    """Of a failure no answer is kept."""

    async def fail(_: AsyncConnection) -> User:
        raise LookupError

    maker = Maker()
    with pytest.raises(LookupError):
        await ANSWERS.once(engine, KEY, ALICE, User, fail)
    answer = await ANSWERS.once(engine, KEY, ALICE, User, maker)

    assert "made 1" == answer.uid


async def test_old_answers_are_forgotten(engine: AsyncEngine) -> None:
    """After a day the same request is a new one."""
    maker = Maker()
    await ANSWERS.once(engine, KEY, ALICE, User, maker)
    async with transaction(engine) as connection:
        await connection.execute(ANSWERS.table.update().values(create_time=sa.text("now() - interval '25 hours'")))
        await ANSWERS.purge(connection)
    again = await ANSWERS.once(engine, KEY, ALICE, User, maker)

    assert "made 2" == again.uid


async def test_replicas_that_migrate_at_once_do_not_race(fresh_database: Callable[[], Awaitable[str]]) -> None:
    """Each waits its turn, and finds it done."""
    url = await fresh_database()
    await asyncio.gather(*(migrate(url, "user") for _ in range(4)))
    engine = database.create_engine(Settings(database_url=url))
    async with transaction(engine) as connection:
        versions = (await connection.execute(sa.text('SELECT version_num FROM "user".alembic_version'))).all()
    await engine.dispose()

    assert 1 == len(versions)


async def test_a_schema_is_current_once_it_was_migrated_and_stays_so_for_older_code(database_url: str) -> None:
    """Whoever waits for a migration goes on when it is done, and is not held up by a later version's."""
    before = await is_current(database_url, "user", "waited_for")
    await migrate(database_url, "user")
    migrated = await is_current(database_url, "user")
    engine = database.create_engine(Settings(database_url=database_url))
    async with transaction(engine) as connection:
        applied = (await connection.execute(sa.text('SELECT version_num FROM "user".alembic_version'))).scalar_one()
        later = sa.text('UPDATE "user".alembic_version SET version_num = :version')
        await connection.execute(later, {"version": "9999"})
    newer = await is_current(database_url, "user")
    async with transaction(engine) as connection:
        await connection.execute(later, {"version": applied})
    await engine.dispose()

    assert [False, True, True] == [before, migrated, newer]
