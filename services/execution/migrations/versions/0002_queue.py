"""Waiting tasks, and rejudgings: a submission may have several judgings, each of a revision of its problem."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

UNFINISHED = "state IN ('QUEUED', 'COMPILING', 'RUNNING')"


def upgrade() -> None:
    op.create_table(
        "rejudging",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("selection", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("submission_count", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("judged_count", sa.Integer(), nullable=True),
        sa.Column("changed_count", sa.Integer(), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("rejudging_pkey")),
        schema="execution",
    )
    op.create_table(
        "queued_task",
        sa.Column("judging_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("age", sa.Uuid(), nullable=False),
        sa.Column("task", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dispatch_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["execution.submission.id"], name=op.f("queued_task_submission_id_fkey")
        ),
        sa.PrimaryKeyConstraint("judging_id", name=op.f("queued_task_pkey")),
        schema="execution",
    )
    op.create_index(
        "queued_task_waiting_index",
        "queued_task",
        ["language", "priority", "username", "age"],
        schema="execution",
        postgresql_where=sa.text("dispatch_time IS NULL"),
    )
    op.create_index(
        "queued_task_out_index",
        "queued_task",
        ["language"],
        schema="execution",
        postgresql_where=sa.text("dispatch_time IS NOT NULL"),
    )
    _extend_judgings()


def _extend_judgings() -> None:
    """The revision moves from the submission to its judgings."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("problem_revision", sa.Integer(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.Column("rejudging_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_id", sa.Uuid(), nullable=True),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for column in columns:
        op.add_column("judging", column, schema="execution")
    op.execute(
        "UPDATE execution.judging SET problem_revision = submission.problem_revision, bundle = submission.bundle"
        " FROM execution.submission WHERE submission.id = judging.submission_id"
    )
    for name in ("problem_revision", "bundle"):
        op.alter_column("judging", name, nullable=False, schema="execution")
        op.drop_column("submission", name, schema="execution")
    # A judging that was replaced is over: only one of a submission counts.
    op.execute(
        "UPDATE execution.judging SET state = 'CANCELLED' WHERE state IN ('QUEUED', 'COMPILING', 'RUNNING')"
        " AND id NOT IN (SELECT judging_id FROM execution.submission)"
    )
    op.create_foreign_key(
        op.f("judging_rejudging_id_fkey"),
        "judging",
        "rejudging",
        ["rejudging_id"],
        ["id"],
        source_schema="execution",
        referent_schema="execution",
    )
    op.create_index(op.f("judging_rejudging_id_index"), "judging", ["rejudging_id"], schema="execution")
    op.create_index(
        "judging_unfinished_index",
        "judging",
        ["change_time"],
        schema="execution",
        postgresql_where=sa.text(UNFINISHED),
    )
    op.create_index(
        "judging_error_index",
        "judging",
        ["submission_id"],
        schema="execution",
        postgresql_where=sa.text("verdict = 'JUDGE_ERROR'"),
    )


def downgrade() -> None:
    op.drop_index("judging_error_index", "judging", schema="execution")
    op.drop_index("judging_unfinished_index", "judging", schema="execution")
    for column in (
        sa.Column("problem_revision", sa.Integer(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=True),
    ):
        op.add_column("submission", column, schema="execution")
    op.execute(
        "UPDATE execution.submission SET problem_revision = judging.problem_revision, bundle = judging.bundle"
        " FROM execution.judging WHERE judging.id = submission.judging_id"
    )
    for name in ("problem_revision", "bundle"):
        op.alter_column("submission", name, nullable=False, schema="execution")
    for name in ("problem_revision", "bundle", "rejudging_id", "replaced_id", "applied"):
        op.drop_column("judging", name, schema="execution")
    for table in ("queued_task", "rejudging"):
        op.drop_table(table, schema="execution")
