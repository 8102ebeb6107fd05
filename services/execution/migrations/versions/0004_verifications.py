"""Verifications of problem packages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_COUNTS = ("failed_test", "cpu_us", "wall_us", "memory_bytes", "output_bytes")
_TEXTS = ("verdict", "message", "compiler_output", "internal_error")


def upgrade() -> None:
    op.create_table(
        "verification",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("problem", "bundle", "username")),
        sa.Column("problem_revision", sa.Integer(), nullable=False),
        sa.Column("limit_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="RUNNING", nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("verification_pkey")),
        schema="execution",
    )
    op.create_table(
        "verified_program",
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("path", "kind", "language")),
        sa.Column("expected", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("judging_id", sa.Uuid(), nullable=True),
        *(sa.Column(name, _number(name), server_default="0", nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in _TEXTS),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("min_score", "max_score", "score")),
        sa.PrimaryKeyConstraint("verification_id", "position", name=op.f("verified_program_pkey")),
        sa.UniqueConstraint("judging_id", name=op.f("verified_program_judging_id_key")),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["execution.verification.id"],
            name=op.f("verified_program_verification_id_fkey"),
            ondelete="CASCADE",
        ),
        schema="execution",
    )


def _number(name: str) -> "sa.Integer | sa.BigInteger":
    return sa.Integer() if name == "failed_test" else sa.BigInteger()


def downgrade() -> None:
    op.drop_table("verified_program", schema="execution")
    op.drop_table("verification", schema="execution")
