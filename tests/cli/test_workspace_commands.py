"""The workspace from the command line: what is kept, what is asked, and what a kill leaves behind."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from matcher.authoring.generate import generate
from matcher.authoring.write import write_folder
from matcher.intake import read_scenario
from tests.cli.program import (
    FIRST_STEPS,
    assert_complete,
    command,
    contents,
    environment,
    here,
    interrupted,
    on_terminal,
    well,
    well_here,
)


def kept(db: Path) -> list[str]:
    """Everything in the database, as SQL."""
    with closing(sqlite3.connect(db)) as connection:
        return list(connection.iterdump())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with first steps and one run, to be copied."""
    db = tmp_path_factory.mktemp("workspace") / "matcher.db"
    well_here("import", FIRST_STEPS, "--db", db)
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    return db


@pytest.fixture
def db(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "matcher.db"))


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """First steps, but Lena moved to another employer, Nick left, Sam came."""
    scenario = tmp_path / "changed"
    shutil.copytree(FIRST_STEPS, scenario)
    file = scenario / "volunteers.csv"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("NICK")]
    lines = [line.replace("Friar Gate Law", "Iron Gate Law") for line in lines]
    file.write_text("\n".join([*lines, "SAM,Sam Bell,,,,,Rail,,,,,,,,,"]) + "\n", encoding="utf-8")
    free = scenario / "availability.csv"
    rows = [line for line in free.read_text(encoding="utf-8").splitlines() if not line.startswith("NICK")]
    free.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return scenario


def test_the_round_trip(tmp_path: Path) -> None:
    """Import, solve, show, runs, export and compare; MATCHER_DB says where."""
    db = str(tmp_path / "term.db")
    assert "sessions: 4 added" in well("import", FIRST_STEPS, MATCHER_DB=db).out
    assert "No runs yet" in well_here("runs", MATCHER_DB=db).out
    said = well("solve", "--time-limit", 20, "--seed", 5, "--json", MATCHER_DB=db)
    assert said.events[-1]["run"] == 1
    assert said.events[-1]["status"] == "optimal"
    well_here("solve", "--deterministic", "--quiet", MATCHER_DB=db)
    shown = well("show", "--run", 1, MATCHER_DB=db).out
    for words in ("39,600", "OAK-1", "Dee Zając", "ELM-2", "Not delivered"):
        assert words in shown
    assert well("runs", MATCHER_DB=db).out.count("optimal") == 2
    assert "The two plans are the same." in well("compare", 1, 2, MATCHER_DB=db).out
    assert "Run 2 is in" in well("export", "--out", tmp_path / "plan", MATCHER_DB=db).out
    assert_complete(tmp_path / "plan", read_scenario(FIRST_STEPS).problem)
    assert list(tmp_path.glob("*.db")) == [tmp_path / "term.db"]


def test_export_writes_what_run_writes(db: Path, tmp_path: Path) -> None:
    well_here("run", FIRST_STEPS, "--out", tmp_path / "run", "--deterministic", "--quiet")
    well_here("export", "--out", tmp_path / "export", "--db", db)
    run, export = contents(tmp_path / "run"), contents(tmp_path / "export")
    assert run.keys() == export.keys()
    for name in run:
        if name.endswith(".ics"):
            stamps = [line for line in run[name].split(b"\r\n") if line.startswith(b"DTSTAMP")]
            assert stamps
            assert without_stamps(run[name]) == without_stamps(export[name])
        elif name.endswith(".csv"):
            assert run[name] == export[name]
    scores = [json.loads(each["scores.json"]) for each in (run, export)]
    assert scores[0]["tiers"] == scores[1]["tiers"]


def without_stamps(calendar: bytes) -> list[bytes]:
    return [line for line in calendar.split(b"\r\n") if not line.startswith((b"DTSTAMP", b"LAST-MODIFIED", b"CREATED"))]


def test_show_for_one_school_or_volunteer(db: Path) -> None:
    assert "ELM-1" not in well_here("show", "--school", "OAK", "--db", db).out
    only = well_here("show", "--volunteer", "RAFI", "--db", db).out
    assert "OAK-2" in only
    assert "OAK-1" not in only
    assert "OAK-2" in well_here("show", "--volunteer", "rafi", "--db", db).out
    said = here("show", "--volunteer", "raffi", "--db", db)
    assert said.code == 1
    assert "Did you mean" in said.err
    assert "(RAFI)" in said.err
    several = here("show", "--school", "Primary", "--db", db)
    assert several.code == 1
    assert "Oak Primary School (OAK)" in several.err and "Say which, by the id." in several.err


@pytest.mark.parametrize("terminal", [False, True], ids=["no terminal", "terminal"])
def test_importing_twice_changes_nothing_and_asks_nothing(db: Path, terminal: bool) -> None:
    before = kept(db)
    arguments = ("import", FIRST_STEPS, "--db", db)
    said = on_terminal(arguments) if terminal else here(*arguments)
    assert said.code == 0
    assert "Nothing has changed since the last import." in said.out
    assert kept(db) == before


