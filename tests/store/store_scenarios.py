"""Scenarios and runs to keep in workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa

from matcher.domain import Plan, Slot, Status, TierName, TierScore, Visit
from matcher.store import Workspace
from matcher.tables import TABLES, Row, Tables, Value


def row(table: str, number: int = 2, /, **values: Value) -> Row:
    """A row with the columns that are not given left blank; `from_` stands for `from`."""
    columns = next(found for found in TABLES if found.name == table).columns
    given = {name.rstrip("_"): value for name, value in values.items()}
    assert given.keys() <= {column.name for column in columns}
    return Row(number, {column.name: given.get(column.name) for column in columns})


def scenario(**rows: tuple[Row, ...]) -> Tables:
    """A small scenario, with some of its tables replaced."""
    small: Mapping[str, tuple[Row, ...]] = {
        "schools": (
            row(
                "schools", 2, school_id="S1", name="Zoë's \n محمد 小学校", latitude=52.9225, pupil_premium_percent=35.1
            ),
        ),
        "cohorts": (row("cohorts", 2, cohort_id="S1-Y5", school_id="S1", pupils=30),),
        "sessions": (
            row(
                "sessions",
                2,
                session_id="S1-1",
                cohort_ids=("S1-Y5",),
                min_volunteers=1,
                max_volunteers=2,
                required_sectors=("Rail", "Health; care"),
            ),
        ),
        "slots": (
            row("slots", 2, session_id="S1-1", start=datetime(2026, 10, 14, 9), end=datetime(2026, 10, 14, 10)),
            row("slots", 3, session_id="S1-1", start=datetime(2026, 10, 15, 9), end=datetime(2026, 10, 15, 10)),
        ),
        "volunteers": (
            row("volunteers", 2, volunteer_id="V1", name="=HYPERLINK(1)", sector="Rail", modes=("virtual",), email=""),
            row("volunteers", 3, volunteer_id="V2", name="B", sector="Rail", checked_until=date(2027, 1, 31)),
        ),
        "availability": (
            row("availability", 2, volunteer_id="V1", weekday="mon", from_=540, to=1440),
            row("availability", 3, volunteer_id="V1", weekday="mon", from_=540, to=1440),
        ),
        "preferences": (row("preferences", 2, volunteer_id="V1", session_id="S1-1", score=-3),),
    }
    programme = {
        "name": "Autumn",
        "first_day": date(2026, 9, 1),
        "closed": (date(2026, 10, 26), date(2026, 10, 27)),
        "limits.travel_kmh": 22.5,
        "limits.same_employer": 2,
    }
    return Tables(programme, {table.name: () for table in TABLES} | {**small, **rows})


def large_scenario(volunteers: int = 7000) -> Tables:
    """With five rows of availability for each volunteer."""
    return scenario(
        volunteers=tuple(
            row("volunteers", n + 2, volunteer_id=f"V{n}", name=f"Person {n}", sector="Rail", latitude=52 + n / 7e4)
            for n in range(volunteers)
        ),
        availability=tuple(
            row("availability", n + 2, volunteer_id=f"V{n // 5}", weekday=("mon", "tue", "wed", "thu", "fri")[n % 5])
            for n in range(5 * volunteers)
        ),
    )


PLAN = Plan(
    {
        "S1-1": Visit(Slot(datetime(2026, 10, 15, 9), datetime(2026, 10, 15, 10)), ("V2", "V1")),
        "A-1": Visit(Slot(datetime(2026, 10, 14, 9), datetime(2026, 10, 14, 10)), ("V1",)),
    }
)
TIERS = (TierScore(TierName.REACH, 16200, 16200), TierScore(TierName.LOAD, 3, None))


def save_run(workspace: Workspace, tables: Tables, plan: Plan = PLAN) -> int:
    settings = {"seed": 1, "time_limit": 60.5, "deterministic": False, "note": "Zoë", "workers": None}
    reasons = {"S1-2": "No digital volunteer is free on either date."}
    return workspace.save_run(tables, plan, TIERS, 12.25, Status.FEASIBLE, reasons, settings)


def contents(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the database."""
    with workspace.engine.connect() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        return {
            table.name: sorted((tuple(kept) for kept in connection.execute(sa.select(table))), key=repr)
            for table in found.sorted_tables
        }
