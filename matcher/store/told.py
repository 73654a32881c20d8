"""The figures about people that stand on pages which were exported."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from matcher.domain import GoalName
from matcher.publishing.disclosure import Told
from matcher.store import schema


def load(connection: sa.Connection) -> tuple[Told, ...]:
    """All of them, the first told first."""
    rows = connection.execute(sa.select(schema.told_figures).order_by(schema.told_figures.c.number)).mappings()
    return tuple(Told(GoalName(row["goal"]), row["people"], row["most"], row["value"]) for row in rows)


def add(connection: sa.Connection, run_number: int, before: int, figures: Sequence[Told]) -> None:
    """After so many that are there, more."""
    rows = [
        {
            "number": before + place,
            "run_number": run_number,
            "goal": figure.goal.value,
            "people": dict(figure.people),
            "most": figure.most,
            "value": figure.value,
        }
        for place, figure in enumerate(figures, start=1)
    ]
    if rows:
        connection.execute(sa.insert(schema.told_figures), rows)
