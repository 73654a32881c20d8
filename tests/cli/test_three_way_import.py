"""Edits made in the workspace and changes made in the spreadsheet both stand after an import."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from matcher.edits import changed, find
from matcher.store import Workspace
from tests.cli.program import FIRST_STEPS, Said, here, well_here
from tests.cli.publishing_workspaces import scenario_later


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    shutil.copytree(FIRST_STEPS, tmp_path / "term")
    return tmp_path / "term"


@pytest.fixture
def db(sheet: Path, tmp_path: Path) -> Path:
    well_here("import", sheet, "--db", tmp_path / "a.db", "--quiet")
    return tmp_path / "a.db"


def edited(db: Path, table: str, key: dict[str, str], **cells: object) -> None:
    with Workspace.open(str(db)) as workspace:
        tables = workspace.load_tables()
        assert tables is not None
        row = find(tables, table, dict(key))
        assert row is not None
        workspace.edit("set", key, [changed(table, row, cells)])  # type: ignore[arg-type]


def rewritten(sheet: Path, table: str, key: str, **cells: str) -> None:
    """Changes cells of the row that begins with this id."""
    file = sheet / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if next(iter(row.values())) == key:
            row.update(cells)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def value(db: Path, table: str, key: dict[str, str], column: str) -> object:
    with Workspace.open(str(db)) as workspace:
        tables = workspace.load_tables()
        assert tables is not None
        row = find(tables, table, dict(key))
        return None if row is None else row[column]


def first_id(sheet: Path, table: str) -> str:
    with (sheet / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return next(iter(next(csv.DictReader(stream)).values()))


def again(sheet: Path, db: Path, *options: str) -> Said:
    return here("import", sheet, "--db", db, *options)


def test_an_edit_stands_after_the_same_spreadsheet_is_imported_again(sheet: Path, db: Path) -> None:
    who = {"volunteer_id": first_id(sheet, "volunteers")}
    edited(db, "volunteers", who, employer="A new employer")
    said = again(sheet, db)
    assert said.code == 0 and "Nothing has changed" in said.out
    assert value(db, "volunteers", who, "employer") == "A new employer"


def test_what_the_spreadsheet_changed_is_taken_beside_what_was_edited(sheet: Path, db: Path) -> None:
    key = first_id(sheet, "volunteers")
    edited(db, "volunteers", {"volunteer_id": key}, employer="A new employer")
    rewritten(sheet, "volunteers", key, role="A new role")
    said = again(sheet, db, "--yes")
    assert said.code == 0, said.err
    assert "employer" not in said.out and "role" in said.out
    assert value(db, "volunteers", {"volunteer_id": key}, "employer") == "A new employer"
    assert value(db, "volunteers", {"volunteer_id": key}, "role") == "A new role"


def test_where_both_changed_the_same_cell_somebody_has_to_say_whose_counts(sheet: Path, db: Path) -> None:
    key = first_id(sheet, "volunteers")
    edited(db, "volunteers", {"volunteer_id": key}, employer="From here")
    rewritten(sheet, "volunteers", key, employer="From there")
    said = again(sheet, db, "--yes")
    assert said.code == 1
    assert "From here" in said.err and "From there" in said.err and "--theirs" in said.err and "--mine" in said.err
    assert value(db, "volunteers", {"volunteer_id": key}, "employer") == "From here"
    assert again(sheet, db, "--theirs", "--mine").code == 1
    assert again(sheet, db, "--yes", "--mine").code == 0
    assert value(db, "volunteers", {"volunteer_id": key}, "employer") == "From here"
    assert "Nothing has changed" in again(sheet, db, "--yes").out, "it was settled, and is not asked again"
    rewritten(sheet, "volunteers", key, employer="From there again")
    assert again(sheet, db, "--yes", "--theirs").code == 0
    assert value(db, "volunteers", {"volunteer_id": key}, "employer") == "From there again"


def test_a_dry_run_names_the_conflicts_and_changes_nothing(sheet: Path, db: Path) -> None:
    key = first_id(sheet, "volunteers")
    edited(db, "volunteers", {"volunteer_id": key}, employer="From here")
    rewritten(sheet, "volunteers", key, employer="From there")
    said = again(sheet, db, "--dry-run")
    assert said.code == 0 and "From there" in said.out and "dry run" in said.out
    assert value(db, "volunteers", {"volunteer_id": key}, "employer") == "From here"


def test_todays_term_goes_out_as_a_workbook_and_comes_back_with_nothing_lost(
    sheet: Path, db: Path, tmp_path: Path
) -> None:
    key = first_id(sheet, "volunteers")
    edited(db, "volunteers", {"volunteer_id": key}, employer="From here")
    book = tmp_path / "today.xlsx"
    well_here("workbook", book, "--db", db)
    assert "Nothing has changed" in again(book, db).out
    assert here("workbook", book, "--db", db).code == 1, "nothing is overwritten"
    loaded = load_workbook(book)
    rows = loaded["volunteers"]
    heads = [cell.value for cell in rows[1]]
    rows.cell(2, heads.index("role") + 1).value = "From Excel"
    loaded.save(book)
    edited(db, "volunteers", {"volunteer_id": key}, sector="Since then")
    assert again(book, db, "--yes").code == 0
    for column, expected in (("employer", "From here"), ("role", "From Excel"), ("sector", "Since then")):
        assert value(db, "volunteers", {"volunteer_id": key}, column) == expected


def test_an_id_that_names_somebody_else_now_is_asked_for_also_with_yes(sheet: Path, db: Path) -> None:
    well_here("solve", "--db", db, "--time-limit", 1, "--quiet")
    well_here("publish", "--db", db, "--yes", "--no-letters", "--now", "2026-06-01T09:00")
    with Workspace.open(str(db)) as workspace:
        told = next(each.attendee_id for each in workspace.published() if each.attendee.value == "volunteer")
    rewritten(sheet, "volunteers", told, name="Somebody Else", email="else@example.org")
    said = again(sheet, db, "--yes")
    assert said.code == 1
    assert "Somebody Else" in said.err and f"--renamed {told}" in said.err
    assert again(sheet, db, "--yes", "--renamed", told).code == 0
    assert value(db, "volunteers", {"volunteer_id": told}, "name") == "Somebody Else"


def test_people_who_were_told_and_would_go_are_named(tmp_path: Path) -> None:
    sheet, db = scenario_later(tmp_path / "later"), tmp_path / "later.db"
    well_here("import", sheet, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--time-limit", 1, "--quiet")
    well_here("publish", "--db", db, "--yes", "--no-letters")
    with Workspace.open(str(db)) as workspace:
        told = next(each.session_id for each in workspace.published())
    for table in ("sessions", "slots", "preferences", "pins"):
        file = sheet / f"{table}.csv"
        if file.exists():
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            file.write_text("".join(line for line in lines if told not in line.split(",")), encoding="utf-8")
    said = again(sheet, db, "--dry-run")
    assert said.code == 0, said.err
    assert "was told to come to" in said.out and "the visit would go" in said.out
