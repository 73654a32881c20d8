"""From one term to the next on the command line: what took place goes along, checks that run out are listed."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from matcher.intake import read_scenario
from tests.cli.program import here, well_here
from tests.cli.publishing_workspaces import YEARS, publish_later

AFTER = "2046-12-31T12:00"


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return publish_later(tmp_path)


@pytest.mark.parametrize("name", ["next", "next.xlsx"])
def test_close_term_writes_a_scenario_to_go_on_from_and_says_what_is_in_it(db: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    said = well_here("close-term", out, "--db", db, "--now", AFTER)
    assert "2 schools, 6 volunteers and 11 encounters, 10 of them at the 3 visits" in " ".join(said.out.split())
    assert "Left out, as they are of this term alone: sessions, slots, availability" in said.out
    assert f"matcher import {out}" in said.out
    problem = read_scenario(out).problem
    assert len(problem.encounters) == 11 and len(problem.records) == 3 and not problem.sessions
    again = here("close-term", out, "--db", db, "--now", AFTER, "--yes")
    assert again.code == 1 and "left as it is" in again.err


def test_a_term_that_is_not_over_says_what_is_still_to_come(db: Path, tmp_path: Path) -> None:
    said = well_here("close-term", tmp_path / "next", "--db", db, "--quiet")
    assert said.out == ""
    assert said.err.startswith("warning: 3 visits that people were told of are still to come, and left out.")
    assert rows(tmp_path / "next" / "encounters.csv")[1:] == []


@pytest.mark.parametrize(
    ("moment", "words"), [("2020-01-01T09:00", "before version 1 was published"), ("half-term", "no moment")]
)
def test_a_moment_that_cannot_be_writes_nothing(db: Path, tmp_path: Path, moment: str, words: str) -> None:
    said = here("close-term", tmp_path / "next", "--db", db, "--now", moment)
    assert said.code == 1 and words in said.err
    assert not (tmp_path / "next").exists()


def test_a_session_id_that_was_told_in_an_earlier_term_is_warned_of_at_import(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "next"
    well_here("close-term", out, "--db", db, "--now", AFTER)
    text = (out / "programme.toml").read_text(encoding="utf-8")
    for key, day in (("first", "2047-01-04"), ("last", "2047-07-16")):
        text = re.sub(rf"(?m)^{key}_day = .*$", f"{key}_day = {day}", text)
    (out / "programme.toml").write_text(text, encoding="utf-8")
    heading = (out / "sessions.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    for session_id, warned in (("OAK-1", True), ("OAK-spring", False)):
        given = {"session_id": session_id, "cohort_ids": "OAK-Y5", "min_volunteers": "1", "max_volunteers": "2"}
        line = ",".join(given.get(column, "") for column in heading)
        (out / "sessions.csv").write_text(f"{','.join(heading)}\n{line}\n", encoding="utf-8")
        said = well_here("import", out, "--db", db, "--dry-run")
        assert ("an earlier term under an id that this spreadsheet uses again: OAK-1." in said.err) is warned


def test_due_lists_whose_check_runs_out_by_name(db: Path) -> None:
    runs_out = date(2027, 7, 31) + YEARS
    before, after = runs_out - timedelta(days=40), runs_out + timedelta(days=1)
    assert "Nobody's check runs out within 60 days." in well_here("due", "--db", db).out
    said = well_here("due", "--db", db, "--now", f"{before}T09:00")
    lines = said.out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith(f"Ada Zoë Wilson (ADA, ada@example.org): holds until {runs_out}")
    assert "Nobody" in well_here("due", "--db", db, "--now", f"{before}T09:00", "--days", "7").out
    late = well_here("due", "--db", db, "--now", f"{after}T09:00", "--days", "0")
    assert f"Nick Osei (NICK, nick@example.org): ran out after {runs_out}" in late.out
    assert not [word for word in ("woman", "asian", "black", "mixed") if word in said.out]
