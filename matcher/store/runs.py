"""Runs in the database: a plan with its scores, how it was made, and for which scenario."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from matcher.domain import GoalName, LedgerLine, Plan, Slot, Status, TierName, TierScore, Visit
from matcher.store import edits, schema
from matcher.store.kept import DamagedValue
from matcher.store.schema import utc


@dataclass(frozen=True)
class Begun:
    """What was past when a plan of a term under way was made (see `UnderWay`)."""

    now: datetime
    """On the programme's clock."""
    version: int
    """Which version people had been told."""
    past: Mapping[str, Visit | None]
    """Those of earlier terms included."""
    declined: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs shows of one."""

    number: int
    made: datetime
    """With the zone UTC."""
    fingerprint: str
    """Of the scenario that the plan was made for."""
    is_current: bool
    """Whether that is still the workspace's scenario."""
    status: Status
    seconds: float
    tiers: tuple[TierScore, ...]
    delivered: int
    assignments: int
    actor: str | None
    """Who had it made, where that was said."""
    erased: datetime | None
    """When personal data was last taken out of what the run was made for, with the zone UTC; None: never."""


@dataclass(frozen=True)
class SavedRun(RunSummary):
    plan: Plan
    reasons: Mapping[str, str]
    settings: Mapping[str, object]
    ledger: tuple[LedgerLine, ...] | None
    """As it was judged when the run was made; None of a run kept by a version that did not keep it."""
    is_whole: bool
    """Whether it is what was kept, as far as its seal tells."""
    begun: Begun | None
    """What was past when it was made; None where nobody had been told of anything."""


def save(
    connection: sa.Connection,
    scenario_id: int,
    plan: Plan,
    tiers: Sequence[TierScore],
    seconds: float,
    status: Status,
    reasons: Mapping[str, str],
    settings: Mapping[str, object],
    made: datetime,
    actor: str | None = None,
    ledger: Sequence[LedgerLine] | None = None,
    begun: Begun | None = None,
) -> int:
    number = (newest(connection) or 0) + 1  # a sequence of the database's would leave gaps; nobody else is writing
    connection.execute(
        sa.insert(schema.runs).values(
            number=number,
            scenario_id=scenario_id,
            made_utc=utc(made),
            seconds=seconds,
            status=status.value,
            settings=dict(settings),
            actor=actor,
            ledger=sa.null() if ledger is None else _ledger_rows(ledger),
            begun=sa.null() if begun is None else _begun_as_kept(begun),
        )
    )
    visits = [
        {"session_id": session_id, "start": visit.slot.start, "end": visit.slot.end}
        for session_id, visit in plan.visits.items()
    ]
    team_places = [
        {"session_id": session_id, "volunteer_id": volunteer_id, "position": place}
        for session_id, visit in plan.visits.items()
        for place, volunteer_id in enumerate(visit.team)
    ]
    contents: tuple[tuple[sa.Table, list[dict[str, Any]]], ...] = (
        (schema.run_tiers, [{"tier": tier.tier.value, "value": tier.value, "bound": tier.bound} for tier in tiers]),
        (schema.run_visits, visits),
        (schema.run_assignments, team_places),
        (schema.run_reasons, [{"session_id": key, "reason": reason} for key, reason in reasons.items()]),
    )
    for table, rows in contents:
        if rows:
            numbered = [{"run_number": number, "position": place, **row} for place, row in enumerate(rows)]
            connection.execute(sa.insert(table), numbered)
    if ledger is not None:
        seal(connection, number)
    return number


def keep_ledger(connection: sa.Connection, number: int, ledger: Sequence[LedgerLine]) -> None:
    """Keep the verdict of a run that was kept without, unless something was erased from what it was made for."""
    runs, of_it = schema.runs, schema.scenarios
    erased = sa.select(of_it.c.scenario_id).where(of_it.c.erased_utc.is_not(None))  # while the ledger was worked out
    lacking = (runs.c.number == number) & runs.c.seal.is_(None) & runs.c.scenario_id.not_in(erased)
    kept = sa.update(runs).where(lacking).values(ledger=_ledger_rows(ledger))
    if connection.execute(kept).rowcount:
        seal(connection, number)


