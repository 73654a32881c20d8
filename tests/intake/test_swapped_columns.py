"""Columns that were exchanged: one message says so, and nothing is put right in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_scenario import Scenario, problems_of, read, warnings_of

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])


def swap_headings(scenario: Scenario, table: str, first: str, second: str) -> None:
    headings = scenario.tables[table][0]
    a, b = headings.index(first), headings.index(second)
    headings[a], headings[b] = headings[b], headings[a]


@FORMS
@pytest.mark.parametrize("tables", [("schools",), ("volunteers",), ("schools", "volunteers")])
def test_latitude_and_longitude_that_are_swapped_are_noticed(
    tables: tuple[str, ...], form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    for table in tables:
        swap_headings(scenario, table, "latitude", "longitude")
    found = warnings_of(scenario.write(form, tmp_path))
    assert [warning.row for warning in found] == [None] * len(tables)
    for table, warning in zip(tables, found, strict=True):
        assert table in (warning.file.removesuffix(".csv"), warning.sheet)
        assert "latitude and longitude that seem to be swapped, in rows 2 and 3" in warning.found
        assert "used as they stand" in warning.action


def test_one_row_whose_position_is_swapped_is_named(tmp_path: Path) -> None:
    scenario = Scenario()
    for n in range(3, 9):
        scenario.add("schools", school_id=f"S{n}", name="More", latitude="52.9", longitude="-1.4")
    scenario.put("schools", 3, "latitude", "-1.48")
    scenario.put("schools", 3, "longitude", "52.93")
    (warning,) = warnings_of(scenario.to_folder(tmp_path / "s"))
    assert (warning.row, warning.column) == (3, "latitude")
    assert "exchange the two cells" in warning.action


def test_elsewhere_in_the_world_a_swapped_table_is_noticed_by_the_others(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["timezone"] = "Africa/Nairobi"
    for table in ("schools", "volunteers"):
        for row in (2, 3):
            scenario.put(table, row, "latitude", "-1.29")
            scenario.put(table, row, "longitude", "36.82")
    scenario.add("schools", school_id="S3", name="More", latitude="-1.3", longitude="36.8")
    assert warnings_of(scenario.to_folder(tmp_path / "right")) == []
    swap_headings(scenario, "volunteers", "latitude", "longitude")
    (warning,) = warnings_of(scenario.to_folder(tmp_path / "swapped"))
    assert warning.file == "volunteers.csv"


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("60.15", "-1.14"), ("49.2", "-2.1"), ("51.5", "0"), ("48.9", "2.35")]
)
def test_places_that_are_far_but_real_are_not_taken_for_swapped(latitude: str, longitude: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 2, "latitude", latitude)
    scenario.put("volunteers", 2, "longitude", longitude)
    assert warnings_of(scenario.to_folder(tmp_path / "s")) == []


@FORMS
@pytest.mark.parametrize("table", ["volunteers", "encounters"])
def test_gender_and_ethnicity_that_are_swapped_are_noticed_without_repeating_them(
    table: str, form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    swap_headings(scenario, table, "gender", "ethnicity")
    intake = read(scenario.write(form, tmp_path))
    (warning,) = intake.warnings
    assert (warning.row, warning.column) == (None, "gender")
    assert "in row 2" in warning.found
    assert "swapped" in warning.action
    assert not any(word in str(warning) for word in ("Indian", "woman", "man ", "Black"))


def test_other_is_a_gender_and_an_ethnic_group(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables["encounters"] = []
    scenario.put("volunteers", 2, "gender", "other")
    scenario.put("volunteers", 2, "ethnicity", "other")
    found = warnings_of(scenario.to_folder(tmp_path / "s"))
    assert not any("swapped" in str(warning) for warning in found)


@FORMS
@pytest.mark.parametrize(
    ("table", "first", "second", "rows"),
    [
        ("slots", "start", "end", "3 of 3"),
        ("sessions", "min_volunteers", "max_volunteers", "2 of 2"),
        ("availability", "from", "to", "2 of 2"),
        ("availability", "first_day", "last_day", "2 of 2"),
    ],
)
def test_two_columns_that_are_swapped_are_one_problem(
    table: str, first: str, second: str, rows: str, form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.put("availability", 4, "from", "10:00")
    scenario.put("availability", 4, "to", "11:00")
    scenario.put("availability", 2, "first_day", "2026-10-01")
    scenario.put("availability", 2, "last_day", "2026-10-31")
    swap_headings(scenario, table, first, second)
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert (problem.row, problem.column) == (None, first)
    assert f"in {rows} rows" in problem.found
    assert f"The columns {first} and {second} seem to be swapped" in problem.action


def test_one_row_the_wrong_way_round_is_told_by_itself(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("slots", 3, "start", "2026-10-13T10:30")
    scenario.put("slots", 3, "end", "2026-10-13T09:30")
    (problem,) = problems_of(scenario.to_folder(tmp_path / "s"))
    assert problem.row == 3
