"""Scores of submissions and tests, and the results of groups of tests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("judging", sa.Column("score", sa.Double(), nullable=True), schema="execution")
    groups: sa.Column[object] = sa.Column(
        "groups", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
    )
    op.add_column("judging", groups, schema="execution")
    op.add_column("test_result", sa.Column("score", sa.Double(), nullable=True), schema="execution")


def downgrade() -> None:
    op.drop_column("test_result", "score", schema="execution")
    op.drop_column("judging", "groups", schema="execution")
    op.drop_column("judging", "score", schema="execution")
