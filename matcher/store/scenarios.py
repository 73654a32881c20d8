"""Scenarios in the database: rows in, rows out, nothing judged and nothing changed on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from matcher.store import schema
from matcher.store.changes import fingerprint
from matcher.store.kept import DamagedValue
from matcher.store.schema import utc
from matcher.tables import TABLES, Column, Kind, Row, Table, Tables, days_of
from matcher.wording import one_line


class ValueKind(StrEnum):
    """What a value of the programme is; it is kept as text."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    DAY = "day"
    DAYS = "days"


def find(connection: sa.Connection, mark: str) -> int | None:
    """The scenario with that fingerprint, if it is kept."""
    query = sa.select(schema.scenarios.c.scenario_id).where(schema.scenarios.c.fingerprint == mark)
    return connection.scalar(query)


def find_or_add(connection: sa.Connection, tables: Tables, columns: Mapping[str, Collection[str]] | None = None) -> int:
    """The scenario's number, after writing it if it is not kept yet, or no longer as it was. `columns` as in `load`."""
    mark = fingerprint(tables)
    scenario_id = find(connection, mark)
    if scenario_id is None:
        added = connection.execute(sa.insert(schema.scenarios).values(fingerprint=mark))
        scenario_id = int(added.inserted_primary_key[0])  # type: ignore[index]
    elif _is_whole(connection, scenario_id, mark, columns):
        return scenario_id
    else:
        for each in (schema.programme, *schema.scenario_tables.values()):
            connection.execute(sa.delete(each).where(each.c.scenario_id == scenario_id))
    _insert(connection, schema.programme, _programme_rows(tables.programme), scenario_id)
    for table in TABLES:
        if columns is not None and table.name not in columns:
            continue
        there = None if columns is None else columns[table.name]
        rows = _scenario_rows(table, tables.rows.get(table.name, ()), there)
        _insert(connection, schema.scenario_tables[table.name], rows, scenario_id)
    return scenario_id


def _is_whole(
    connection: sa.Connection, scenario_id: int, mark: str, columns: Mapping[str, Collection[str]] | None
) -> bool:
    try:
        return fingerprint(load(connection, scenario_id, columns)) == mark
    except DamagedValue:
        return False


def load(connection: sa.Connection, scenario_id: int, columns: Mapping[str, Collection[str]] | None = None) -> Tables:
    """`columns` are those that each table has in a database of an earlier version; today's unless said."""
    programme = schema.programme
    query = sa.select(programme.c.key, programme.c.kind, programme.c.value)
    kept = connection.execute(query.where(programme.c.scenario_id == scenario_id).order_by(programme.c.position))
    return Tables(
        {key: _read_back(key, kind, value) for key, kind, value in kept},
        {table.name: _load_rows(connection, table, scenario_id, columns) for table in TABLES},
    )


def current(connection: sa.Connection) -> int | None:
    """The scenario of the last import."""
    newest = sa.select(schema.imports.c.scenario_id).order_by(schema.imports.c.number.desc()).limit(1)
    return connection.scalar(newest)


def current_sheet(connection: sa.Connection) -> int | None:
    """The spreadsheet of the last import as it was read."""
    of_it = sa.func.coalesce(schema.imports.c.sheet_scenario_id, schema.imports.c.scenario_id)
    found: int | None = connection.scalar(sa.select(of_it).order_by(schema.imports.c.number.desc()).limit(1))
    return found


def sheet(connection: sa.Connection) -> Tables | None:
    """The same as tables; None before the first import."""
    scenario_id = current_sheet(connection)
    return None if scenario_id is None else load(connection, scenario_id)


def newest_import(connection: sa.Connection) -> int | None:
    """Its number."""
    number: int | None = connection.scalar(sa.select(sa.func.max(schema.imports.c.number)))
    return number


