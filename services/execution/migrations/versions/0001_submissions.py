"""Submissions, judgings, test results, updates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller", "method", "request_id", name=op.f("idempotency_key_pkey")),
        schema="execution",
    )
    op.create_index(
        op.f("idempotency_key_create_time_index"), "idempotency_key", ["create_time"], unique=False, schema="execution"
    )
    op.create_table(
        "language",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("extensions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("language_pkey")),
        schema="execution",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        schema="execution",
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("judging_id", sa.Uuid(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("problem_revision", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("submission_pkey")),
        sa.UniqueConstraint("judging_id", name=op.f("submission_judging_id_key")),
        schema="execution",
    )
    op.create_index(
        op.f("submission_problem_id_index"), "submission", ["problem", "id"], unique=False, schema="execution"
    )
    op.create_index(
        op.f("submission_username_id_index"), "submission", ["username", "id"], unique=False, schema="execution"
    )
    op.create_table(
        "judging",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("test_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("failed_test", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cpu_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wall_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("exceeded_limit", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("compiler_output", sa.Text(), server_default="", nullable=False),
        sa.Column("internal_error", sa.Text(), server_default="", nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["execution.submission.id"], name=op.f("judging_submission_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("judging_pkey")),
        schema="execution",
    )
    op.create_index(op.f("judging_submission_id_index"), "judging", ["submission_id"], unique=False, schema="execution")
    op.create_table(
        "source_file",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["execution.submission.id"], name=op.f("source_file_submission_id_fkey")
        ),
        sa.PrimaryKeyConstraint("submission_id", "position", name=op.f("source_file_pkey")),
        schema="execution",
    )
    op.create_table(
        "submission_update",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("judging_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("test_count", sa.Integer(), nullable=False),
        sa.Column("test_number", sa.Integer(), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["execution.submission.id"], name=op.f("submission_update_submission_id_fkey")
        ),
        sa.PrimaryKeyConstraint("submission_id", "sequence", name=op.f("submission_update_pkey")),
        schema="execution",
    )
    op.create_table(
        "test_result",
        sa.Column("judging_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cpu_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wall_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("exceeded_limit", sa.Text(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=False),
        sa.Column("signal", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["execution.judging.id"], name=op.f("test_result_judging_id_fkey")),
        sa.PrimaryKeyConstraint("judging_id", "attempt", "number", name=op.f("test_result_pkey")),
        schema="execution",
    )


def downgrade() -> None:
    for table in (
        "submission_update",
        "test_result",
        "source_file",
        "judging",
        "submission",
        "language",
        "outbox",
        "idempotency_key",
    ):
        op.drop_table(table, schema="execution")
