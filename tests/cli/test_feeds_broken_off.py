"""Feeds written by two at once, or by one that is killed: no file is left that nobody can end; it can be repeated."""

from __future__ import annotations

import csv
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from matcher.publishing.feeds import token_hash
from matcher.store import Workspace
from tests.cli.program import PATIENCE, Said, command, environment, here, matcher, rows, well, well_here
from tests.cli.publishing_workspaces import publish_later

KILLED = """
import os, signal, sys
from pathlib import Path
from matcher import cli
put, steps = Path.replace, int(sys.argv.pop(1))
def replace(self, target):
    global steps
    if ".matcher-writing-" in self.name:
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return put(self, target)
Path.replace = replace
cli.main()
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return publish_later(tmp_path)


def write_and_be_killed(after: int, *arguments: object) -> None:
    """As `feed write` does it, but dead before the file that comes after so many."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(after), "feed", "write", *map(str, arguments)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def names(web: Path) -> set[str]:
    return {each.name for each in web.glob("[0-9a-f]*.ics")}


def assert_every_file_can_be_ended(db: Path, web: Path, count: int = 9) -> None:
    with Workspace.open(str(db)) as workspace:
        known = {mark: key for key, mark in workspace.feed_hashes().items()}
    assert {token_hash(name.removesuffix(".ics")) for name in names(web)} == set(known)
    assert len(known) == count
    assert not list(web.glob(".matcher*"))
    for kind, who in known.values():
        well_here("feed", "reset", kind, who, web, "--db", db, "--yes")
    assert names(web) == set()


@pytest.mark.parametrize("after", [0, 1, 4, 9, 10])
def test_a_first_writing_that_was_killed_is_simply_repeated(db: Path, tmp_path: Path, after: int) -> None:
    web, links = tmp_path / "web", tmp_path / "links.csv"
    write_and_be_killed(after, web, "--links", links, "--db", db)
    there = names(web)
    said = well("feed", "write", web, "--links", links, "--db", db)
    assert "address already" not in said.out
    assert there <= names(web)  # whoever has one already keeps it
    assert {row["file"] for row in rows(links)} == names(web)
    assert_every_file_can_be_ended(db, web)


