"""Two people changed the same term: a spreadsheet on one side, edits here on the other, and what both began with.

What one side changed is taken. What both changed in the same way is taken once. Where both changed the same cell
otherwise, or one side removed a row that the other changed, that is a conflict, and somebody has to say whose counts.
Rows that no key tells apart, such as slots, are there or not: what either side added or removed is so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from matcher.tables import PROGRAMME, TABLES, Column, Row, Table, Tables, Value, canonical


class Side(StrEnum):
    THEIRS = "theirs"
    """The spreadsheet's."""
    MINE = "mine"
    """What was edited here."""


@dataclass(frozen=True)
class Conflict:
    """Something that both sides changed, each in another way."""

    table: str
    row: str
    """By its key and, where it has one, its name."""
    column: Column | None
    """None: one side removed the row, and the other changed it; or a value of the programme."""
    before: object
    theirs: object
    """None of a row: it was removed."""
    mine: object


@dataclass(frozen=True)
class LeftOut:
    """A row that goes, since what it is about is gone."""

    table: str
    row: Row
    gone: str
    """The id that it names."""


@dataclass(frozen=True)
class Merged:
    tables: Tables
    """Where there are conflicts, as the side has it that counts."""
    conflicts: tuple[Conflict, ...]
    left_out: tuple[LeftOut, ...]
    """Rows that were edited here and go with a session or a volunteer that the spreadsheet has no more."""


def merge(base: Tables, theirs: Tables, mine: Tables, counts: Side = Side.MINE) -> Merged:
    """The term with what both sides changed since `base`; in conflicts that side counts.

    Rows stand in the order of `theirs`, and those that are only in `mine` after them.
    """
    conflicts: list[Conflict] = []
    programme = _programme(base.programme, theirs.programme, mine.programme, counts, conflicts)
    rows: dict[str, tuple[Row, ...]] = {}
    for table in TABLES:
        three = (base.rows.get(table.name, ()), theirs.rows.get(table.name, ()), mine.rows.get(table.name, ()))
        if table.key:
            rows[table.name] = tuple(_keyed(table, *three, counts, conflicts))
        else:
            rows[table.name] = tuple(_keyless(*three))
    left_out = list(_without_home(base, mine, rows))
    for each in left_out:
        rows[each.table] = tuple(row for row in rows[each.table] if row is not each.row)
    there = {(name, canonical(row.values)) for name, found in base.rows.items() for row in found}
    edited = tuple(each for each in left_out if (each.table, canonical(each.row.values)) not in there)
    return Merged(Tables(programme, rows), tuple(conflicts), edited)


def _programme(
    base: Mapping[str, object],
    theirs: Mapping[str, object],
    mine: Mapping[str, object],
    counts: Side,
    conflicts: list[Conflict],
) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in dict.fromkeys([*theirs, *mine]):
        old, new, here = base.get(key), theirs.get(key), mine.get(key)
        if not _is_settled(old, new, here):
            conflicts.append(Conflict(PROGRAMME, key, None, old, new, here))
        found[key] = _chosen(old, new, here, counts)
    return {key: value for key, value in found.items() if value is not None}


def _is_settled(base: object, theirs: object, mine: object) -> bool:
    return theirs in (base, mine) or mine == base


def _chosen(base: object, theirs: object, mine: object, counts: Side) -> object:
    if theirs == base:
        return mine
    if mine == base:
        return theirs
    return theirs if counts is Side.THEIRS else mine


def _keyed(
    table: Table, base: Sequence[Row], theirs: Sequence[Row], mine: Sequence[Row], counts: Side, found: list[Conflict]
) -> Iterator[Row]:
    old, new, here = (_by_key(table, rows) for rows in (base, theirs, mine))
    for key in dict.fromkeys([*new, *here]):
        before, there, now = old.get(key), new.get(key), here.get(key)
        if there is not None and now is not None:
            yield _cells(table, before, there, now, counts, found)
        elif before is None:  # one side added it
            yield there or now  # type: ignore[misc]
        else:
            left = there or now
            assert left is not None
            if canonical(left.values) == canonical(before.values):
                continue  # one side removed it, and the other did not touch it
            found.append(Conflict(table.name, _named(table, left), None, before, there, now))
            if (there is not None) == (counts is Side.THEIRS):
                yield left


def _cells(table: Table, before: Row | None, there: Row, now: Row, counts: Side, found: list[Conflict]) -> Row:
    values: dict[str, Value] = {}
    for column in table.columns:
        old = None if before is None else before.values.get(column.name)
        new, here = there.values.get(column.name), now.values.get(column.name)
        if not _is_settled(old, new, here):
            found.append(Conflict(table.name, _named(table, there), column, old, new, here))
        values[column.name] = _chosen(old, new, here, counts)  # type: ignore[assignment]
    return Row(there.number, values)


def _keyless(base: Sequence[Row], theirs: Sequence[Row], mine: Sequence[Row]) -> Iterator[Row]:
    old, new, here = (Counter(canonical(row.values) for row in rows) for rows in (base, theirs, mine))
    left: Counter[str] = Counter()
    for form in {*old, *new, *here}:
        if new[form] == here[form]:
            left[form] = new[form]
        else:  # each row that a side added or removed
            left[form] = max(0, here[form] + new[form] - old[form])
    for row in [*theirs, *mine]:
        form = canonical(row.values)
        if left[form] > 0:
            left[form] -= 1
            yield row


def _without_home(base: Tables, mine: Tables, rows: Mapping[str, Sequence[Row]]) -> Iterator[LeftOut]:
    """Rows about a session or a volunteer that there was on one side and is not any more."""
    for home, column in (("sessions", "session_id"), ("volunteers", "volunteer_id")):
        known = {row.values.get(column) for row in rows[home]}
        gone = {row.values.get(column) for tables in (base, mine) for row in tables.rows.get(home, ())} - known
        for name in ("slots", "availability", "pins", "preferences", "overrides"):
            for row in rows[name]:
                if row.values.get(column) in gone:
                    yield LeftOut(name, row, str(row.values[column]))


def _by_key(table: Table, rows: Sequence[Row]) -> dict[tuple[Value, ...], Row]:
    return {tuple(row.values.get(column) for column in table.key): row for row in rows}


def _named(table: Table, row: Row) -> str:
    key = " ".join(str(row.values.get(column)) for column in table.key)
    name = row.values.get("name") or row.values.get("title")
    return f"{name} ({key})" if name else key
