"""What stands in the way of any plan is pointed out where it stands: file and row, sheet and row, or table and row."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.advice.warnings import warnings
from matcher.authoring.write import write_workbook
from matcher.intake import Place, locator, read_scenario
from matcher.rules.tiny import free, problem, session, slot, volunteer

FIRST_STEPS = Path(__file__).parents[2] / "scenarios" / "first-steps"
Cells = dict[str, str]


def changed(file: Path, change: Callable[[list[Cells]], list[Cells]]) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows, headings = list(reader), list(reader.fieldnames or ())
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, headings, restval="")
        writer.writeheader()
        writer.writerows(change(rows))


NEWCOMER = {"volunteer_id": "V-NEW", "name": "New", "sector": "Rail", "modes": "virtual"}
ROW = len(read_scenario(FIRST_STEPS).problem.volunteers) + 2


@pytest.fixture
def newcomer(tmp_path: Path) -> Path:
    """First steps, with one volunteer more who is never free."""
    folder = tmp_path / "spoilt"
    shutil.copytree(FIRST_STEPS, folder)
    changed(folder / "volunteers.csv", lambda rows: [*rows, NEWCOMER])
    return folder


@pytest.fixture
def spoilt(newcomer: Path) -> Path:
    """The newcomer is free at night only; and no plan delivers the fourth session of first steps anyway."""
    night = {"volunteer_id": "V-NEW", "weekday": "sun", "from": "22:00", "to": "23:00"}
    changed(newcomer / "availability.csv", lambda rows: [*rows, night])
    return newcomer


def test_ids_that_are_formulas_are_pointed_out() -> None:
    term = problem([session("=S1")], [volunteer("@V1"), volunteer("-1")])
    found = [each.found for each in warnings(term, lambda table, _: Place(table))]
    assert found == [
        "@V1, which a spreadsheet takes for a formula: CSV files will say '@V1",
        "=S1, which a spreadsheet takes for a formula: CSV files will say '=S1",
    ]


def test_a_folder_names_the_file_and_the_row(spoilt: Path) -> None:
    intake = read_scenario(spoilt)
    person, visit = warnings(intake.problem, intake.place)
    assert (person.where, visit.where) == (f"volunteers.csv, row {ROW}", "sessions.csv, row 5")
    assert person.found.startswith("V-NEW, who can be at no session: ")
    assert visit.found.startswith(f"{list(intake.problem.sessions)[3]}, which no plan can deliver: ")
    assert (visit.expected, visit.action) == ("a time at which a team can come", "Offer other times, or ask for less.")


def test_a_workbook_names_the_file_the_sheet_and_the_row(spoilt: Path, tmp_path: Path) -> None:
    write_workbook(read_scenario(spoilt).tables, tmp_path / "spoilt.xlsx")
    intake = read_scenario(tmp_path / "spoilt.xlsx")
    assert [warning.where for warning in warnings(intake.problem, intake.place)] == [
        f"spoilt.xlsx, sheet volunteers, row {ROW}",
        "spoilt.xlsx, sheet sessions, row 5",
    ]


def test_a_workspace_names_the_table_and_the_row(spoilt: Path) -> None:
    intake = read_scenario(spoilt)
    found = warnings(intake.problem, locator(intake.tables))
    assert [warning.where for warning in found] == [f"volunteers, row {ROW}", "sessions, row 5"]


def test_whoever_is_never_free_has_been_warned_of_in_reading(newcomer: Path) -> None:
    intake = read_scenario(newcomer)
    told = [*intake.warnings, *warnings(intake.problem, intake.place)]
    of_volunteers = [warning.where for warning in told if warning.file == "volunteers.csv"]
    assert of_volunteers == [f"volunteers.csv, row {ROW}, column volunteer_id"]


def somewhere(table: str, key: str) -> Place:
    return Place(f"{table}.csv", row=19)


def test_a_volunteer_for_no_session_is_told_what_stands_against_them() -> None:
    morning, noon = slot("09:00", "10:00"), slot("12:00", "13:00")
    busy = volunteer("V2", availability=(free("12:00", "13:00"),), excluded_schools=frozenset("AB"))
    term = problem([session("S1", morning, noon), session("S2", noon, school="B")], [volunteer("V1"), busy])
    (warning,) = warnings(term, somewhere)
    assert str(warning) == (
        "volunteers.csv, row 19: found V2, who can be at no session: 2 times not to be sent to this school, "
        "1 time not free then; expected somebody free for some session that is near enough. "
        "Look at their availability, distance and modes."
    )


def test_a_volunteer_who_lives_too_far_away_is_told_so() -> None:
    far = volunteer("V2", max_distance_km=5.0)  # where nobody's position is known, everything is 10 km away
    (warning,) = warnings(problem([session("S1")], [volunteer("V1"), far]), somewhere)
    assert warning.found == "V2, who can be at no session: 1 time too far away or not offering to come that way"


def test_where_no_session_has_a_time_no_volunteer_is_blamed() -> None:
    term = problem([session("S1")], [volunteer("V1")], closed=[slot().day])
    assert [warning.file for warning in warnings(term, somewhere)] == ["sessions.csv"]
