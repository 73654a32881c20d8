"""Where the disk is full, or no file may grow, it is said in a line, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.program import DERBY, FIRST_STEPS, PATIENCE, Said, contents, environment, here, matcher, well_here
from tests.cli.writing import FILES, WORKSPACE, desk, older_workspace

resource = pytest.importorskip("resource", reason="no limit on the size of files here")

LIMITED = """
import resource, sys
from matcher import cli
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
cli.main()
"""


def limited(size: int, *arguments: object, cwd: Path) -> str:
    """Runs it where no file may become larger, and gives the one line on standard error that is no warning."""
    (cwd / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *map(str, arguments)],
        cwd=cwd,
        env=environment(TMPDIR=str(cwd / "tmp"), PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    assert line.startswith("matcher: ")
    return line


@pytest.mark.parametrize("size", [0, 3000])
@pytest.mark.parametrize("out", ["deep/new", "deep/new.xlsx"])
@pytest.mark.parametrize("command", [("template",), ("scenario", "--schools", 3)], ids=["template", "scenario"])
def test_a_new_scenario_that_has_no_room_leaves_nothing(
    command: tuple[object, ...], out: str, size: int, tmp_path: Path
) -> None:
    name, *options = command
    assert "cannot be written" in limited(size, name, out, *options, cwd=tmp_path)
    assert os.listdir(tmp_path) == ["tmp"] and not os.listdir(tmp_path / "tmp")  # noqa: PTH208


@pytest.mark.parametrize("size", [0, 3000])
def test_a_plan_that_has_no_room_leaves_the_one_of_before(size: int, tmp_path: Path) -> None:
    well_here("run", FIRST_STEPS, "--out", tmp_path / "plan", "--quiet", "--time-limit", 2)
    before = contents(tmp_path / "plan")
    limited(size, "run", DERBY, "--out", "plan", "--quiet", "--time-limit", 1, cwd=tmp_path)
    assert contents(tmp_path / "plan") == before


# A disk of a few megabytes that is really full. Where nobody may mount one, no file may become larger instead.


@dataclass(frozen=True)
class Disk:
    folder: Path
    mounted: bool

    @contextmanager
    def full_but_for(self, room: int) -> Iterator[None]:
        """Inside, there are so many bytes left."""
        if not self.mounted:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            return
        ballast = self.folder.parent / "ballast"
        with ballast.open("wb", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, _room(self.folder) - room)
        assert _room(self.folder) == room
        try:
            yield
        finally:
            ballast.unlink()


def _room(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)]
    mounted = not os.geteuid() and not subprocess.run(words, capture_output=True, check=False).returncode
    (place / "all").mkdir()
    yield Disk(place / "all", mounted)
    if mounted:
        subprocess.run(["umount", place], check=True)


def assert_it_says_that_there_is_no_room(said: Said, disk: Disk) -> None:
    assert said.code == 1, said.err
    (line,) = [line for line in said.err.splitlines() if not line.startswith("warning:")]
    assert line.startswith("matcher: ")
    words = ("is full", "no room", "No space left", *(() if disk.mounted else ("too large",)))
    assert any(each in line for each in words), line


ROOMS = (0, 12288)
"""In bytes; with the second something is written before the disk is full, and some commands are done."""
IN_STEPS = {"feed write", "feed reset", "send"}
"""What may be done in part, which is then gone on from: a file or a letter after another."""


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", FILES)
def test_what_is_written_to_a_full_disk_leaves_what_was_there(name: str, room: int, disk: Disk, tmp_path: Path) -> None:
    command, _ = FILES[name]
    with desk(tmp_path, disk.folder) as at:
        kept, before = at.kept(), contents(disk.folder)
        with disk.full_but_for(room):
            said = at.does(command)
        left = contents(disk.folder)
        if said.code or not room:
            assert_it_says_that_there_is_no_room(said, disk)
            assert name.startswith("feed") or at.kept() == kept
            assert left.keys() == before.keys()
            for file, content in left.items():
                # of feeds, each is put in place by itself
                assert content == before[file] or (name in IN_STEPS and content.endswith(b"END:VCALENDAR\r\n"))
            again = at.does(command)
            assert again.code == 0, f"once there is room: {again.err}"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", WORKSPACE)
def test_a_workspace_on_a_full_disk_stays_as_it_was(name: str, room: int, disk: Disk, tmp_path: Path) -> None:
    with desk(tmp_path, tmp_path / "out", disk.folder) as at:
        kept, given = at.kept(), contents(at.given)
        with disk.full_but_for(room):
            said = at.does(WORKSPACE[name])
        if said.code or not room:
            assert_it_says_that_there_is_no_room(said, disk)
            assert os.listdir(disk.folder) == ["matcher.db"]  # noqa: PTH208
            if room == 0 or name not in IN_STEPS:
                assert at.kept() == kept and not at.post.arrived and contents(at.given) == given
            again = at.does(WORKSPACE[name])
            assert again.code == 0, f"once there is room: {again.err}"
        unmarked = [each.rcpt_tos[0] for each in at.post.arrived if b"X-Matcher-Repeated" not in (each.content or b"")]
        assert len(unmarked) == len(set(unmarked))


def test_a_new_workspace_that_has_no_room_is_not_left_half_made(disk: Disk, tmp_path: Path) -> None:
    """An empty file is left, not taken away again: somebody else may be about to fill it."""
    new = disk.folder / "matcher.db"
    with desk(tmp_path, tmp_path / "out") as at:
        for room in ROOMS:
            with disk.full_but_for(room):
                assert_it_says_that_there_is_no_room(at.does(f"import {{given}}/now --db {new}"), disk)
                assert contents(disk.folder) == {"matcher.db": b""}
        assert at.does(f"import {{given}}/now --db {new}").code == 0


@pytest.mark.parametrize("name", ["template workbook", "scenario workbook", "restore"])
def test_a_full_folder_for_temporary_files_is_said(name: str, disk: Disk, tmp_path: Path) -> None:
    with desk(tmp_path, tmp_path / "out") as at:
        kept, before = at.kept(), contents(at.out)
        with disk.full_but_for(4096):  # else another folder is taken
            said = matcher(*at.typed(WORKSPACE.get(name) or FILES[name][0]), TMPDIR=str(disk.folder))
        assert_it_says_that_there_is_no_room(said, disk)
        assert at.kept() == kept and contents(at.out) == before and not os.listdir(disk.folder)  # noqa: PTH208


def test_an_older_workspace_that_has_no_room_for_its_copy_stays_an_older_one(disk: Disk) -> None:
    db = older_workspace(disk.folder / "matcher.db")
    before = contents(disk.folder)
    with disk.full_but_for(0):
        assert_it_says_that_there_is_no_room(here("runs", "--db", db), disk)
        assert contents(disk.folder) == before
    assert here("runs", "--db", db).code == 0