CHANGES = ("volunteers: 1 added, 1 changed, 1 removed", "SAM", "NICK", "Iron Gate Law")


def test_a_changed_file_says_what_changes_and_is_not_taken_unasked(db: Path, changed: Path) -> None:
    before = kept(db)
    said = here("import", changed, "--db", db)
    assert said.code == 1
    assert "--yes" in said.err
    for words in CHANGES:
        assert words in said.out
    assert kept(db) == before


def test_dry_run_says_what_would_change(db: Path, changed: Path, tmp_path: Path) -> None:
    before = kept(db)
    said = well_here("import", changed, "--db", db, "--dry-run")
    for words in (*CHANGES, "this was a dry run"):
        assert words in said.out
    assert kept(db) == before
    new = tmp_path / "new.db"
    assert "can be imported" in well_here("import", changed, "--db", new, "--dry-run").out
    assert not new.exists()


def test_yes_takes_the_changes_and_old_runs_keep_the_data_of_their_day(db: Path, changed: Path, tmp_path: Path) -> None:
    well_here("import", changed, "--db", db, "--yes", "--quiet")
    assert "Nothing has changed" in well_here("import", changed, "--db", db).out
    assert "the scenario has changed since" in well_here("show", "--db", db).out
    well_here("export", "--run", 1, "--out", tmp_path / "old", "--db", db)
    assert_complete(tmp_path / "old", read_scenario(FIRST_STEPS).problem)
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    well_here("export", "--out", tmp_path / "new", "--db", db)
    assert_complete(tmp_path / "new", read_scenario(changed).problem)
    compared = well_here("compare", 1, 2, "--db", db).out
    assert "assignments only in run 2" in compared


@pytest.mark.parametrize(("answer", "taken"), [("y", True), ("n", False)])
def test_on_a_terminal_it_asks(db: Path, changed: Path, answer: str, taken: bool) -> None:
    before = kept(db)
    said = on_terminal(("import", changed, "--db", db), {"Take these changes?": answer})
    assert "Take these changes?" in said.out
    assert said.code == (0 if taken else 1)
    assert (kept(db) == before) is not taken
    if not taken:
        assert "Nothing was changed." in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve"], "matcher import"),
        (["show"], "matcher import"),
        (["export", "--out", "plan"], "matcher import"),
        (["runs"], "matcher import"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_without_a_workspace_it_says_what_to_do(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = here(*arguments)
    assert said.code == 1
    assert words in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_there(db: Path, tmp_path: Path) -> None:
    said = here("export", "--run", 7, "--out", tmp_path / "plan", "--db", db)
    assert said.code == 1
    assert "7" in said.err
    assert not (tmp_path / "plan").exists()


def test_what_cannot_be_used_leaves_no_workspace(tmp_path: Path) -> None:
    said = here("import", tmp_path / "nowhere", "--db", tmp_path / "matcher.db")
    assert said.code == 1
    assert list(tmp_path.iterdir()) == []


# Kills


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "town"
    write_folder(generate(6, seed=5), folder)
    return folder


def test_a_solve_that_is_killed_leaves_the_old_runs(town: Path, tmp_path: Path) -> None:
    db = tmp_path / "matcher.db"
    well_here("import", town, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--time-limit", 0.2, "--quiet")
    before = kept(db)
    said = interrupted(("solve", "--db", db, "--time-limit", 600), signal.SIGKILL, "reach")
    assert said.code == -signal.SIGKILL
    assert kept(db) == before
    assert well_here("runs", "--db", db).out.count("current") == 1


def test_a_solve_that_ctrl_c_ends_is_kept(town: Path, tmp_path: Path) -> None:
    db = tmp_path / "matcher.db"
    well_here("import", town, "--db", db, "--quiet")
    said = interrupted(("solve", "--db", db, "--time-limit", 600), signal.SIGINT, "reach")
    assert said.code == 0
    assert "Kept as run 1." in said.out
    well_here("export", "--db", db, "--out", tmp_path / "plan")
    assert_complete(tmp_path / "plan", read_scenario(town).problem)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for its import to be killed in many places."""
    folder = tmp_path_factory.mktemp("city") / "city"
    write_folder(generate(40, seed=6), folder)
    return folder


@pytest.mark.parametrize("moment", [0.0, 0.05], ids="{} s after it began to write".format)
def test_an_import_that_is_killed_leaves_the_old_state_or_the_new(db: Path, city: Path, moment: float) -> None:
    """Never something in between, wherever the kill falls: the old runs stay, and the term is one of the two."""
    before = kept(db)
    with subprocess.Popen(
        command(("import", city, "--db", db, "--yes")),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        next(line for line in child.stdout if line.startswith("... and"))  # the last before it writes
        time.sleep(moment)
        child.kill()
    if kept(db) != before:
        assert "Nothing has changed" in well_here("import", city, "--db", db, "--yes").out
    else:
        assert "Nothing has changed" in well_here("import", FIRST_STEPS, "--db", db, "--yes").out
    assert "39,600" in well_here("runs", "--db", db).out