def seal(connection: sa.Connection, number: int, has_begun: bool = True) -> None:
    """Note what the run says, so that it is known whether somebody changed it by hand."""
    runs, found = schema.runs, digest(connection, number, has_begun)
    connection.execute(sa.update(runs).where(runs.c.number == number).values(seal=found))


def is_whole(connection: sa.Connection, number: int, has_begun: bool = True) -> bool:
    """Whether the run says what was kept, as far as that can be known."""
    kept = connection.scalar(sa.select(schema.runs.c.seal).where(schema.runs.c.number == number))
    return kept is None or kept == digest(connection, number, has_begun)


def digest(connection: sa.Connection, number: int, has_begun: bool = True) -> str:
    """64 hexadecimal digits that depend on the run's plan, scores, status, reasons, ledger and what was past.

    `has_begun` is False of a database of an earlier version, which knows of nothing past.
    """
    runs = schema.runs
    of_it = sa.select(runs.c.status, runs.c.ledger, runs.c.begun if has_begun else sa.null())
    status, ledger, begun = connection.execute(of_it.where(runs.c.number == number)).one()
    rows = [
        [[_plain(value) for value in row.values()] for row in _of_run(connection, table, number)]
        for table in (schema.run_tiers, schema.run_visits, schema.run_reasons, schema.run_assignments)
    ]
    under_way = [] if begun is None else [begun]
    return hashlib.sha256(json.dumps([number, status, ledger, *rows, *under_way], sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _ledger_rows(ledger: Sequence[LedgerLine]) -> list[list[object]]:
    return [[line.cohort_id, line.goal.value, line.met, line.target] for line in ledger]


def _ledger(number: int, kept: object) -> tuple[LedgerLine, ...] | None:
    if kept is None:
        return None
    try:
        assert isinstance(kept, list)
        return tuple(LedgerLine(cohort_id, GoalName(goal), met, target) for cohort_id, goal, met, target in kept)
    except (AssertionError, TypeError, ValueError):
        raise DamagedValue(f"the ledger of run {number} is none") from None


def _begun_as_kept(begun: Begun) -> dict[str, object]:
    return {
        "now": begun.now.isoformat(),
        "version": begun.version,
        "past": {
            session_id: visit and [visit.slot.start.isoformat(), visit.slot.end.isoformat(), list(visit.team)]
            for session_id, visit in begun.past.items()
        },
        "declined": sorted(map(list, begun.declined)),
    }


def _begun(number: int, kept: Any) -> Begun | None:
    if kept is None:
        return None

    def visit(found: Any) -> Visit | None:
        if found is None:
            return None
        start, end, team = found
        return Visit(Slot(datetime.fromisoformat(start), datetime.fromisoformat(end)), tuple(map(str, team)))

    try:
        past = {str(session_id): visit(found) for session_id, found in kept["past"].items()}
        declined = frozenset((str(person), str(session_id)) for person, session_id in kept["declined"])
        return Begun(datetime.fromisoformat(kept["now"]), int(kept["version"]), past, declined)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DamagedValue(f"what was past when run {number} was made cannot be read") from None


def delete(connection: sa.Connection, numbers: Collection[int]) -> None:
    """Delete runs that were not published. What their pages told of people stays known, for the pages are out there."""
    if not numbers:
        return
    keeper = sa.select(sa.func.max(schema.runs.c.number)).where(schema.runs.c.number.not_in(numbers)).scalar_subquery()
    told = schema.told_figures
    connection.execute(sa.update(told).where(told.c.run_number.in_(numbers)).values(run_number=keeper))
    connection.execute(sa.delete(schema.runs).where(schema.runs.c.number.in_(numbers)))
    connection.execute(sa.insert(schema.tidied_runs), [{"number": number} for number in sorted(numbers)])


def was_tidied(connection: sa.Connection, number: int) -> bool:
    table = schema.tidied_runs
    return connection.scalar(sa.select(table.c.number).where(table.c.number == number)) is not None


def newest(connection: sa.Connection) -> int | None:
    number: int | None = connection.scalar(sa.select(sa.func.max(schema.runs.c.number)))
    return number


def load(connection: sa.Connection, number: int) -> SavedRun | None:
    found = _summaries(connection, number)
    if not found:
        return None
    columns = sa.select(schema.runs.c.settings, schema.runs.c.ledger, schema.runs.c.begun)
    settings, ledger, begun = connection.execute(columns.where(schema.runs.c.number == number)).one()
    teams: dict[str, list[str]] = defaultdict(list)
    for row in _of_run(connection, schema.run_assignments, number):
        teams[row["session_id"]].append(row["volunteer_id"])
    visits = _of_run(connection, schema.run_visits, number)
    if teams.keys() - {row["session_id"] for row in visits}:
        raise DamagedValue(f"run {number} has volunteers in sessions that it does not deliver")
    plan = Plan(
        {row["session_id"]: Visit(Slot(row["start"], row["end"]), tuple(teams[row["session_id"]])) for row in visits}
    )
    reasons = {row["session_id"]: row["reason"] for row in _of_run(connection, schema.run_reasons, number)}
    lines, whole = _ledger(number, ledger), is_whole(connection, number)
    return SavedRun(
        **vars(found[0]),
        plan=plan,
        reasons=reasons,
        settings=settings,
        ledger=lines,
        is_whole=whole,
        begun=_begun(number, begun),
    )


def summaries(connection: sa.Connection) -> tuple[RunSummary, ...]:
    """All runs, the newest first."""
    return tuple(_summaries(connection, None))


def _of_run(connection: sa.Connection, table: sa.Table, number: int) -> Sequence[sa.RowMapping]:
    query = sa.select(table).where(table.c.run_number == number).order_by(table.c.position)
    if "volunteer_id" in table.c:  # of which each session has its own positions
        query = query.order_by(table.c.session_id)
    return connection.execute(query).mappings().all()


def _summaries(connection: sa.Connection, number: int | None) -> list[RunSummary]:
    def counted(table: sa.Table) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.count())
            .where(table.c.run_number == schema.runs.c.number)
            .correlate(schema.runs)
            .scalar_subquery()
        )

    tiers: dict[int, list[TierScore]] = defaultdict(list)
    run_tiers = schema.run_tiers
    wanted = sa.select(run_tiers).order_by(run_tiers.c.run_number, run_tiers.c.position)
    query = (
        sa.select(
            schema.runs,
            schema.scenarios.c.fingerprint,
            schema.scenarios.c.erased_utc,
            counted(schema.run_visits).label("delivered"),
            counted(schema.run_assignments).label("assignments"),
        )
        .outerjoin(schema.scenarios)
        .order_by(schema.runs.c.number.desc())
    )
    if number is not None:
        wanted, query = wanted.where(run_tiers.c.run_number == number), query.where(schema.runs.c.number == number)
    for row in connection.execute(wanted).mappings():
        tiers[row["run_number"]].append(TierScore(TierName(row["tier"]), row["value"], row["bound"]))
    current = edits.mark(connection)
    found = connection.execute(query).mappings().all()
    for row in found:
        if row["fingerprint"] is None:
            raise DamagedValue(f"the scenario of run {row['number']} is gone")
    return [
        RunSummary(
            number=row["number"],
            made=row["made_utc"].replace(tzinfo=UTC),
            fingerprint=row["fingerprint"],
            is_current=row["fingerprint"] == current,
            status=Status(row["status"]),
            seconds=row["seconds"],
            tiers=tuple(tiers[row["number"]]),
            delivered=row["delivered"],
            assignments=row["assignments"],
            actor=row["actor"],
            erased=row["erased_utc"] and row["erased_utc"].replace(tzinfo=UTC),
        )
        for row in found
    ]
