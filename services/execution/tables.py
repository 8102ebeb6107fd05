"""The tables of the schema ``execution``. Migrations are written by hand after them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.common.database import service_metadata
from services.common.idempotency import idempotency_table
from services.common.outbox import outbox_table

metadata = service_metadata("execution")

_TIME = sa.DateTime(timezone=True)


def _usage() -> list[sa.Column[int]]:
    return [
        sa.Column("cpu_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("wall_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("output_bytes", sa.BigInteger, nullable=False, server_default="0"),
    ]


submission_table = sa.Table(
    "submission",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),  # UUID version 7: sorts by time
    sa.Column("judging_id", sa.Uuid, nullable=False, unique=True),  # the judging in force
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("username", sa.Text, nullable=False),  # a resource name: users/alice
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
    sa.Index(None, "username", "id"),
    sa.Index(None, "problem", "id"),
)

rejudging_table = sa.Table(
    "rejudging",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),  # UUID version 7
    sa.Column("selection", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("username", sa.Text, nullable=False),  # a resource name
    sa.Column("submission_count", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False, server_default=""),  # APPLIED or CANCELLED; empty before
    sa.Column("judged_count", sa.Integer),  # the counts are kept once there is an outcome
    sa.Column("changed_count", sa.Integer),
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("end_time", _TIME),
)

judging_table = sa.Table(
    "judging",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("submission_id", sa.ForeignKey(submission_table.c.id), nullable=False, index=True),
    sa.Column("problem_revision", sa.Integer, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("rejudging_id", sa.ForeignKey(rejudging_table.c.id), index=True),
    sa.Column("replaced_id", sa.Uuid),  # of a rejudging: the judging that was in force when it was made
    sa.Column("applied", sa.Boolean, nullable=False, server_default=sa.false()),  # whether it took that one's place
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sequence", sa.Integer, nullable=False, server_default="0"),
    sa.Column("test_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("verdict", sa.Text, nullable=False, server_default=""),
    sa.Column("failed_test", sa.Integer, nullable=False, server_default="0"),
    *_usage(),
    sa.Column("exceeded_limit", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("compiler_output", sa.Text, nullable=False, server_default=""),
    sa.Column("internal_error", sa.Text, nullable=False, server_default=""),
    sa.Column("start_time", _TIME),
    sa.Column("end_time", _TIME),
    sa.Column("score", sa.Double),
    sa.Column("groups", postgresql.JSONB, nullable=False, server_default="[]"),  # GroupResult, in judging order
    sa.Column("change_time", _TIME, nullable=False, server_default=sa.func.now()),
)

sa.Index(
    "judging_unfinished_index",
    judging_table.c.change_time,
    postgresql_where=judging_table.c.state.in_(["QUEUED", "COMPILING", "RUNNING"]),
)
sa.Index(
    "judging_error_index", judging_table.c.submission_id, postgresql_where=judging_table.c.verdict == "JUDGE_ERROR"
)

queued_task_table = sa.Table(
    "queued_task",
    metadata,
    sa.Column("judging_id", sa.Uuid, primary_key=True),
    sa.Column(
        "submission_id", sa.ForeignKey(submission_table.c.id)
    ),  # whose files it carries; null: it has what it needs
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("age", sa.Uuid, nullable=False),
    sa.Column("task", sa.LargeBinary, nullable=False),
    sa.Column("headers", postgresql.JSONB, nullable=False),
    sa.Column("dispatch_time", _TIME),  # null: it waits
    sa.Column("started", sa.Boolean, nullable=False, server_default=sa.false()),
)

sa.Index(
    "queued_task_waiting_index",
    *(queued_task_table.c[name] for name in ("language", "priority", "username", "age")),
    postgresql_where=queued_task_table.c.dispatch_time.is_(None),
)
sa.Index(
    "queued_task_out_index",
    queued_task_table.c.language,
    postgresql_where=queued_task_table.c.dispatch_time.is_not(None),
)

source_file_table = sa.Table(
    "source_file",
    metadata,
    sa.Column("submission_id", sa.ForeignKey(submission_table.c.id), primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

test_result_table = sa.Table(
    "test_result",
    metadata,
    sa.Column("judging_id", sa.ForeignKey(judging_table.c.id), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("sample", sa.Boolean, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    *_usage(),
    sa.Column("exceeded_limit", sa.Text, nullable=False),
    sa.Column("exit_code", sa.Integer, nullable=False),
    sa.Column("signal", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("score", sa.Double),
)

update_table = sa.Table(
    "submission_update",
    metadata,
    sa.Column("submission_id", sa.ForeignKey(submission_table.c.id), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("judging_id", sa.Uuid, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("test_count", sa.Integer, nullable=False),
    sa.Column("test_number", sa.Integer),
    sa.Column("time", _TIME, nullable=False, server_default=sa.func.now()),
)

language_table = sa.Table(
    "language",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("extensions", postgresql.ARRAY(sa.Text), nullable=False),
)

verification_table = sa.Table(
    "verification",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),  # UUID version 7
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("problem_revision", sa.Integer, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("username", sa.Text, nullable=False),  # a resource name
    sa.Column("limit_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="RUNNING"),
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("end_time", _TIME),
)

verified_program_table = sa.Table(
    "verified_program",
    metadata,
    sa.Column("verification_id", sa.ForeignKey(verification_table.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("expected", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("min_score", sa.Double),
    sa.Column("max_score", sa.Double),
    sa.Column("judging_id", sa.Uuid, unique=True),  # null: no worker has the language
    sa.Column("verdict", sa.Text, nullable=False, server_default=""),
    sa.Column("failed_test", sa.Integer, nullable=False, server_default="0"),
    *_usage(),
    sa.Column("score", sa.Double),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("compiler_output", sa.Text, nullable=False, server_default=""),
    sa.Column("internal_error", sa.Text, nullable=False, server_default=""),
)

outbox = outbox_table(metadata)
answer_table = idempotency_table(metadata)
