"""Problems with revisions, statements and samples; stored bundles; identifiers of deleted problems."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bundle",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("bundle_pkey")),
        schema="problem",
    )
    op.create_index(op.f("bundle_owner_index"), "bundle", ["owner"], unique=False, schema="problem")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        schema="problem",
    )
    op.create_table(
        "problem",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("package_digest", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("title_texts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("output_bytes", sa.BigInteger(), nullable=False),
        sa.Column("code_bytes", sa.BigInteger(), nullable=False),
        sa.Column("time_languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("time_languages_us", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("authors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("license", sa.Text(), nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("secret_count", sa.Integer(), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("problem_pkey")),
        sa.UniqueConstraint("uid", name=op.f("problem_uid_key")),
        schema="problem",
    )
    op.create_index(
        op.f("problem_create_time_id_index"), "problem", ["create_time", "id"], unique=False, schema="problem"
    )
    op.create_index(
        op.f("problem_keywords_index"), "problem", ["keywords"], unique=False, schema="problem", postgresql_using="gin"
    )
    op.create_index(op.f("problem_owner_index"), "problem", ["owner"], unique=False, schema="problem")
    op.create_index(op.f("problem_title_id_index"), "problem", ["title", "id"], unique=False, schema="problem")
    op.create_table(
        "retired",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("delete_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("retired_pkey")),
        schema="problem",
    )
    op.create_table(
        "revision",
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("package_digest", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("test_count", sa.Integer(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.problem.id"], name=op.f("revision_problem_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("problem_id", "number", name=op.f("revision_pkey")),
        schema="problem",
    )
    op.create_table(
        "sample",
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.problem.id"], name=op.f("sample_problem_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("problem_id", "number", name=op.f("sample_pkey")),
        schema="problem",
    )
    op.create_table(
        "statement",
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.problem.id"], name=op.f("statement_problem_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("problem_id", "position", name=op.f("statement_pkey")),
        schema="problem",
    )


def downgrade() -> None:
    for table in ("statement", "sample", "revision", "problem", "retired", "bundle", "outbox"):
        op.drop_table(table, schema="problem")
