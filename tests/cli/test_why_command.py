"""`matcher why`, from outside, on the small example."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import FIRST_STEPS, Said, here, well_here
from tests.cli.publishing_workspaces import publish_later


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("why") / "term.db"
    well_here("import", FIRST_STEPS, "--db", db, "--yes")
    well_here("solve", "--db", db, "--time-limit", 3, "--yes")
    return db


def why(workspace: Path, *words: str) -> Said:
    return here("why", *words, "--db", workspace)


def test_a_visit_that_does_not_take_place_is_explained_with_what_would_bring_it(workspace: Path) -> None:
    said = why(workspace, "A day on the railway")
    assert said.code == 0, said.err
    assert "No Rail volunteer can come" in said.out
    assert "if Rafi Jones would travel 5 km further than they said" in said.out
    assert "if one more person from Rail joined who is free on Thu 8 Oct, 09:30" in said.out


def test_a_visit_that_takes_place_says_who_comes(workspace: Path) -> None:
    assert "takes place, Mon 5 Oct, 09:30 2026, with" in why(workspace, "OAK-1", "--draft").out


def test_somebody_is_told_to_come_or_what_keeps_them_away(workspace: Path) -> None:
    team = why(workspace, "OAK-1").out
    person = "Dee" if "Dee" in team else "Fred"
    assert f"{person}" in team and "comes to Classroom chat" in why(workspace, person, "OAK-1").out
    said = why(workspace, "Rafi", "ELM-1").out
    assert "Rafi Jones does not come to Speed networking" in said
    assert "The school is 16.7 km from them, and they travel at most 12 km." in said


def test_it_says_that_no_pins_clash_and_which_do(workspace: Path, tmp_path: Path) -> None:
    assert "No pins clash" in why(workspace, "--pins").out
    for file in FIRST_STEPS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rafi = next(
        line.split(",")[0] for line in (FIRST_STEPS / "volunteers.csv").read_text().splitlines() if "Rafi" in line
    )
    (tmp_path / "pins.csv").write_text(f"session_id,volunteer_id,start,decision\nELM-1,{rafi},,keep\n")
    db = tmp_path / "other.db"
    well_here("import", tmp_path, "--db", db, "--yes")
    said = well_here("why", "--pins", "--db", db).out
    assert "This pin cannot be kept:\n  Rafi Jones is to come to Speed networking at Elm Primary School" in said


@pytest.mark.parametrize("words", [(), ("a", "b", "c"), ("OAK-1", "--pins")])
def test_what_it_cannot_answer_is_said(workspace: Path, words: tuple[str, ...]) -> None:
    said = why(workspace, *words)
    assert said.code == 1 and "Ask about one session" in said.err


def test_unknown_names_are_said(workspace: Path) -> None:
    assert "There is no session called “Nowhere”" in why(workspace, "Nowhere").err
    assert "There is no volunteer called “Nobody”" in why(workspace, "Nobody", "OAK-1").err


def test_a_draft_is_asked_about_as_it_is(tmp_path: Path) -> None:
    db = publish_later(tmp_path)
    well_here("move", "OAK-1", "2046-10-08T09:30", "--db", db)
    well_here("repair", "--db", db, "--quiet")
    said = well_here("why", "OAK-1", "--draft", "--db", db)
    assert "takes place, Mon 8 Oct, 09:30 2046" in said.out
