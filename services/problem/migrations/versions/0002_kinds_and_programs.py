"""A problem's types and largest score, samples that are conversations, and the programs of packages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    kinds: sa.Column[list[str]] = sa.Column(
        "kinds", postgresql.ARRAY(sa.Text()), server_default="{PASS_FAIL}", nullable=False
    )
    op.add_column("problem", kinds, schema="problem")
    op.add_column("problem", sa.Column("max_score", sa.Double(), nullable=True), schema="problem")
    interaction = sa.Column("interaction", sa.Text(), server_default="", nullable=False)
    op.add_column("sample", interaction, schema="problem")
    op.create_table(
        "package_program",
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("expected", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("min_score", sa.Double(), nullable=True),
        sa.Column("max_score", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.problem.id"], name=op.f("package_program_problem_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("problem_id", "position", name=op.f("package_program_pkey")),
        schema="problem",
    )


def downgrade() -> None:
    op.drop_table("package_program", schema="problem")
    op.drop_column("sample", "interaction", schema="problem")
    op.drop_column("problem", "max_score", schema="problem")
    op.drop_column("problem", "kinds", schema="problem")
