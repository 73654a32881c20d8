"""Edits in the database: what was decided since an import, a row each; with the import's scenario they are today's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from matcher.edits import DoesNotFit, Operation, apply, as_data, from_data
from matcher.store import scenarios, schema
from matcher.store.changes import fingerprint
from matcher.store.kept import DamagedValue
from matcher.store.schema import utc
from matcher.tables import Tables


@dataclass(frozen=True)
class Edit:
    """A line of the journal."""

    number: int
    import_number: int
    """The import since which it was made."""
    made: datetime
    """With the zone UTC."""
    actor: str | None
    why: str
    kind: str
    """Which command it was, such as "drop"."""
    about: Mapping[str, str]
    """What it is about: words such as "volunteer" -> ids and other words."""
    operations: tuple[Operation, ...]
    """What it did to the tables; empty where nothing of that is kept, or where it was about no table."""
    undoes: int | None
    """The number of the edit that it takes back."""


DataState = tuple[int, int]
"""The number of the newest import, and of the newest edit (0: none): whether anything was changed meanwhile."""


def load(connection: sa.Connection) -> tuple[Edit, ...]:
    """All of them, the first first."""
    query = sa.select(schema.edits).order_by(schema.edits.c.number)
    return tuple(_edit(row) for row in connection.execute(query).mappings())


def state(connection: sa.Connection) -> DataState | None:
    """None before the first import."""
    newest = scenarios.newest_import(connection)
    last = connection.scalar(sa.select(sa.func.max(schema.edits.c.number)))
    return None if newest is None else (newest, last or 0)


def mark(connection: sa.Connection) -> str | None:
    """The fingerprint of today's tables; None before the first import."""
    table, newest = schema.edits, scenarios.newest_import(connection)
    since = sa.select(table.c.mark).where(table.c.import_number == newest).order_by(table.c.number.desc()).limit(1)
    edited = None if newest is None else connection.scalar(since)
    if edited is not None:
        return str(edited)
    of_it = schema.scenarios
    query = sa.select(of_it.c.fingerprint).where(of_it.c.scenario_id == scenarios.current(connection))
    return connection.scalar(query)


def today(connection: sa.Connection, columns: Mapping[str, Collection[str]] | None = None) -> Tables | None:
    """The tables of the newest import with all edits since; None before the first. `columns` as in `scenarios.load`."""
    scenario_id, newest = scenarios.current(connection), scenarios.newest_import(connection)
    if scenario_id is None:
        return None
    tables = scenarios.load(connection, scenario_id, columns)
    table = schema.edits
    query = sa.select(table).where(table.c.import_number == newest).order_by(table.c.number)
    for row in connection.execute(query).mappings():
        try:
            tables = apply(tables, _edit(row).operations)
        except DoesNotFit as error:
            raise DamagedValue(f"edit {row['number']} does not fit what was imported ({error})") from error
    return tables


def settle(
    connection: sa.Connection,
    tables: Tables,
    when: datetime,
    actor: str | None,
    columns: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Make these, which are today's, an import's, so that no edit is needed any more to know them."""
    table = schema.imports
    last = connection.execute(sa.select(table.c.source).order_by(table.c.number.desc()).limit(1)).scalar_one()
    sheet = scenarios.current_sheet(connection)
    scenarios.add_import(connection, scenarios.find_or_add(connection, tables, columns), last, when, actor, sheet)


def since_import(connection: sa.Connection) -> list[int]:
    """The numbers of the edits since the newest import."""
    table = schema.edits
    query = sa.select(table.c.number).where(table.c.import_number == scenarios.newest_import(connection))
    return list(connection.scalars(query.order_by(table.c.number)))


def add(
    connection: sa.Connection,
    kind: str,
    about: Mapping[str, str],
    operations: Sequence[Operation],
    after: Tables,
    made: datetime,
    actor: str | None,
    why: str,
    undoes: int | None,
) -> int:
    """Keeps an edit of today's tables, which are `after` then; its number."""
    number = int(connection.scalar(sa.select(sa.func.max(schema.edits.c.number))) or 0) + 1
    connection.execute(
        sa.insert(schema.edits).values(
            number=number,
            import_number=scenarios.newest_import(connection),
            made_utc=utc(made),
            actor=actor,
            why=why or None,
            kind=kind,
            about=dict(about),
            operations=as_data(operations),
            undoes=undoes,
            mark=fingerprint(after),
        )
    )
    return number


def _edit(row: sa.RowMapping) -> Edit:
    try:
        operations = from_data(row["operations"])
    except ValueError:
        raise DamagedValue(f"edit {row['number']} says nothing that can be done") from None
    return Edit(
        number=row["number"],
        import_number=row["import_number"],
        made=row["made_utc"].replace(tzinfo=UTC),
        actor=row["actor"],
        why=row["why"] or "",
        kind=row["kind"],
        about=row["about"],
        operations=operations,
        undoes=row["undoes"],
    )