def test_killed_at_any_moment_again_and_again(db: Path, tmp_path: Path) -> None:
    """With a real kill, whatever it is doing; the moments are drawn from a seed."""
    web, links, random = tmp_path / "web", tmp_path / "links.csv", Random(30)
    for _ in range(6):
        child = subprocess.Popen(
            command(["feed", "write", web, "--links", links, "--db", db]),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            child.wait(random.uniform(0.3, 2))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    well_here("feed", "write", web, "--links", links, "--db", db)
    assert {row["file"] for row in rows(links)} == names(web)
    assert_every_file_can_be_ended(db, web)


def test_what_a_broken_off_writing_left_elsewhere_is_swept_when_it_is_written_to_again(
    db: Path, tmp_path: Path
) -> None:
    web, other = tmp_path / "web", tmp_path / "other"
    write_and_be_killed(5, web, "--db", db)
    assert len(names(web)) == 4
    left = names(web)
    well_here("feed", "write", other, "--db", db)
    said = well_here("feed", "write", web, "--db", db, "--yes")
    assert "4 files that a broken-off writing or an earlier address had left are deleted" in said.out
    assert not names(web) & left
    assert_every_file_can_be_ended(db, web)


def test_other_files_are_not_swept(db: Path, tmp_path: Path) -> None:
    """Another workspace's feeds in the same folder, calendars of other programs, and feeds of an earlier matcher."""
    web, other = tmp_path / "web", tmp_path / "other"
    other.mkdir()
    well_here("feed", "write", web, "--db", db)
    mine = names(web)
    elsewhere = publish_later(other)
    with Workspace.open(str(elsewhere)) as workspace, workspace.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE workspace SET value = '{'ab' * 16}' WHERE key = 'id'")
    well_here("feed", "write", web, "--db", elsewhere)
    theirs = names(web) - mine
    assert len(theirs) == 9
    (web / f"{'ab' * 16}.ics").write_text("BEGIN:VCALENDAR\r\nPRODID:-//Club//EN\r\nEND:VCALENDAR\r\n")
    old = b"".join(
        line for line in (web / min(mine)).read_bytes().splitlines(True) if not line.startswith(b"X-MATCHER-W")
    )
    (web / f"{'cd' * 16}.ics").write_bytes(old)
    said = well_here("feed", "write", web, "--db", db)
    assert names(web) == mine | theirs | {f"{'ab' * 16}.ics", f"{'cd' * 16}.ics"}
    assert f"{'cd' * 16}.ics" in said.out and "are left as they are" in said.out
    assert f"{'ab' * 16}.ics" not in said.out
    assert "deleted" not in said.out


def test_a_file_whose_feed_was_reset_in_another_folder_is_swept(db: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    well_here("feed", "write", web, "--db", db)
    before = names(web)
    assert "was not in" in well_here("feed", "reset", "volunteer", "ADA", tmp_path / "wrong", "--db", db).out
    assert names(web) == before
    well_here("feed", "write", web, "--db", db)
    assert len(names(web)) == 9 and len(names(web) & before) == 8
    assert_every_file_can_be_ended(db, web)


def at_once(*commands: list[object]) -> list[Said]:
    children = [
        subprocess.Popen(
            command(each),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for each in commands
    ]
    said = []
    for child in children:
        out, err = child.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        said.append(Said(child.returncode, out, err))
    return said


def test_two_at_once_leave_no_file_that_nobody_can_end(db: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    fresh = tmp_path / "fresh.db"
    shutil.copy(db, fresh)
    for _ in range(3):
        shutil.rmtree(web, ignore_errors=True)
        shutil.copy(fresh, db)
        links = [tmp_path / f"{number}.csv" for number in range(3)]
        for each in links:
            each.unlink(missing_ok=True)
        said = at_once(*(["feed", "write", web, "--db", db, "--links", each, "--yes"] for each in links))
        assert any(each.code == 0 for each in said)
        for done, file in zip(said, links, strict=True):
            if done.code:
                assert done.code == 1
                assert "is writing the feeds at the moment" in done.err or "in the meantime" in done.err
            else:
                assert {row["file"] for row in csv.DictReader(file.open(encoding="utf-8"))} == names(web)
        assert len(names(web)) == 9
    assert_every_file_can_be_ended(db, web)


def test_who_comes_second_is_told_who_is_first(db: Path, tmp_path: Path) -> None:
    web, now = tmp_path / "web", datetime.now(UTC)
    owner = "ana on another-machine (process 4711, since 2026-11-25 09:46 UTC, 5f0c)"
    with Workspace.open(str(db)) as workspace:
        assert workspace.take_lease("feeds", owner, now + timedelta(minutes=4)) is None
    for arguments in (("write", web, "--yes"), ("reset", "volunteer", "ADA", web)):
        said = here("feed", *arguments, "--db", db)
        assert said.code == 1
        assert owner in said.err
        assert "Wait until that has ended" in said.err
    assert not web.exists()
    with Workspace.open(str(db)) as workspace:  # it was never given back, and its time is up
        assert workspace.take_lease("feeds", owner, now) is None
    well_here("feed", "write", web, "--db", db)


def test_a_question_that_nobody_answers_gives_the_place_back(db: Path, tmp_path: Path) -> None:
    well_here("feed", "write", tmp_path / "web", "--db", db)
    assert here("feed", "write", tmp_path / "other", "--db", db).code == 1
    well_here("feed", "write", tmp_path / "web", "--db", db)


def test_a_reset_that_was_killed_can_be_repeated_and_needs_no_terminal(db: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    well_here("feed", "write", web, "--db", db)
    killed = KILLED.replace(
        "Path.replace = replace", "Path.unlink = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)"
    )
    arguments = ["feed", "reset", "volunteer", "ADA", str(web), "--db", str(db)]
    done = subprocess.run(
        [sys.executable, "-c", killed, "0", *arguments], env=environment(), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert len(names(web)) == 9
    assert "deleted" in matcher(*arguments).out
    assert len(names(web)) == 8
    well("feed", "write", web, "--db", db)
    assert_every_file_can_be_ended(db, web)
