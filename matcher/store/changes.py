"""What is different between two scenarios, told row by row; knows no database.

Where a row stands in its file is no part of a scenario, and `3` and `3.0` are the same value. `fingerprint` agrees:
two scenarios have the same fingerprint exactly when `diff` finds no change between them.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from matcher.tables import OVERRIDES, PROGRAMME, TABLES, VISITS, Kind, Row, Table, Tables, Value, canonical


class What(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A value that is not what it was, as texts; of a personal one only that it changed (both texts are empty).

    `column` is empty for a value of the programme, which has no more than one.
    """

    column: str
    before: str = ""
    after: str = ""
    personal: bool = False

    def __str__(self) -> str:
        if self.personal:
            return f"{self.column} changed"
        return f"{self.column} from {self.before} to {self.after}".strip()


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was added, changed or removed.

    `row` names it: its key where the table has one, otherwise all its values but the personal ones.
    """

    table: str
    what: What
    row: str
    columns: tuple[ColumnChange, ...] = ()
    """Of a changed row, in the order of the table."""
    count: int = 1
    """How many rows, all of them the same."""

    def __str__(self) -> str:
        """Such as "volunteers: changed V007: employer from "Toyota" to blank; gender changed"."""
        text = f"{self.table}: {self.what} {self.row}"
        if self.count > 1:
            text += f" ({self.count} times)"
        return ": ".join([text, "; ".join(map(str, self.columns))]) if self.columns else text


def diff(old: Tables | None, new: Tables) -> tuple[Change, ...]:
    """What has to be added, changed and removed to get from `old` (None: nothing at all) to `new`.

    In the order of the tables; in each what was added, changed, removed, in the order of the rows. A row of a table
    with a key is the same row if its key is; a row of another table if all its values are (the personal ones
    excepted, so that a change of these alone is told as one). Keys have to be unique.
    """
    before = old if old is not None else Tables({})
    changes = _programme_changes(before.programme, new.programme)
    for table in TABLES:
        compare = _keyed_changes if table.key else _keyless_changes
        changes += compare(table, before.rows.get(table.name, ()), new.rows.get(table.name, ()))
    return tuple(changes)


def summary(changes: Iterable[Change]) -> tuple[str, ...]:
    """A line for each table with changes, such as "volunteers: 3 added, 1 removed"."""
    counts: dict[str, dict[What, int]] = defaultdict(lambda: dict.fromkeys(What, 0))
    for change in changes:
        counts[change.table][change.what] += change.count
    return tuple(
        f"{table}: " + ", ".join(f"{count} {what}" for what, count in found.items() if count)
        for table, found in counts.items()
    )


def fingerprint(tables: Tables) -> str:
    """64 hexadecimal digits that depend on every value of the scenario, and on nothing else.

    Blank cells do not enter, nor do tables of later versions without a row, so that old fingerprints stay as they are.
    """
    contents = {PROGRAMME: [canonical(tables.programme)]}
    for table in TABLES:
        rows = tables.rows.get(table.name, ())
        if rows or table not in _LATER:
            contents[table.name] = sorted(canonical(row.values) for row in rows)
    digest = hashlib.sha256()
    for name, lines in contents.items():
        digest.update("\n".join([name, *lines, ""]).encode())
    return digest.hexdigest()


_LATER = (VISITS, OVERRIDES)
"""Tables that the first version did not have."""


def _programme_changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
    found: dict[What, list[Change]] = {what: [] for what in What}
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        what = What.ADDED if before is None else What.REMOVED if after is None else What.CHANGED
        found[what].append(Change(PROGRAMME, what, _bare(key), (ColumnChange("", shown(before), shown(after)),)))
    return [change for changes in found.values() for change in changes]


def _keyed_changes(table: Table, old: Sequence[Row], new: Sequence[Row]) -> list[Change]:
    def key(row: Row) -> tuple[Value, ...]:
        return tuple(row[name] for name in table.key)

    def label(row: Row) -> str:
        return ", ".join(_bare(row[name]) for name in table.key)

    before, after = ({key(row): row for row in rows} for rows in (old, new))
    added = [Change(table.name, What.ADDED, label(row)) for k, row in after.items() if k not in before]
    changed = [
        Change(table.name, What.CHANGED, label(row), columns)
        for k, row in after.items()
        if k in before and (columns := _column_changes(table, before[k], row))
    ]
    removed = [Change(table.name, What.REMOVED, label(row)) for k, row in before.items() if k not in after]
    return added + changed + removed


def _column_changes(table: Table, before: Row, after: Row) -> tuple[ColumnChange, ...]:
    return tuple(
        ColumnChange(column.name, personal=True)
        if column.personal
        else ColumnChange(column.name, shown(old, column.kind), shown(new, column.kind))
        for column in table.columns
        if (old := before.values.get(column.name)) != (new := after.values.get(column.name))
    )


def _keyless_changes(table: Table, old: Sequence[Row], new: Sequence[Row]) -> list[Change]:
    public = [column for column in table.columns if not column.personal]
    personal = [column for column in table.columns if column.personal]

    def grouped(rows: Sequence[Row]) -> dict[tuple[Value, ...], Counter[tuple[Value, ...]]]:
        groups: dict[tuple[Value, ...], Counter[tuple[Value, ...]]] = defaultdict(Counter)
        for row in rows:
            values = tuple(row.values.get(column.name) for column in public)
            groups[values][tuple(row.values.get(column.name) for column in personal)] += 1
        return groups

    def label(values: tuple[Value, ...]) -> str:
        first, *others = ((column, value) for column, value in zip(public, values, strict=True) if value is not None)
        return ", ".join([_bare(first[1]), *(f"{c.name} {_bare(value, c.kind)}" for c, value in others)])

    before, after = grouped(old), grouped(new)
    found: dict[What, list[Change]] = {what: [] for what in What}
    for values in dict.fromkeys([*after, *before]):
        gone = list((before[values] - after[values]).elements())
        come = list((after[values] - before[values]).elements())
        pairs = Counter(
            tuple(column.name for column, a, b in zip(personal, *pair, strict=True) if a != b)
            for pair in zip(gone, come, strict=False)
        )
        for names, count in pairs.items():
            columns = tuple(ColumnChange(name, personal=True) for name in names)
            found[What.CHANGED].append(Change(table.name, What.CHANGED, label(values), columns, count))
        for what, count in ((What.ADDED, len(come) - len(gone)), (What.REMOVED, len(gone) - len(come))):
            if count > 0:
                found[what].append(Change(table.name, what, label(values), count=count))
    return [change for changes in found.values() for change in changes]


def _bare(value: object, kind: Kind | None = None) -> str:
    """As it would be typed into a sheet, on one line."""
    match value:
        case None:
            return "blank"
        case tuple():
            return ";".join(_bare(item) for item in value) or "none"
        case int() if kind is Kind.CLOCK:
            return f"{value // 60:02}:{value % 60:02}"
        case datetime():
            return value.isoformat(timespec="minutes" if value.second == value.microsecond == 0 else "auto")
        case date():
            return value.isoformat()
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value))


def shown(value: object, kind: Kind | None = None) -> str:
    """A cell as it would be typed into a sheet, on one line, in quotation marks where it is text."""
    return f'"{_bare(value)}"' if isinstance(value, str) else _bare(value, kind)
