"""Publishing: versions, what each of them told whom, the outbox, the replies, and the marks of feeds.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("what_to_bring", sa.String))
    op.create_table(
        "versions",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("run_number", sa.Integer, nullable=False),
        sa.Column("made_utc", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_versions"),
        sa.ForeignKeyConstraint(["run_number"], ["runs.number"], name="fk_versions_runs"),
    )
    op.create_table(
        "entries",
        text("uid"),
        version(),
        text("attendee"),
        text("attendee_id"),
        text("session_id"),
        sa.Column("sequence", sa.Integer, nullable=False),
        text("standing"),
        sa.Column("start", sa.DateTime, nullable=False),
        sa.Column("end", sa.DateTime, nullable=False),
        text("body"),
        text("answer"),
        sa.PrimaryKeyConstraint("uid", "version", name="pk_entries"),
        of_version("entries"),
    )
    op.create_table(
        "letters",
        text("message_id"),
        version(),
        sa.Column("position", sa.Integer, nullable=False),
        text("attendee"),
        text("attendee_id"),
        text("uid"),
        text("recipient"),
        text("subject"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        text("state"),
        sa.Column("attempts", sa.Integer, nullable=False),
        text("remark"),
        sa.PrimaryKeyConstraint("message_id", name="pk_letters"),
        of_version("letters"),
    )
    op.create_table(
        "replies",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        text("uid"),
        sa.Column("sequence", sa.Integer, nullable=False),
        text("answer"),
        sa.Column("replied_utc", sa.DateTime, nullable=False),
        sa.Column("read_utc", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_replies"),
    )
    op.create_index("ix_replies_uid", "replies", ["uid"])
    op.create_table(
        "feeds",
        text("kind"),
        text("id"),
        text("token_hash"),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_feeds"),
    )


def text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False)


def version() -> sa.Column[Any]:
    return sa.Column("version", sa.Integer, autoincrement=False, nullable=False)


def of_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["version"], ["versions.number"], name=f"fk_{table}_versions")
