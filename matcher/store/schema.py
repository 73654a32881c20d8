"""The database's tables, as SQLAlchemy sees them.

Those of a scenario are generated from `matcher.tables.TABLES`: the same names, the same columns, and before them
`scenario_id` and `position` (the row's place in its file) and `row_number` (as a spreadsheet counts). A change here
needs a migration (see `migrations/`); a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from matcher.store.kept import Texts, watch
from matcher.tables import TABLES, Column, Kind, Table

MIGRATIONS = Path(__file__).parent / "migrations"
SCHEMA_VERSION = max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]
"""The newest migration: the version that this program reads and writes."""
VERSION_TABLE = "matcher_schema"
"""Where Alembic notes the version, and the mark by which a database is known to be a workspace."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_WORDS = Texts(none_as_null=True)  # a list of texts; blank is NULL, which an empty list is not

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: sa.String(),
    Kind.ID: sa.String(),
    Kind.ID_LIST: _WORDS,
    Kind.WORD_LIST: _WORDS,
    Kind.WHOLE: sa.BigInteger(),
    Kind.SIGNED: sa.BigInteger(),
    Kind.NUMBER: sa.Double(),
    Kind.PERCENT: sa.Double(),
    Kind.SHARE: sa.Double(),
    Kind.LATITUDE: sa.Double(),
    Kind.LONGITUDE: sa.Double(),
    Kind.DATE: sa.Date(),
    Kind.DAYS: _WORDS,
    Kind.MOMENT: sa.DateTime(),
    Kind.CLOCK: sa.Integer(),
    Kind.CHOICE: sa.String(),
    Kind.CHOICE_LIST: _WORDS,
}

scenarios = sa.Table(
    "scenarios",
    metadata,
    sa.Column("scenario_id", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.String, nullable=False, unique=True),
    sa.Column("erased_utc", sa.DateTime),
)
"""`erased_utc` is when personal data was last taken out of it: NULL while it is as it was imported."""


def _actor() -> sa.Column[str]:
    """Who did it; NULL where nobody said, as before version 0004."""
    return sa.Column("actor", sa.String)


