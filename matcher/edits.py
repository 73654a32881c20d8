"""What was decided since the last import: small changes of a term's tables, each of which can be taken back.

An operation changes cells of a row, adds a row or removes one. It says what it expects to find, so that it can be
turned round, and so that it is noticed when somebody else has changed the same meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from matcher.tables import TABLES, Row, Table, Tables, Value

Cells = Mapping[str, Value]


class Do(StrEnum):
    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Operation:
    """One row of one table (see `tables.TABLES`) that changes."""

    do: Do
    table: str
    key: Cells
    """By which the row is found: the table's key columns or, where it has none, all of its values."""
    before: Cells = field(default_factory=dict)
    """Of SET: the cells as they have to be; of the others empty."""
    after: Cells = field(default_factory=dict)
    """Of SET: the cells as they become; of ADD and REMOVE the whole row."""


class DoesNotFit(Exception):
    """The tables are not such that an operation can be done: which one."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(f"{operation.do} in {operation.table}")
        self.operation = operation


def added(table: str, values: Cells) -> Operation:
    """A new row; columns that are not named are blank."""
    spec = spec_of(table)
    whole = {column.name: values.get(column.name) for column in spec.columns}
    return Operation(Do.ADD, table, _key(spec, whole), {}, whole)


def removed(table: str, row: Row) -> Operation:
    """A row that is there."""
    spec = spec_of(table)
    whole = {column.name: row.values.get(column.name) for column in spec.columns}
    return Operation(Do.REMOVE, table, _key(spec, whole), {}, whole)


def changed(table: str, row: Row, cells: Cells) -> Operation:
    """Cells of a row that is there."""
    spec = spec_of(table)
    whole = {column.name: row.values.get(column.name) for column in spec.columns}
    return Operation(Do.SET, table, _key(spec, whole), {name: whole[name] for name in cells}, dict(cells))


def apply(tables: Tables, operations: Iterable[Operation]) -> Tables:
    """The tables after these operations, one after the other. Raises DoesNotFit."""
    rows = {table.name: list(tables.rows.get(table.name, ())) for table in TABLES}
    for each in operations:
        _apply(rows[each.table], each)
    return replace(tables, rows={name: tuple(found) for name, found in rows.items()})


def inverse(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """What takes these operations back."""
    return tuple(_inverse(each) for each in reversed(operations))


def _inverse(each: Operation) -> Operation:
    if each.do is Do.ADD:
        return replace(each, do=Do.REMOVE)
    if each.do is Do.REMOVE:
        return replace(each, do=Do.ADD)
    spec = spec_of(each.table)
    key = each.key if spec.key else {**each.key, **each.after}
    return replace(each, key=key, before=each.after, after=each.before)


def touches(first: Operation, second: Operation) -> bool:
    """Whether both are about the same cells of a row, or one adds or removes it."""
    if first.table != second.table:
        return False
    spec = spec_of(first.table)
    if not spec.key:
        return first.key == second.key
    if first.key != second.key:
        return False
    both_set = first.do is Do.SET and second.do is Do.SET
    return not both_set or bool(first.after.keys() & second.after.keys())


def rests_on(later: Iterable[Operation], earlier: Sequence[Operation]) -> bool:
    """Whether a later edit touched what an earlier one did, or names a row that it added."""
    return any(touches(mine, theirs) or _names(mine, theirs) for mine in later for theirs in earlier)


HOMES: Mapping[str, str] = {
    "school_id": "schools",
    "excluded_schools": "schools",
    "cohort_id": "cohorts",
    "cohort_ids": "cohorts",
    "session_id": "sessions",
    "volunteer_id": "volunteers",
    "other_id": "volunteers",
    "came": "volunteers",
}
"""Column -> the table of what it names by id. A test asks of every column of ids."""


def _names(later: Operation, earlier: Operation) -> bool:
    """Whether the later operation puts an id into a cell whose row the earlier one added."""
    if earlier.do is not Do.ADD or later.do is Do.REMOVE or len(earlier.key) != 1:
        return False
    (added_id,) = earlier.key.values()
    return any(
        HOMES.get(column) == earlier.table
        and later.table != earlier.table
        and added_id in (value if isinstance(value, tuple) else (value,))
        for column, value in later.after.items()
    )


def spec_of(table: str) -> Table:
    """Raises StopIteration if there is no such table."""
    return next(each for each in TABLES if each.name == table)


def find(tables: Tables, table: str, key: Cells) -> Row | None:
    """The row with these values."""
    return next((row for row in tables.rows.get(table, ()) if _fits(row, key)), None)


def _apply(rows: list[Row], each: Operation) -> None:
    place = next((number for number, row in enumerate(rows) if _fits(row, each.key)), None)
    if each.do is Do.ADD:
        if place is not None and spec_of(each.table).key:
            raise DoesNotFit(each)
        number = max((row.number for row in rows), default=1) + 1
        rows.append(Row(number, dict(each.after)))
        return
    if place is None or (each.do is Do.REMOVE and not _fits(rows[place], each.after)):
        raise DoesNotFit(each)
    if each.do is Do.REMOVE:
        del rows[place]
        return
    if not _fits(rows[place], each.before):
        raise DoesNotFit(each)
    rows[place] = replace(rows[place], values={**rows[place].values, **each.after})


def _fits(row: Row, values: Cells) -> bool:
    return all(row.values.get(name) == value for name, value in values.items())


def _key(spec: Table, whole: Cells) -> dict[str, Value]:
    return {name: whole[name] for name in spec.key} if spec.key else dict(whole)


# As text


def as_data(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """As lists, texts and numbers, which JSON can hold."""
    return [
        {"do": each.do.value, "table": each.table}
        | {
            name: {column: _plain(value) for column, value in getattr(each, name).items()}
            for name in ("key", "before", "after")
        }
        for each in operations
    ]


def from_data(found: Any) -> tuple[Operation, ...]:
    """The operations again. Raises ValueError where it is not what `as_data` made."""
    try:
        return tuple(map(_operation, found))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("these are no operations") from error


def _operation(found: Any) -> Operation:
    cells = [{column: _value(kept) for column, kept in found[name].items()} for name in ("key", "before", "after")]
    table = next((each.name for each in TABLES if each.name == found["table"]), None)
    if table is None:
        raise ValueError("no table of that name")
    return Operation(Do(found["do"]), table, *cells)


def _plain(value: Value) -> Any:
    match value:
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case tuple():
            return {"list": [_plain(each) for each in value]}
    return value


def _value(kept: Any) -> Value:
    if not isinstance(kept, dict):
        if kept is None or isinstance(kept, str | int | float):
            return kept
        raise ValueError("no value of a cell")
    ((kind, inside),) = kept.items()
    if kind == "moment":
        return datetime.fromisoformat(inside)
    if kind == "day":
        return date.fromisoformat(inside)
    if kind == "list":
        return tuple(_value(each) for each in inside)  # type: ignore[misc]
    raise ValueError("no value of a cell")
