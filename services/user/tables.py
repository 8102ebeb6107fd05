"""The service's tables, in the schema ``user``."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.common.database import service_metadata
from services.common.idempotency import idempotency_table
from services.common.outbox import outbox_table

SCHEMA = "user"

metadata = service_metadata(SCHEMA)

_moment = sa.DateTime(timezone=True)

user_table = sa.Table(
    "account",
    metadata,
    sa.Column("uid", sa.Uuid, primary_key=True),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("affiliation", sa.Text, nullable=False),
    sa.Column("roles", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created", _moment, nullable=False),
    sa.Column("updated", _moment, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
)

session_table = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("uid", sa.Uuid, sa.ForeignKey(user_table.c.uid), nullable=False),
    sa.Column("created", _moment, nullable=False),
    sa.Column("expires", _moment, nullable=False, index=True),
    sa.Column("ended", _moment),
    sa.Column("user_agent", sa.Text, nullable=False),
    sa.Index(None, "uid", "id"),
)

refresh_token_table = sa.Table(
    "refresh_token",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey(session_table.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("used", _moment),
)

api_token_table = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("uid", sa.Uuid, sa.ForeignKey(user_table.c.uid), nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("created", _moment, nullable=False),
    sa.Column("expires", _moment),
    sa.Column("last_used", _moment),
    sa.Index(None, "uid", "id"),
)

guesses_table = sa.Table(
    "guess_count",
    metadata,
    # A hash: what was typed as a username may be a password.
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("count", sa.Float, nullable=False),
    sa.Column("at", _moment, nullable=False, index=True),
)

signing_key_table = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created", _moment, nullable=False),
    sa.Column("signs_from", _moment, nullable=False),
)

answer_table = idempotency_table(metadata)
outbox = outbox_table(metadata)