imports = sa.Table(
    "imports",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column(
        "scenario_id",
        sa.ForeignKey("scenarios.scenario_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("made_utc", sa.DateTime, nullable=False),
    _actor(),
    sa.Column("sheet_scenario_id", sa.Integer),
)
"""The one with the highest number says which scenario is current; the edits since come on top of it.

`sheet_scenario_id` is the spreadsheet as it was read, where what was edited before stands in the scenario, too.
"""

edits = sa.Table(
    "edits",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("import_number", sa.Integer, nullable=False),
    sa.Column("made_utc", sa.DateTime, nullable=False),
    _actor(),
    sa.Column("why", sa.String),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Column("operations", sa.JSON, nullable=False),
    sa.Column("undoes", sa.Integer),
    sa.Column("mark", sa.String, nullable=False),
)
"""What was decided since an import (see `matcher.edits`); `mark` is the fingerprint of today's tables after it."""


def _scenario_id() -> sa.Column[int]:
    return sa.Column("scenario_id", sa.ForeignKey("scenarios.scenario_id", ondelete="CASCADE"), primary_key=True)


programme = sa.Table(
    "programme",
    metadata,
    _scenario_id(),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("value", sa.String, nullable=False),
    sa.UniqueConstraint("scenario_id", "key"),
)
"""`kind` says what `value` is the text of: see `scenarios.ValueKind`."""


def _scenario_table(table: Table) -> sa.Table:
    def column(spec: Column) -> sa.Column[Any]:
        return sa.Column(spec.name, _TYPES[spec.kind], nullable=not spec.required)

    return sa.Table(
        table.name,
        metadata,
        _scenario_id(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        *(column(spec) for spec in table.columns),
        *([sa.UniqueConstraint("scenario_id", *table.key)] if table.key else []),
    )


scenario_tables = {table.name: _scenario_table(table) for table in TABLES}

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scenario_id", sa.ForeignKey("scenarios.scenario_id"), nullable=False, index=True),
    sa.Column("made_utc", sa.DateTime, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    _actor(),
    sa.Column("ledger", sa.JSON(none_as_null=True)),
    sa.Column("seal", sa.String),
    sa.Column("begun", sa.JSON(none_as_null=True)),
)
"""`ledger` is a list of [cohort_id, goal, met, target], as it was judged when the run was made; NULL where the run was
kept by a version that did not keep it, and nobody has read it since. `seal` is a digest of all that a run says. `begun`
is what was past when the run was made (see `runs.Begun`): NULL where nobody had been told of anything."""


def _run_number() -> sa.Column[int]:
    return sa.Column("run_number", sa.ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True)


run_tiers = sa.Table(
    "run_tiers",
    metadata,
    _run_number(),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tier", sa.String, nullable=False),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Column("bound", sa.BigInteger),
)

run_visits = sa.Table(
    "run_visits",
    metadata,
    _run_number(),
    sa.Column("session_id", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("start", sa.DateTime, nullable=False),
    sa.Column("end", sa.DateTime, nullable=False),
)
"""The delivered sessions."""

run_assignments = sa.Table(
    "run_assignments",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("session_id", sa.String, primary_key=True),
    sa.Column("volunteer_id", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(
        ["run_number", "session_id"], ["run_visits.run_number", "run_visits.session_id"], ondelete="CASCADE"
    ),
)

run_reasons = sa.Table(
    "run_reasons",
    metadata,
    _run_number(),
    sa.Column("session_id", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
)
"""A sentence for each session that is not delivered."""


# Publishing

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_number", sa.ForeignKey("runs.number"), nullable=False),
    sa.Column("made_utc", sa.DateTime, nullable=False),
    _actor(),
)
"""The one with the highest number is what people have been told."""


def _version(primary_key: bool = False) -> sa.Column[int]:
    return sa.Column("version", sa.ForeignKey("versions.number"), nullable=False, primary_key=primary_key)


entries = sa.Table(
    "entries",
    metadata,
    sa.Column("uid", sa.String, primary_key=True),
    _version(primary_key=True),
    sa.Column("attendee", sa.String, nullable=False),
    sa.Column("attendee_id", sa.String, nullable=False),
    sa.Column("session_id", sa.String, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("standing", sa.String, nullable=False),
    sa.Column("start", sa.DateTime, nullable=False),
    sa.Column("end", sa.DateTime, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("answer", sa.String, nullable=False),
    sa.Column("facts", sa.JSON(none_as_null=True)),
)
"""A row for each version that changed the event; in between it stands as the last row says.

`facts` are NULL where an earlier matcher told of the event, and nobody has published since.
"""

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("message_id", sa.String, primary_key=True),
    _version(),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("attendee", sa.String, nullable=False),
    sa.Column("attendee_id", sa.String, nullable=False),
    sa.Column("uid", sa.String, nullable=False),
    sa.Column("recipient", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("remark", sa.String, nullable=False),
)
"""The outbox."""

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.String, nullable=False, index=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("answer", sa.String, nullable=False),
    sa.Column("replied_utc", sa.DateTime, nullable=False),
    sa.Column("read_utc", sa.DateTime, nullable=False),
    sa.Column("note", sa.String),
    sa.Column("taken_by", sa.String),
    _actor(),
)
"""The answers that were taken, in the order in which they were read."""

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("token_hash", sa.String, nullable=False),
    sa.Column("placed_utc", sa.DateTime),
)
"""By what hash a feed's file name is known again; the name itself is kept nowhere.

`placed_utc` is when its file was last known to be in place: NULL after a writing that was broken off.
"""


# The workspace itself

workspace = sa.Table(
    "workspace",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
"""`id`: 32 random hexadecimal digits, made with the workspace, that no other one has."""

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("until_utc", sa.DateTime, nullable=False),
)
"""Who is doing what only one may do at a time, such as sending; one that was not renewed until then has ended."""

unfinished_runs = sa.Table(
    "unfinished_runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scenario_id", sa.ForeignKey("scenarios.scenario_id"), nullable=False, index=True),
    sa.Column("started_utc", sa.DateTime, nullable=False),
    sa.Column("kept_utc", sa.DateTime, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("visits", sa.JSON, nullable=False),
)
"""The best plan so far of a solve under way; gone once it is a run."""

told_figures = sa.Table(
    "told_figures",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_number", sa.ForeignKey("runs.number", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("goal", sa.String, nullable=False),
    sa.Column("people", sa.JSON, nullable=False),
    sa.Column("most", sa.Integer),
    sa.Column("value", sa.Integer, nullable=False),
)
"""Figures about people on the pages that were exported: whom they could count, and how often; not what they said."""

# Who does not want to be known (any more)

consents_withdrawn = sa.Table(
    "consents_withdrawn",
    metadata,
    sa.Column("volunteer_id", sa.String, primary_key=True),
    sa.Column("withdrawn_utc", sa.DateTime, nullable=False),
)
"""Who said no after a yes: no spreadsheet turns their consent on again by itself."""

forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("mark", sa.String, primary_key=True),
)
"""By what the ids of people who were erased are known again: see `erasure.mark_of`."""

tidied_runs = sa.Table(
    "tidied_runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
)
"""The numbers of runs that were tidied away, so that nobody takes them for lost."""

watch(metadata)


def utc(moment: datetime) -> datetime:
    """As it is kept: in UTC, without saying so."""
    if moment.tzinfo is None:
        raise ValueError("the time at which something was done needs a zone")
    return moment.astimezone(UTC).replace(tzinfo=None)
