"""A term of two schools and six volunteers to publish, its plans made by hand, and workspaces that keep both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from matcher.appointments import Attendee
from matcher.audit import audit
from matcher.domain import Plan, Slot, Status, TierScore, Visit
from matcher.intake import build_problem, read_scenario
from matcher.publishing.published import Entry
from matcher.store import Workspace
from matcher.tables import Row, Tables, Value
from matcher.usecases import publishing
from matcher.usecases.publishing import Preview

FIRST_STEPS = Path(__file__).parents[2] / "scenarios" / "first-steps"
STAMP = datetime(2026, 9, 1, 8, tzinfo=UTC)
OAK_1 = Slot(datetime(2026, 10, 5, 9, 30), datetime(2026, 10, 5, 10, 30))
ELM_1 = Slot(datetime(2026, 10, 6, 10), datetime(2026, 10, 6, 11))
OAK_2 = Slot(datetime(2026, 10, 7, 13, 30), datetime(2026, 10, 7, 14, 10))
HOUR = timedelta(hours=1)


def term(programme: Mapping[str, Value] | None = None) -> Tables:
    """First steps, with somebody to write letters."""
    tables = read_scenario(FIRST_STEPS).tables
    sender = {"organiser_name": "Ana Reyes", "organiser_email": "visits@example.org"}
    return Tables({**tables.programme, **sender, **(programme or {})}, tables.rows)


def with_row(tables: Tables, table: str, key: str, /, **values: Value) -> Tables:
    """One row (or all of one session, in slots) has other values."""
    rows = [
        Row(row.number, {**row.values, **values}) if next(iter(row.values.values())) == key else row
        for row in tables.rows[table]
    ]
    return Tables(tables.programme, {**tables.rows, table: tuple(rows)})


def without_volunteer(tables: Tables, volunteer_id: str) -> Tables:
    kept = {
        name: tuple(row for row in rows if row.values.get("volunteer_id") != volunteer_id)
        for name, rows in tables.rows.items()
    }
    return Tables(tables.programme, kept)


def moved(tables: Tables, session_id: str, slot: Slot) -> Tables:
    return with_row(tables, "slots", session_id, start=slot.start, end=slot.end)


def plan(**visits: tuple[Slot, str]) -> Plan:
    """Such as `OAK_1=(slot, "DEE FRED")`."""
    return Plan(
        {name.replace("_", "-"): Visit(slot, tuple(sorted(team.split()))) for name, (slot, team) in visits.items()}
    )


USUAL = plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA NICK"), OAK_2=(OAK_2, "ADA RAFI"))


def keep(workspace: Workspace, tables: Tables, which: Plan = USUAL) -> int:
    """Imports the term and keeps the plan as a run; its number."""
    problem, _ = build_problem(tables)
    found = audit(problem, which)
    assert not found.findings
    tiers = [TierScore(tier, value) for tier, value in found.values.items()]
    workspace.replace_tables(tables, "term.xlsx")
    reasons = {each: "Nobody can." for each in problem.sessions if each not in which.visits}
    return workspace.save_run(tables, which, tiers, 1.0, Status.FEASIBLE, reasons, {})


def publish(
    workspace: Workspace, tables: Tables | None = None, which: Plan = USUAL, stamp: datetime = STAMP
) -> Preview:
    """Keeps a run, publishes it, and says what that changed."""
    keep(workspace, tables or term(), which)
    seen = publishing.preview(workspace, stamp=stamp)
    publishing.publish(workspace, seen)
    return seen


def told(workspace: Workspace, volunteer_id: str, session_id: str) -> Entry:
    """The volunteer's event as of the newest version."""
    (found,) = (
        entry
        for entry in workspace.published()
        if (entry.attendee, entry.attendee_id, entry.session_id) == (Attendee.VOLUNTEER, volunteer_id, session_id)
    )
    return found


def news(seen: Preview) -> set[tuple[str, str, str]]:
    """Who hears what of which session."""
    return {(change.after.attendee_id, change.news.value, change.after.session_id) for change in seen.changes}
