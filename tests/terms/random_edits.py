"""A small term as tables, and random small changes of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from matcher.authoring.generate import generate
from matcher.edits import Operation, added, apply, changed, removed
from matcher.tables import TABLES, Kind, Row, Tables, Value

TERM = generate(2, seed=3)
TABLES_EDITED = [table for table in TABLES if TERM.rows.get(table.name)]


def random_edit(tables: Tables, dice: Random) -> Operation | None:
    """A row added, changed or removed; None where the table has none to change."""
    table = dice.choice(TABLES_EDITED)
    rows = tables.rows[table.name]
    kind = dice.choice(["set", "set", "add", "remove"])
    if kind == "add":
        like = dice.choice(TERM.rows[table.name])
        key = {name: f"new {dice.randint(1, 5)}" for name in table.key}
        if table.key and any(all(row[name] == value for name, value in key.items()) for row in rows):
            return None
        return added(table.name, {**like.values, **key})
    if not rows:
        return None
    row = dice.choice(rows)
    if kind == "remove":
        return removed(table.name, row)
    columns = [column for column in table.columns if column.name not in table.key]
    if not table.key or not columns:
        return None
    column = dice.choice(columns)
    return changed(table.name, row, {column.name: _other(row, column.name, column.kind, dice)})


def random_edits(tables: Tables, dice: Random, most: int) -> tuple[list[Operation], Tables]:
    """Up to so many, one after the other, and what they make of the tables."""
    found = []
    for _ in range(dice.randint(0, most)):
        edit = random_edit(tables, dice)
        if edit is not None:
            found.append(edit)
            tables = apply(tables, [edit])
    return found, tables


def _other(row: Row, name: str, kind: Kind, dice: Random) -> Value:
    match row[name]:
        case int() | float() as number:
            return number + dice.randint(1, 3)
        case datetime() as moment:
            return moment + timedelta(days=dice.randint(1, 3))
        case date() as day:
            return day + timedelta(days=dice.randint(1, 3))
        case tuple() as items:
            return (*items, f"also {dice.randint(1, 3)}")
        case None if kind not in (Kind.TEXT, Kind.ID):
            return None
    return f"{row[name] or 'text'} {dice.randint(1, 3)}"
