"""Whatever stands in a file or a cell, reading it ends in a term or in located problems, never in anything else."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import hostile_workbooks
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_scenario import Scenario, tables_of
from openpyxl.utils.exceptions import IllegalCharacterError

from matcher.authoring.write import write_folder, write_workbook
from matcher.errors import InputProblem, InputProblems
from matcher.intake import read_scenario
from matcher.tables import TABLES, Column, Kind, Row, Table, Tables, Value

SOME = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
FEW = settings(SOME, max_examples=60)

GOOD_PARTS = hostile_workbooks.with_shared_texts(hostile_workbooks.parts())
FILES = ["programme.toml", *(f"{table.name}.csv" for table in TABLES)]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def check_that_it_ends_well(path: Path) -> None:
    """Either a scenario, or problems each of which says where, what was found and expected, and what to do."""
    try:
        warnings: tuple[InputProblem, ...] = read_scenario(path).warnings
    except InputProblems as refused:
        assert refused.problems
        warnings = refused.problems
    for problem in warnings:
        assert problem.file and problem.found and problem.expected and problem.action
        assert "\n" not in str(problem).replace(problem.file, "").replace(problem.column, "")


bytes_of_a_file = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(max_size=200).map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.text(alphabet='",;\r\n\tab1é ', max_size=200).map(str.encode),
    st.text(alphabet="[]{}=\"'.,#\n 0123456789abflimtsgo_-:TZ\\", max_size=200).map(str.encode),
)


@SOME
@given(name=st.sampled_from(FILES), content=bytes_of_a_file, keep=st.booleans())
def test_any_bytes_may_stand_in_any_file_of_a_folder(name: str, content: bytes, keep: bool) -> None:
    with folder() as where:
        Scenario().to_folder(where)
        good = (where / name).read_bytes()
        (where / name).write_bytes(good + content if keep else content)
        check_that_it_ends_well(where)


any_text = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.text(alphabet="0123456789-/:T.;,%eE+ ", max_size=20),
    st.sampled_from([word for table in TABLES for column in table.columns for word in column.choices]),
    st.sampled_from(["S1", "S1-Y5", "A", "V1", "2026-10-13T09:30", "9999-12-31", "0001-01-01", "24:00", "1e308", "-0"]),
)
any_cell = st.sampled_from(
    [
        (name, row, str(heading))
        for name, grid in Scenario().tables.items()
        for row in range(1, len(grid) + 1)
        for heading in grid[0]
    ]
)


@SOME
@given(cells=st.lists(st.tuples(any_cell, any_text), min_size=1, max_size=4))
def test_any_text_may_stand_in_any_cell_of_a_folder(cells: list[tuple[tuple[str, int, str], str]]) -> None:
    scenario = Scenario()
    for (table, row, heading), value in cells:
        if heading in scenario.tables[table][0]:
            scenario.put(table, row, heading, value)
    with folder() as where:
        check_that_it_ends_well(scenario.to_folder(where / "s"))


any_value = st.one_of(
    any_text,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.sampled_from(["=1+1", "#N/A", "#DIV/0!"]),
)
any_format = st.sampled_from(
    ["", "General", "0%", "yyyy-mm-dd", "h:mm", "[h]:mm", "@", '"d"0', "[$-F800]dddd", "0.0\\%"]
)


@FEW
@given(cells=st.lists(st.tuples(any_cell, any_value, any_format), min_size=1, max_size=4))
def test_any_value_in_any_format_may_stand_in_any_cell_of_a_workbook(
    cells: list[tuple[tuple[str, int, str], object, str]],
) -> None:
    scenario = Scenario()
    for (table, row, heading), value, number_format in cells:
        if heading in scenario.tables[table][0] and (row > 1 or isinstance(value, str)):
            scenario.put(table, row, heading, value, number_format if row > 1 else "")
    with folder() as where:
        try:
            path = scenario.to_workbook(where / "s.xlsx")
        except (IllegalCharacterError, ValueError, OverflowError, TypeError):
            return  # openpyxl cannot write it
        check_that_it_ends_well(path)


@FEW
@given(
    key=st.sampled_from(["name", "first_day", "closed", "timezone", "limits.travel_kmh", "goals", "x"]), value=any_value
)
def test_any_value_may_stand_in_the_programme_sheet(key: str, value: object) -> None:
    scenario = Scenario()
    scenario.programme[key] = value
    with folder() as where:
        try:
            path = scenario.to_workbook(where / "s.xlsx")
        except (IllegalCharacterError, ValueError, OverflowError, TypeError):
            return
        check_that_it_ends_well(path)


@FEW
@given(content=st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_may_be_called_a_workbook(content: bytes) -> None:
    with folder() as where:
        (where / "s.xlsx").write_bytes(content)
        check_that_it_ends_well(where / "s.xlsx")


@SOME
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_workbook_may_be_damaged_anywhere(changes: list[tuple[float, int]]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # not packed, so that the damage reaches the XML
        for name, data in GOOD_PARTS.items():
            archive.writestr(name, data)
    content = bytearray(buffer.getvalue())
    for place, byte in changes:
        content[int(place * len(content))] = byte
    with folder() as where:
        (where / "s.xlsx").write_bytes(content)
        check_that_it_ends_well(where / "s.xlsx")


@SOME
@given(
    part=st.sampled_from([name for name in GOOD_PARTS if "docProps" not in name and "theme" not in name]),
    place=st.floats(0, 1),
    length=st.integers(0, 30),
    inserted=st.one_of(
        st.binary(max_size=20), st.sampled_from([b'r="', b"<c/>", b"</row>", b"<v>-1</v>", b"<v>1e999</v>"])
    ),
)
def test_any_part_of_a_workbook_may_be_altered(part: str, place: float, length: int, inserted: bytes) -> None:
    data = GOOD_PARTS[part]
    at = int(place * len(data))
    with folder() as where:
        path = hostile_workbooks.written(
            where / "s.xlsx", {**GOOD_PARTS, part: data[:at] + inserted + data[at + length :]}
        )
        check_that_it_ends_well(path)


# --------------------------------------------------------------------------------------------- what is good comes back

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip)
plain = words.filter(lambda word: word and "\x00" not in word)
part_of_a_list = plain.filter(lambda word: ";" not in word)
some_minute = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
some_day = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@st.composite
def some_days_apart(draw: st.DrawFn) -> tuple[str, ...]:
    found, day = [], date(2020, 1, 1)
    for gap, length in draw(st.lists(st.tuples(st.integers(2, 400), st.integers(0, 30)), min_size=1, max_size=3)):
        first = day + timedelta(days=gap)
        day = first + timedelta(days=length)
        found.append(f"{first}..{day}" if length else f"{first}")
    return tuple(found)


def decimals(low: float, high: float) -> st.SearchStrategy[Value]:
    """A workbook keeps 15 figures."""
    return st.floats(low, high).map(lambda number: round(number, 6))


VALUES: dict[Kind, st.SearchStrategy[Value]] = {
    Kind.TEXT: plain,
    Kind.ID: part_of_a_list,
    Kind.ID_LIST: st.lists(part_of_a_list, min_size=1, max_size=3).map(tuple),
    Kind.WORD_LIST: st.lists(part_of_a_list, min_size=1, max_size=3).map(tuple),
    Kind.WHOLE: st.integers(0, 1_000_000),
    Kind.SIGNED: st.integers(-1_000_000, 1_000_000),
    Kind.NUMBER: decimals(0, 1e6),
    Kind.PERCENT: decimals(0, 100),
    Kind.SHARE: decimals(0, 1),
    Kind.LATITUDE: decimals(-90, 90),
    Kind.LONGITUDE: decimals(-180, 180),
    Kind.DATE: some_day,
    Kind.DAYS: some_days_apart(),
    Kind.MOMENT: st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(
        lambda m: m.replace(second=0, microsecond=0)
    ),
    Kind.CLOCK: st.integers(0, 1440),
}


def values_of(column: Column) -> st.SearchStrategy[Value]:
    if column.kind is Kind.CHOICE:
        value: st.SearchStrategy[Value] = st.sampled_from(column.choices)
    elif column.kind is Kind.CHOICE_LIST:
        value = st.lists(st.sampled_from(column.choices), min_size=1, unique=True).map(tuple)
    else:
        value = VALUES[column.kind]
    return value if column.required else st.none() | value


@st.composite
def rows_of(draw: st.DrawFn, table: Table) -> tuple[Row, ...]:
    drawn = draw(
        st.lists(
            st.fixed_dictionaries({column.name: values_of(column) for column in table.columns}),
            max_size=3,
            unique_by=lambda row: tuple(str(row[column]).casefold() for column in table.key) if table.key else id(row),
        )
    )
    for row in drawn:
        if table.name == "volunteers" and row["matching_consent"] != "yes":
            row["gender"] = row["ethnicity"] = None
        if table.name == "encounters" and row["matching_consent"] != "yes":
            row["gender"] = row["ethnicity"] = None
    return tuple(Row(number, row) for number, row in enumerate(drawn, start=2))


@FEW
@pytest.mark.parametrize("form", ["folder", "workbook"])
@given(data=st.data())
def test_good_values_come_back_as_they_were_written(form: str, data: st.DataObject) -> None:
    programme = {"name": data.draw(plain), "first_day": date(2026, 9, 7), "last_day": date(2026, 12, 18)}
    tables = Tables(programme, {table.name: data.draw(rows_of(table)) for table in TABLES})
    with folder() as where:
        if form == "folder":
            write_folder(tables, where / "s")
            found = tables_of(where / "s")
        else:
            write_workbook(tables, where / "s.xlsx")
            found = tables_of(where / "s.xlsx")
    assert found == tables


@FEW
@given(
    moment=some_minute,
    day=some_day,
    clock=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    length=st.integers(0, 1440),
)
def test_a_spreadsheets_fractions_of_a_day_come_back_as_the_minute_they_show(
    moment: datetime, day: date, clock: time, length: int
) -> None:
    scenario = Scenario()
    scenario.tables["slots"][1][1:] = [moment, moment.replace(hour=23, minute=59)]
    scenario.put("volunteers", 3, "checked_until", day)
    scenario.put("availability", 2, "from", clock)
    scenario.put("availability", 2, "to", timedelta(minutes=length), "[h]:mm")
    with folder() as where:
        tables = tables_of(scenario.to_workbook(where / "s.xlsx"))
    assert tables.rows["slots"][0]["start"] == moment
    assert tables.rows["volunteers"][1]["checked_until"] == day
    assert tables.rows["availability"][0]["from"] == 60 * clock.hour + clock.minute
    assert tables.rows["availability"][0]["to"] == length


def test_openpyxl_reads_the_same_cells(tmp_path: Path) -> None:
    """An independent reader of the same workbook, which knows nothing of ours."""
    path = Scenario().to_workbook(tmp_path / "s.xlsx")
    tables = tables_of(path)
    for name, rows in tables.rows.items():
        theirs = list(openpyxl.load_workbook(path, read_only=True)[name].iter_rows(min_row=2, values_only=True))
        assert len(theirs) == len(rows)
        assert [str(row[0]) for row in theirs] == [row[next(iter(row.values))] for row in rows]
