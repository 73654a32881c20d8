"""Files with names of people in them are their owner's alone, and feeds are for a web server; whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import FIRST_STEPS, well_here
from tests.cli.publishing_workspaces import publish_later

UMASKS = (0o000, 0o022, 0o077, 0o177)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path, *, folders: bool = False) -> set[int]:
    found = [each for each in (folder, *folder.rglob("*")) if each.is_dir() == folders]
    assert found
    return {stat.S_IMODE(each.stat().st_mode) for each in found}


@pytest.mark.parametrize("mask", UMASKS)
def test_a_plan_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    out = tmp_path / "deep" / "plan"
    with umask(mask):
        well_here("run", FIRST_STEPS, "--out", out, "--quiet", "--deterministic")
    assert modes(out) == {0o600}
    assert modes(tmp_path / "deep", folders=True) == {0o700}


def test_files_that_were_open_are_closed_and_a_folder_that_was_there_stays_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "plan"
    well_here("run", FIRST_STEPS, "--out", out, "--quiet", "--deterministic")
    for each in (out, *out.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o666)
    (out / "notes.txt").touch(0o644)
    db = tmp_path / "matcher.db"
    well_here("import", FIRST_STEPS, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    well_here("export", "--out", out, "--db", db)
    assert stat.S_IMODE((out / "notes.txt").stat().st_mode) == 0o644
    (out / "notes.txt").unlink()
    assert modes(out) == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o755
    assert modes(out / "calendars", folders=True) == {0o700}
    assert stat.S_IMODE(db.stat().st_mode) == 0o600


def test_what_is_half_written_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "plan"
    seen: set[tuple[bool, int]] = set()
    put = Path.replace

    def watch(self: Path, target: Path) -> Path:
        for each in (self, *self.rglob("*"), *self.parents):
            if out in each.parents:
                seen.add((each.is_dir(), stat.S_IMODE(each.stat().st_mode)))
        return put(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    with umask(0):
        well_here("run", FIRST_STEPS, "--out", out, "--quiet", "--deterministic")
    assert seen == {(False, 0o600), (True, 0o700)}


@pytest.mark.parametrize("mask", UMASKS)
@pytest.mark.parametrize(
    "command", [("template",), ("scenario", "--schools", 1, "--volunteers", 5)], ids=lambda c: c[0]
)
def test_scenarios_are_their_owners_alone(tmp_path: Path, command: tuple[object, ...], mask: int) -> None:
    with umask(mask):
        for name in ("term", "term.xlsx"):
            well_here(*command, tmp_path / "deep" / name)
    assert modes(tmp_path / "deep") == {0o600}
    assert modes(tmp_path / "deep", folders=True) == {0o700}


@pytest.mark.parametrize("mask", UMASKS)
def test_feeds_are_for_a_web_server_and_their_links_are_not(tmp_path: Path, mask: int) -> None:
    db = publish_later(tmp_path)
    web, links = tmp_path / "web", tmp_path / "links.csv"
    with umask(mask):
        well_here("feed", "write", web, "--links", links, "--db", db)
    assert modes(web) == {0o644}
    assert modes(web, folders=True) == {0o755}
    assert stat.S_IMODE(links.stat().st_mode) == 0o600
    for each in (*web.iterdir(), links):
        each.chmod(0o666 if each == links else 0o600)
    with umask(mask):
        well_here("feed", "write", web, "--links", links, "--db", db)
    assert modes(web) == {0o644}
    assert stat.S_IMODE(links.stat().st_mode) == 0o600


def test_a_leftover_that_somebody_else_may_read_takes_no_links(tmp_path: Path) -> None:
    """A file that stood in the links' way is not written through: whoever has it open reads nothing."""
    db = publish_later(tmp_path)
    leftover = tmp_path / ".matcher-writing-links.csv"
    leftover.touch(0o666)
    with leftover.open(encoding="utf-8") as spy:
        well_here("feed", "write", tmp_path / "web", "--links", tmp_path / "links.csv", "--db", db)
        assert spy.read() == ""
    assert not leftover.exists()
