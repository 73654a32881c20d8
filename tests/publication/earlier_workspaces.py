"""Workspaces as released versions of the program left them; see `earlier/README.md`."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from matcher.store import connection, versions

FOLDER = Path(__file__).with_name("earlier")


def bring_back(address: str, name: str, version: str) -> None:
    """Make that workspace at the address, with the tables of that version."""
    url = connection.database_url(address)
    file = connection.sqlite_file(url)
    if file is not None:
        connection.check_file(file, create=True)
    engine = connection.make_engine(url, 5)
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    with connection.writing(engine, 5) as rows:
        versions.upgrade(rows, version)
        found = sa.MetaData()
        found.reflect(rows)
        for table in found.sorted_tables:
            if table.name != "matcher_schema" and table.name in kept:
                rows.execute(sa.delete(table))  # a migration gives a new workspace a name
                rows.execute(sa.insert(table), [_typed(table, row) for row in kept[table.name]])
        if engine.dialect.name == "postgresql":
            last = max(row["scenario_id"] for row in kept["scenarios"])
            rows.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('scenarios', 'scenario_id'), {last})")
    engine.dispose()


def _typed(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name].type, value) for name, value in row.items()}


def _value(kind: object, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.JSON):
        return json.loads(value)
    if isinstance(kind, sa.LargeBinary):
        return value["ascii"].encode("ascii")
    return value
