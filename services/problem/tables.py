"""The tables of the schema ``problem``. Migrations are written by hand after them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.common.database import service_metadata
from services.common.outbox import outbox_table

metadata = service_metadata("problem")

_TIME = sa.DateTime(timezone=True)
_TEXTS = postgresql.ARRAY(sa.Text)

problem_table = sa.Table(
    "problem",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("uid", sa.Uuid, nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),  # a resource name: users/alice
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("published", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("package_digest", sa.Text, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("kinds", _TEXTS, nullable=False, server_default="{PASS_FAIL}"),
    sa.Column("max_score", sa.Double),
    sa.Column("title", sa.Text, nullable=False),
    # Pairs as two arrays of one length: no JSON to parse.
    sa.Column("title_languages", _TEXTS, nullable=False),
    sa.Column("title_texts", _TEXTS, nullable=False),
    sa.Column("time_us", sa.BigInteger, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
    sa.Column("output_bytes", sa.BigInteger, nullable=False),
    sa.Column("code_bytes", sa.BigInteger, nullable=False),
    sa.Column("time_languages", _TEXTS, nullable=False),
    sa.Column("time_languages_us", postgresql.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("authors", _TEXTS, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("license", sa.Text, nullable=False),
    sa.Column("keywords", _TEXTS, nullable=False),
    sa.Column("languages", _TEXTS, nullable=False),
    sa.Column("sample_count", sa.Integer, nullable=False),
    sa.Column("secret_count", sa.Integer, nullable=False),
    sa.Column("searched", sa.Text, nullable=False),  # what a query looks into, a line each
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("update_time", _TIME, nullable=False, server_default=sa.func.now()),
    sa.Index(None, "create_time", "id"),
    sa.Index(None, "title", "id"),
    sa.Index(None, "keywords", postgresql_using="gin"),
)


def _of_problem() -> sa.Column[str]:
    return sa.Column("problem_id", sa.ForeignKey(problem_table.c.id, ondelete="CASCADE"), primary_key=True)


revision_table = sa.Table(
    "revision",
    metadata,
    _of_problem(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("package_digest", sa.Text, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("test_count", sa.Integer, nullable=False),
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
)

statement_table = sa.Table(
    "statement",
    metadata,
    _of_problem(),
    sa.Column("position", sa.SmallInteger, primary_key=True),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
)

sample_table = sa.Table(
    "sample",
    metadata,
    _of_problem(),
    sa.Column("number", sa.SmallInteger, primary_key=True),
    sa.Column("input", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("interaction", sa.Text, nullable=False, server_default=""),
)

program_table = sa.Table(
    "package_program",
    metadata,
    _of_problem(),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("expected", _TEXTS, nullable=False),
    sa.Column("min_score", sa.Double),
    sa.Column("max_score", sa.Double),
)

bundle_table = sa.Table(
    "bundle",  # what is in the object store, and because of whom; it stays when problems go, as the objects do
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("create_time", _TIME, nullable=False, server_default=sa.func.now()),
)

retired_table = sa.Table(
    "retired",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("delete_time", _TIME, nullable=False, server_default=sa.func.now()),
)

outbox = outbox_table(metadata)
