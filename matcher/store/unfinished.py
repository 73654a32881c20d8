"""Plans of solves under way, so that a kill does not cost them: ids and times only, gone once they are a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from matcher.domain import Plan, Slot, Visit
from matcher.store import edits, schema
from matcher.store.schema import utc


@dataclass(frozen=True)
class Unfinished:
    """The best plan of a solve that goes on, or that was killed."""

    number: int
    started: datetime
    kept: datetime
    """Both with the zone UTC."""
    is_current: bool
    """Whether it was made for what is still the workspace's scenario."""
    seconds: float
    """Of searching until then."""
    settings: Mapping[str, object]
    plan: Plan


def keep(
    connection: sa.Connection,
    number: int | None,
    scenario_id: int,
    started: datetime,
    kept: datetime,
    seconds: float,
    settings: Mapping[str, object],
    plan: Plan,
) -> int:
    """Put the plan in the place of the solve's earlier one, or in a new place; the number of the place."""
    table = schema.unfinished_runs
    values = {
        "scenario_id": scenario_id,
        "started_utc": utc(started),
        "kept_utc": utc(kept),
        "seconds": seconds,
        "settings": dict(settings),
        "visits": [
            [session_id, visit.slot.start.isoformat(), visit.slot.end.isoformat(), list(visit.team)]
            for session_id, visit in plan.visits.items()
        ],
    }
    if number is not None:  # unless it was tidied away, and another solve has the number now
        mine = (table.c.number == number) & (table.c.started_utc == utc(started))
        if connection.execute(sa.update(table).where(mine).values(values)).rowcount:
            return number
    number = (connection.scalar(sa.select(sa.func.max(table.c.number))) or 0) + 1
    connection.execute(sa.insert(table).values(number=number, **values))
    return number


def load(connection: sa.Connection) -> tuple[Unfinished, ...]:
    """All of them, the one kept last first."""
    table = schema.unfinished_runs
    current = edits.mark(connection)
    query = (
        sa.select(table, schema.scenarios.c.fingerprint)
        .join(schema.scenarios)
        .order_by(table.c.kept_utc.desc(), table.c.number.desc())
    )
    return tuple(
        Unfinished(
            number=row["number"],
            started=row["started_utc"].replace(tzinfo=UTC),
            kept=row["kept_utc"].replace(tzinfo=UTC),
            is_current=row["fingerprint"] == current,
            seconds=row["seconds"],
            settings=row["settings"],
            plan=Plan(
                {
                    session_id: Visit(Slot(datetime.fromisoformat(start), datetime.fromisoformat(end)), tuple(team))
                    for session_id, start, end, team in row["visits"]
                }
            ),
        )
        for row in connection.execute(query).mappings()
    )


def remove(connection: sa.Connection, numbers: Collection[int]) -> None:
    table = schema.unfinished_runs
    if numbers:
        connection.execute(sa.delete(table).where(table.c.number.in_(numbers)))
