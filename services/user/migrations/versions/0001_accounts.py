"""Accounts, sessions, API tokens, signing keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

SCHEMA = "user"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("affiliation", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("uid", name="account_pkey"),
        sa.UniqueConstraint("username", name="account_username_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "guess_count",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="guess_count_pkey"),
        schema=SCHEMA,
    )
    op.create_index("guess_count_at_index", "guess_count", ["at"], unique=False, schema=SCHEMA)
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller", "method", "request_id", name="idempotency_key_pkey"),
        schema=SCHEMA,
    )
    op.create_index(
        "idempotency_key_create_time_index", "idempotency_key", ["create_time"], unique=False, schema=SCHEMA
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        schema=SCHEMA,
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="signing_key_pkey"),
        schema=SCHEMA,
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["uid"], [f"{SCHEMA}.account.uid"], name="api_token_uid_fkey"),
        sa.PrimaryKeyConstraint("id", name="api_token_pkey"),
        sa.UniqueConstraint("hash", name="api_token_hash_key"),
        schema=SCHEMA,
    )
    op.create_index("api_token_uid_id_index", "api_token", ["uid", "id"], unique=False, schema=SCHEMA)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], [f"{SCHEMA}.account.uid"], name="session_uid_fkey"),
        sa.PrimaryKeyConstraint("id", name="session_pkey"),
        schema=SCHEMA,
    )
    op.create_index("session_expires_index", "session", ["expires"], unique=False, schema=SCHEMA)
    op.create_index("session_uid_id_index", "session", ["uid", "id"], unique=False, schema=SCHEMA)
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], [f"{SCHEMA}.session.id"], name="refresh_token_session_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name="refresh_token_pkey"),
        schema=SCHEMA,
    )
    op.create_index("refresh_token_session_id_index", "refresh_token", ["session_id"], unique=False, schema=SCHEMA)