def add_import(
    connection: sa.Connection,
    scenario_id: int,
    source: str,
    made: datetime,
    actor: str | None,
    sheet_scenario_id: int | None = None,
) -> None:
    """Make that scenario the current one. `sheet_scenario_id` is the spreadsheet, where that is another one."""
    values = {
        "number": (newest_import(connection) or 0) + 1,
        "scenario_id": scenario_id,
        "source": source,
        "made_utc": utc(made),
        "actor": actor,
        "sheet_scenario_id": None if sheet_scenario_id == scenario_id else sheet_scenario_id,
    }
    connection.execute(sa.insert(schema.imports).values(values))


def remove_unused(connection: sa.Connection) -> None:
    """Forget the scenarios that are not current and that no run, nor an unfinished one, was made for."""
    used = sa.union_all(
        sa.select(schema.runs.c.scenario_id),
        sa.select(schema.unfinished_runs.c.scenario_id),
        sa.select(sa.literal(current(connection))),
        sa.select(sa.literal(current_sheet(connection))),
    )
    connection.execute(sa.delete(schema.scenarios).where(schema.scenarios.c.scenario_id.not_in(used)))


def _insert(connection: sa.Connection, into: sa.Table, rows: Iterable[dict[str, Any]], scenario_id: int) -> None:
    places = [{"scenario_id": scenario_id, "position": place, **row} for place, row in enumerate(rows)]
    if places:
        connection.execute(sa.insert(into), places)


def _scenario_rows(table: Table, rows: Iterable[Row], there: Collection[str] | None) -> Iterable[dict[str, Any]]:
    names = [column.name for column in table.columns if there is None or column.name in there]
    return ({"row_number": row.number, **{name: row.values.get(name) for name in names}} for row in rows)


def _load_rows(
    connection: sa.Connection, table: Table, scenario_id: int, columns: Mapping[str, Collection[str]] | None
) -> tuple[Row, ...]:
    if columns is not None and table.name not in columns:
        return ()
    source = schema.scenario_tables[table.name]
    there = [each for each in table.columns if columns is None or each.name in columns[table.name]]
    query = sa.select(source.c.row_number, *(source.c[each.name] for each in there))
    kept = connection.execute(query.where(source.c.scenario_id == scenario_id).order_by(source.c.position))
    return tuple(
        Row(
            number,
            {
                column.name: _listed(table, column, value) if isinstance(value, list) else value
                for column, value in zip(there, values, strict=True)
            },
        )
        for number, *values in kept
    )


def _listed(table: Table, column: Column, value: list[str]) -> tuple[str, ...]:
    if column.kind is Kind.DAYS:
        try:
            days_of(value)
        except ValueError:
            raise DamagedValue(f"a value in {table.name}.{column.name} is something else than days") from None
    return tuple(value)


def _programme_rows(programme: Mapping[str, object]) -> Iterable[dict[str, str]]:
    for key, value in programme.items():
        if value is not None:
            kind, text = _as_text(value)
            yield {"key": key, "kind": kind.value, "value": text}


def _as_text(value: object) -> tuple[ValueKind, str]:
    match value:
        case str():
            return ValueKind.TEXT, value
        case int():
            return ValueKind.WHOLE, str(value)
        case float():
            return ValueKind.NUMBER, repr(value)
        case date():
            return ValueKind.DAY, value.isoformat()
        case tuple():
            return ValueKind.DAYS, ";".join(day.isoformat() for day in value)
    raise TypeError(f"a programme holds no {type(value).__name__}")


def _read_back(key: str, kind: str, text: str) -> object:
    try:
        return _from_text(ValueKind(kind), text)
    except ValueError:
        raise DamagedValue(
            f"a value in programme.value is something else than a {kind}, that of {one_line(key)}"
        ) from None


def _from_text(kind: ValueKind, text: str) -> object:
    match kind:
        case ValueKind.TEXT:
            return text
        case ValueKind.WHOLE:
            return int(text)
        case ValueKind.NUMBER:
            return float(text)
        case ValueKind.DAY:
            return date.fromisoformat(text)
        case ValueKind.DAYS:
            return tuple(date.fromisoformat(day) for day in text.split(";") if day)
