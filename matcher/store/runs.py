"""Runs in the database: a plan with its scores, how it was made, and for which scenario."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from matcher.domain import Plan, Slot, Status, TierName, TierScore, Visit
from matcher.store import scenarios, schema
from matcher.store.kept import DamagedValue
from matcher.store.schema import utc


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


@dataclass(frozen=True)
class SavedRun(RunSummary):
    plan: Plan
    reasons: Mapping[str, str]
    settings: Mapping[str, object]


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
    return number


def newest(connection: sa.Connection) -> int | None:
    number: int | None = connection.scalar(sa.select(sa.func.max(schema.runs.c.number)))
    return number


def load(connection: sa.Connection, number: int) -> SavedRun | None:
    found = _summaries(connection, number)
    if not found:
        return None
    (settings,) = connection.execute(sa.select(schema.runs.c.settings).where(schema.runs.c.number == number)).one()
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
    return SavedRun(**vars(found[0]), plan=plan, reasons=reasons, settings=settings)


def summaries(connection: sa.Connection) -> tuple[RunSummary, ...]:
    """All runs, the newest first."""
    return tuple(_summaries(connection, None))


def _of_run(connection: sa.Connection, table: sa.Table, number: int) -> Sequence[sa.RowMapping]:
    query = sa.select(table).where(table.c.run_number == number).order_by(table.c.position)
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
    current = scenarios.current(connection)
    found = connection.execute(query).mappings().all()
    for row in found:
        if row["fingerprint"] is None:
            raise DamagedValue(f"the scenario of run {row['number']} is gone")
    return [
        RunSummary(
            number=row["number"],
            made=row["made_utc"].replace(tzinfo=UTC),
            fingerprint=row["fingerprint"],
            is_current=row["scenario_id"] == current,
            status=Status(row["status"]),
            seconds=row["seconds"],
            tiers=tuple(tiers[row["number"]]),
            delivered=row["delivered"],
            assignments=row["assignments"],
            actor=row["actor"],
        )
        for row in found
    ]
