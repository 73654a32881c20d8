"""What show and export answer from once people were told, and the lists that it makes to hand over."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.cli.program import FIRST_STEPS, here, well_here
from tests.cli.test_publishing_commands import YEARS

AFTER_ALL = str(date(2026, 12, 31) + YEARS) + "T12:00"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """First steps, many years on: run 1 was told as version 1, run 2 is a draft."""
    folder = tmp_path_factory.mktemp("show")
    scenario, db = folder / "scenario", folder / "matcher.db"
    shutil.copytree(FIRST_STEPS, scenario)
    for file in (*scenario.glob("*.csv"), scenario / "programme.toml"):
        text = re.sub(
            r"20\d\d-\d\d-\d\d",
            lambda day: str(date.fromisoformat(day[0]) + YEARS),
            file.read_text(encoding="utf-8"),
        )
        if file.suffix == ".toml":
            text = f'organiser_email = "visits@example.org"\n{text}'
        file.write_text(text, encoding="utf-8")
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    assert "Nobody was told of a plan yet" in well_here("show", "--db", db).out
    refused = here("export", "--told", "--out", folder / "none", "--db", db)
    assert refused.code == 1 and "matcher publish" in refused.err and not (folder / "none").exists()
    well_here("publish", "--db", db, "--yes")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    return db


def test_show_answers_from_what_people_were_told(told: Path) -> None:
    assert well_here("show", "--db", told).out.startswith("Version 1, which people were told: run 1,")
    draft = well_here("show", "--draft", "--db", told).out
    assert draft.startswith("Run 2,") and "Nobody was told" not in draft
    assert here("show", "--draft", "--run", "1", "--db", told).code == 1


def test_export_writes_the_newest_run_or_what_people_were_told(told: Path, tmp_path: Path) -> None:
    assert "Run 2 is in" in well_here("export", "--out", tmp_path / "newest", "--db", told).out
    assert "Run 1 is in" in well_here("export", "--told", "--out", tmp_path / "told", "--db", told).out
    page = (tmp_path / "told" / "report.html").read_text(encoding="utf-8")
    assert "not answered yet" in page and "(no answer yet)" in page


def test_lists_show_what_is_to_come(told: Path) -> None:
    assert "OAK-2" in well_here("show", "--db", told).out
    after = well_here("show", "--db", told, "--now", AFTER_ALL).out
    assert "OAK-2" not in after and "visits that have begun are not listed" in after
    assert "OAK-2" in well_here("show", "--run", "1", "--db", told, "--now", AFTER_ALL).out
    assert "No visits to come." in well_here("show", "--volunteer", "Rafi", "--db", told, "--now", AFTER_ALL).out


def test_a_list_to_hand_over_names_no_way_to_reach_other_volunteers(told: Path) -> None:
    school = well_here("show", "--school", "oak primary", "--db", told).out.split("To hand over:")[1]
    assert "Visitors to Oak Primary School" in school and "Ada Zoë Wilson" in school and "(no answer yet)" in school
    hers = well_here("show", "--volunteer", "ada", "--db", told).out.split("To hand over:")[1]
    assert "Visits of Ada Zoë Wilson" in hers and "Ask for:" in hers and "Your answer: no answer yet" in hers
    volunteers = (FIRST_STEPS / "volunteers.csv").read_text(encoding="utf-8")
    for address in re.findall(r"[\w.]+@[\w.]+", volunteers):
        assert address not in school and address not in hers
    for word in ("woman", "ethnic", "gender"):
        assert word not in (school + hers).casefold()
    names = [line.split(",")[1] for line in volunteers.splitlines()[1:]]
    assert [name for name in names if name in hers] == ["Ada Zoë Wilson"]


def test_the_answer_stands_wherever_a_team_is_shown(told: Path, tmp_path: Path) -> None:
    db = Path(shutil.copy(told, tmp_path / "matcher.db"))
    for word, shown in (("yes", "accepted"), ("maybe", "tentative"), ("no", "declined")):
        well_here("answer", "Ada", "OAK-2", word, "--db", db, "--yes")
        for place in (("show",), ("show", "--school", "OAK"), ("show", "--volunteer", "Ada")):
            assert shown in well_here(*place, "--db", db).out
        well_here("export", "--told", "--out", tmp_path / word, "--db", db)
        page = (tmp_path / word / "report.html").read_text(encoding="utf-8")
        assert f"({shown})" in page
    assert "people said no" in page and page.index("people said no") < page.index("not answered yet")
    assert "Gaps" not in well_here("show", "--db", db, "--now", AFTER_ALL).out


def test_a_repair_is_shown_and_compared_with_a_run_that_is_none(told: Path, tmp_path: Path) -> None:
    db = Path(shutil.copy(told, tmp_path / "matcher.db"))
    well_here("answer", "Ada", "OAK-2", "no", "--db", db, "--yes")
    well_here("repair", "--db", db, "--yes", "--quiet", "--deterministic")
    draft = well_here("show", "--draft", "--db", db).out
    assert re.search(r"changes? to what people were told: proven fewest", draft)
    for first, second in (("1", "3"), ("3", "1")):
        compared = well_here("compare", first, second, "--db", db).out
        assert re.search(r"changes .*–", compared) and re.search(r"told_reach .*–", compared)
    well_here("export", "--out", tmp_path / "plan", "--db", db)
    assert "to what people were told" in (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
