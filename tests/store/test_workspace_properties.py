"""Whatever rows a scenario has: kept exactly, and told apart exactly."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from matcher.store import What, Workspace, diff, fingerprint, summary
from matcher.tables import TABLES, Column, Kind, Row, Table, Tables, Value

pytest_plugins = ("store_fixtures",)

# PostgreSQL has no NUL, no encoding has half a surrogate pair; intake refuses both
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[Kind, SearchStrategy[Value]] = {
    **dict.fromkeys((Kind.TEXT, Kind.ID, Kind.CHOICE), texts),
    **dict.fromkeys((Kind.ID_LIST, Kind.WORD_LIST, Kind.CHOICE_LIST), st.lists(texts, max_size=3).map(tuple)),
    **dict.fromkeys((Kind.WHOLE, Kind.SIGNED), st.integers(-(2**63), 2**63 - 1)),
    **dict.fromkeys((Kind.NUMBER, Kind.PERCENT, Kind.SHARE, Kind.LATITUDE, Kind.LONGITUDE), numbers),
    Kind.DATE: st.dates(),
    Kind.DAYS: st.lists(st.dates().map(str), max_size=3).map(tuple),
    Kind.MOMENT: st.datetimes(),
    Kind.CLOCK: st.integers(0, 1440),
}


def cells(column: Column) -> SearchStrategy[Value]:
    return VALUES[column.kind] if column.required else st.none() | VALUES[column.kind]


def tables_rows(table: Table) -> SearchStrategy[tuple[Row, ...]]:
    values = st.fixed_dictionaries({column.name: cells(column) for column in table.columns})
    rows = st.builds(Row, st.integers(1, 1_048_576), values)
    unique = (lambda row: tuple(row[name] for name in table.key)) if table.key else None
    return st.lists(rows, max_size=3, unique_by=unique).map(tuple)


days = st.lists(st.dates(), max_size=3).map(tuple)
programmes = st.dictionaries(texts, texts | st.integers() | numbers | st.dates() | days, max_size=3)
PERSONAL = ("volunteers", "encounters")
scenarios = st.builds(Tables, programmes, st.fixed_dictionaries({table.name: tables_rows(table) for table in TABLES}))


def consenting(scenario: Tables) -> Tables:
    """The same, with everybody's consent: without it gender and ethnicity are not kept."""

    def agreed(row: Row) -> Row:
        return replace(row, values={**row.values, "matching_consent": "yes"})

    rows = {name: tuple(map(agreed, rows)) for name, rows in scenario.rows.items() if name in PERSONAL}
    return Tables(scenario.programme, {**scenario.rows, **rows})


def tried(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@tried(40)
@given(scenario=scenarios.map(consenting), other=scenarios.map(consenting))
def test_every_value_survives(scenario: Tables, other: Tables) -> None:
    with TemporaryDirectory() as folder, Workspace.open(str(Path(folder, "w.db")), create=True) as workspace:
        for tables in (scenario, other):
            changes = workspace.replace_tables(tables, "derby.xlsx")
            loaded = workspace.load_tables()
            assert loaded is not None
            if changes:
                assert loaded == tables
            assert diff(loaded, tables) == ()
            assert fingerprint(loaded) == fingerprint(tables)


def test_every_value_survives_in_postgresql(postgresql_database: str) -> None:
    with Workspace.open(postgresql_database, create=True) as workspace:

        @tried(25)
        @given(scenario=scenarios.map(consenting))
        def survives(scenario: Tables) -> None:
            if workspace.replace_tables(scenario, "derby.xlsx"):
                assert workspace.load_tables() == scenario

        survives()


@tried(40)
@given(scenario=scenarios, seed=st.integers())
def test_the_order_and_place_of_rows_is_no_change(scenario: Tables, seed: int) -> None:
    def shuffled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        mixed = random.Random(seed).sample(rows, len(rows))
        return tuple(replace(row, number=place) for place, row in enumerate(mixed))

    again = Tables(scenario.programme, {name: shuffled(rows) for name, rows in scenario.rows.items()})
    assert diff(scenario, scenario) == diff(scenario, again) == ()
    assert fingerprint(scenario) == fingerprint(again)


@tried(60)
@given(old=scenarios, new=scenarios, kept=st.sets(st.sampled_from([table.name for table in TABLES])))
def test_changes_add_up(old: Tables, new: Tables, kept: set[str]) -> None:
    new = Tables(new.programme, {name: (old if name in kept else new).rows[name] for name in new.rows})
    there, back = diff(old, new), diff(new, old)
    assert (there == ()) == (fingerprint(old) == fingerprint(new))
    opposite = {What.ADDED: What.REMOVED, What.REMOVED: What.ADDED, What.CHANGED: What.CHANGED}
    assert Counter((c.table, c.what, c.row, c.count) for c in there) == Counter(
        (c.table, opposite[c.what], c.row, c.count) for c in back
    )
    for table in TABLES:
        counts = Counter[What]()
        for change in there:
            if change.table == table.name:
                counts[change.what] += change.count
        growth = len(new.rows[table.name]) - len(old.rows[table.name])
        assert counts[What.ADDED] - counts[What.REMOVED] == growth
        if table.name in kept:
            assert not counts
    assert all(str(change).isprintable() for change in there)
    assert len(summary(there)) == len({change.table for change in there})


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_cell_is_tried(kind: Kind) -> None:
    assert kind in VALUES
