"""The first workspace: scenarios as imported, and runs made for them.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("scenario_id", sa.Integer, nullable=False),
        text("fingerprint", required=True),
        sa.PrimaryKeyConstraint("scenario_id", name="pk_scenarios"),
        sa.UniqueConstraint("fingerprint", name="uq_scenarios_fingerprint"),
    )
    op.create_table(
        "imports",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("scenario_id", sa.Integer, nullable=False),
        text("source", required=True),
        sa.Column("made_utc", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_imports"),
        of_scenario("imports", ondelete="CASCADE"),
    )
    op.create_index("ix_imports_scenario_id", "imports", ["scenario_id"])
    op.create_table(
        "programme",
        *place(),
        text("key", required=True),
        text("kind", required=True),
        text("value", required=True),
        sa.PrimaryKeyConstraint("scenario_id", "position", name="pk_programme"),
        sa.UniqueConstraint("scenario_id", "key", name="uq_programme_scenario_id_key"),
        of_scenario("programme", ondelete="CASCADE"),
    )
    scenario_tables()
    run_tables()


def scenario_tables() -> None:
    scenario_table(
        "schools",
        text("school_id", required=True),
        text("name", required=True),
        text("postcode"),
        text("address"),
        number("latitude"),
        number("longitude"),
        text("ward"),
        text("urn"),
        number("pupil_premium_percent"),
        whole("max_sessions_per_day"),
        text("contact_name"),
        text("contact_email"),
        key=["school_id"],
    )
    scenario_table(
        "cohorts",
        text("cohort_id", required=True),
        text("school_id", required=True),
        text("name"),
        text("year_group"),
        whole("pupils"),
        key=["cohort_id"],
    )
    scenario_table(
        "sessions",
        text("session_id", required=True),
        words("cohort_ids", required=True),
        text("title"),
        text("format"),
        text("mode"),
        whole("min_volunteers", required=True),
        whole("max_volunteers", required=True),
        words("required_sectors"),
        text("supervised"),
        key=["session_id"],
    )
    scenario_table(
        "slots",
        text("session_id", required=True),
        sa.Column("start", sa.DateTime, nullable=False),
        sa.Column("end", sa.DateTime, nullable=False),
    )
    scenario_table(
        "volunteers",
        text("volunteer_id", required=True),
        text("name", required=True),
        text("email"),
        text("employer"),
        text("role"),
        text("occupation"),
        text("sector", required=True),
        text("gender"),
        text("ethnicity"),
        text("matching_consent"),
        text("postcode"),
        number("latitude"),
        number("longitude"),
        number("max_distance_km"),
        words("modes"),
        whole("max_sessions"),
        whole("max_sessions_per_day"),
        sa.Column("checked_until", sa.Date),
        words("excluded_schools"),
        key=["volunteer_id"],
    )
    scenario_table(
        "availability",
        text("volunteer_id", required=True),
        text("weekday"),
        sa.Column("date", sa.Date),
        sa.Column("from", sa.Integer),
        sa.Column("to", sa.Integer),
        sa.Column("first_day", sa.Date),
        sa.Column("last_day", sa.Date),
        text("available"),
    )
    for table, name in (("sectors", "sector"), ("occupations", "occupation")):
        scenario_table(
            table,
            text(name, required=True),
            number("share_women", required=True),
            text("source"),
            key=[name],
        )
    scenario_table(
        "encounters",
        text("cohort_id", required=True),
        sa.Column("date", sa.Date),
        text("session_id"),
        text("volunteer_id"),
        text("sector"),
        text("occupation"),
        text("gender"),
        text("ethnicity"),
    )
    scenario_table(
        "pins",
        text("session_id", required=True),
        text("volunteer_id"),
        sa.Column("start", sa.DateTime),
        text("decision", required=True),
    )
    scenario_table(
        "preferences",
        text("volunteer_id", required=True),
        text("session_id", required=True),
        whole("score", required=True),
        key=["volunteer_id", "session_id"],
    )


def run_tables() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.Column("made_utc", sa.DateTime, nullable=False),
        number("seconds", required=True),
        text("status", required=True),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_runs"),
        of_scenario("runs"),
    )
    op.create_index("ix_runs_scenario_id", "runs", ["scenario_id"])
    op.create_table(
        "run_tiers",
        run_number(),
        position(),
        text("tier", required=True),
        whole("value", required=True),
        whole("bound"),
        sa.PrimaryKeyConstraint("run_number", "position", name="pk_run_tiers"),
        of_run("run_tiers"),
    )
    op.create_table(
        "run_visits",
        run_number(),
        text("session_id", required=True),
        position(),
        sa.Column("start", sa.DateTime, nullable=False),
        sa.Column("end", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("run_number", "session_id", name="pk_run_visits"),
        of_run("run_visits"),
    )
    op.create_table(
        "run_assignments",
        run_number(),
        text("session_id", required=True),
        text("volunteer_id", required=True),
        position(),
        sa.PrimaryKeyConstraint("run_number", "session_id", "volunteer_id", name="pk_run_assignments"),
        sa.ForeignKeyConstraint(
            ["run_number", "session_id"],
            ["run_visits.run_number", "run_visits.session_id"],
            name="fk_run_assignments_run_visits",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "run_reasons",
        run_number(),
        text("session_id", required=True),
        position(),
        text("reason", required=True),
        sa.PrimaryKeyConstraint("run_number", "session_id", name="pk_run_reasons"),
        of_run("run_reasons"),
    )


def text(name: str, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=not required)


def words(name: str, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=not required)


def whole(name: str, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=not required)


def number(name: str, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double, nullable=not required)


def run_number() -> sa.Column[Any]:
    return sa.Column("run_number", sa.Integer, autoincrement=False, nullable=False)


def position() -> sa.Column[Any]:
    return sa.Column("position", sa.Integer, autoincrement=False, nullable=False)


def place() -> list[sa.Column[Any]]:
    return [sa.Column("scenario_id", sa.Integer, autoincrement=False, nullable=False), position()]


def of_scenario(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["scenario_id"], ["scenarios.scenario_id"], name=f"fk_{table}_scenarios", ondelete=ondelete
    )


def of_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_number"], ["runs.number"], name=f"fk_{table}_runs", ondelete="CASCADE")


def scenario_table(name: str, *columns: sa.Column[Any], key: list[str] | None = None) -> None:
    unique = sa.UniqueConstraint("scenario_id", *key, name="_".join(["uq", name, "scenario_id", *key])) if key else None
    op.create_table(
        name,
        *place(),
        sa.Column("row_number", sa.Integer, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("scenario_id", "position", name=f"pk_{name}"),
        of_scenario(name, ondelete="CASCADE"),
        *([unique] if unique is not None else []),
    )
