"""Where nothing may be written, or something of another kind stands: one line that says where, and nothing changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.program import Said, contents
from tests.cli.writing import FILES, WORKSPACE, Desk, desk, older_workspace
from tests.ordinary import like_anybody_here

READING = {
    "push": "push --caldav http://127.0.0.1:{port}/ --db {db}",
    "diff": "diff 1 2 --db {db}",
    "verify": "verify --db {db}",
    "show": "show --db {db}",
    "runs": "runs --db {db}",
    "compare": "compare 1 2 --db {db}",
    "versions": "versions --db {db}",
    "outbox": "outbox --db {db}",
    "send --dry-run": "send --smtp smtp://127.0.0.1:{port} --db {db} --dry-run",
    "backup": "backup {out}/another.db --db {db}",
}
"""What only reads the workspace."""


@contextmanager
def mode(place: Path, bits: int) -> Iterator[None]:
    """Inside, it has this mode, and holds for us too."""
    before = place.stat().st_mode
    place.chmod(bits)
    try:
        with like_anybody_here():
            yield
    finally:
        place.chmod(before)


@contextmanager
def instead(place: Path, *, a_folder: bool) -> Iterator[None]:
    """Inside, a file stands in its place, or a folder with something in it."""
    away = place.with_name("away")
    if place.exists():
        place.rename(away)
    if a_folder:
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    else:
        place.write_text("mine")
    try:
        yield
        assert (place / "mine.txt" if a_folder else place).read_text() == "mine"
    finally:
        if a_folder:
            shutil.rmtree(place)
        else:
            place.unlink()
        if away.exists():
            away.rename(place)


def refused_in_a_line(said: Said, *places: Path) -> None:
    assert said.code == 1, said.err
    (line,) = [line for line in said.err.splitlines() if not line.startswith("warning:")]
    assert line.startswith("matcher: ")
    assert any(str(place) in line for place in places), line
    assert "--yes" not in line, "which would not help"


def closed(at: Desk, written: tuple[str, ...]) -> ExitStack:
    stack = ExitStack()
    for place in (at.out, *(at.out / name for name in written if (at.out / name).is_dir())):
        stack.enter_context(mode(place, 0o500))
    return stack


def a_file_above(at: Desk, _: tuple[str, ...]) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(instead(at.out, a_folder=False))
    return stack


def of_another_kind(at: Desk, written: tuple[str, ...]) -> ExitStack:
    stack = ExitStack()
    for name in written:
        stack.enter_context(instead(at.out / name, a_folder="." in name))
    return stack


@pytest.mark.parametrize("in_the_way", [closed, a_file_above, of_another_kind])
@pytest.mark.parametrize("name", FILES)
def test_a_place_that_cannot_be_written_is_said(
    name: str, in_the_way: Callable[[Desk, tuple[str, ...]], ExitStack], tmp_path: Path
) -> None:
    command, written = FILES[name]
    with desk(tmp_path, tmp_path / "out") as at:
        kept, before = at.kept(), contents(tmp_path)
        with in_the_way(at, written):
            refused_in_a_line(at.does(command), at.out)
        after = contents(tmp_path)
        if name.startswith("feed"):  # of which the workspace learns first, and which are put in place one by one
            assert after.keys() == before.keys()
        else:
            assert at.kept() == kept and after == before
        again = at.does(command)
        assert again.code == 0, f"once it is open: {again.err}"


def read_only(at: Desk) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(mode(at.db, 0o400))
    return stack


def in_a_closed_folder(at: Desk) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(mode(at.db.parent, 0o500))
    return stack


def a_folder(at: Desk) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(instead(at.db, a_folder=True))
    return stack


def below_a_file(at: Desk) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(instead(at.db.parent, a_folder=False))
    return stack


@pytest.mark.parametrize("in_the_way", [read_only, in_a_closed_folder, a_folder, below_a_file])
@pytest.mark.parametrize("name", WORKSPACE)
def test_a_workspace_that_cannot_be_written_is_said(
    name: str, in_the_way: Callable[[Desk], ExitStack], tmp_path: Path
) -> None:
    with desk(tmp_path, tmp_path / "out") as at:
        before = contents(tmp_path)
        with in_the_way(at):
            refused_in_a_line(at.does(WORKSPACE[name]), at.db, at.db.parent)
        assert contents(tmp_path) == before and not at.post.arrived
        again = at.does(WORKSPACE[name])
        assert again.code == 0, f"once it is open: {again.err}"


@pytest.mark.parametrize("in_the_way", [read_only, in_a_closed_folder])
@pytest.mark.parametrize("name", READING)
def test_what_only_reads_does_with_a_workspace_that_may_only_be_read(
    name: str, in_the_way: Callable[[Desk], ExitStack], tmp_path: Path
) -> None:
    with desk(tmp_path, tmp_path / "out") as at:
        kept = at.kept()
        with in_the_way(at):
            said = at.does(READING[name])
        if name == "push":  # to no calendar server; the workspace was not what kept it
            refused_in_a_line(said, Path("127.0.0.1"))
        else:
            assert said.code == 0, said.err + said.out
        assert at.kept() == kept


def test_an_older_workspace_that_may_only_be_read_stays_as_it_is(tmp_path: Path) -> None:
    with desk(tmp_path, tmp_path / "out") as at:
        db = older_workspace(tmp_path / "old" / "matcher.db")
        before = contents(tmp_path)
        for place, bits in ((db, 0o400), (db.parent, 0o500)):
            with mode(place, bits):
                refused_in_a_line(at.does(f"runs --db {db}"), db)
            assert contents(tmp_path) == before
        assert at.does(f"runs --db {db}").code == 0
