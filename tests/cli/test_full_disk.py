"""Where the disk is full, or no file may grow, it is said in a line, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import DERBY, FIRST_STEPS, PATIENCE, contents, environment, well_here

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
