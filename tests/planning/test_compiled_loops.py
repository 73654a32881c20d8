"""What was compiled is kept for the next run; where it was damaged since, it is compiled again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ordinary import like_anybody

LOOP = """
from matcher.solving.compiled import compiled

@compiled
def add(first, second):
    return first + second

if __name__ == "__main__":
    from loop import add
    print(add(20, 22), sum(add.stats.cache_hits.values()), sum(add.stats.cache_misses.values()))
"""
FOUND, COMPILED = "42 1 0", "42 0 1"


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def with_a_byte_changed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) * 2 // 3] ^= 0x55
    file.write_bytes(content)


def garbage(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))


def gone(file: Path) -> None:
    file.unlink()


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def closed_to_us(file: Path) -> None:
    file.chmod(0)


def run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, folder / "loop.py"],
        cwd=folder,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept")},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
        preexec_fn=like_anybody,  # else root would read what is closed
    )
    assert not done.returncode and not done.stderr, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loop.py").write_text(LOOP)
    assert run(tmp_path) == COMPILED
    return tmp_path


def test_what_was_compiled_is_found_again(folder: Path) -> None:
    assert run(folder) == FOUND


@pytest.mark.parametrize(
    "damaged",
    [emptied, cut, with_a_byte_changed, garbage, gone, a_folder, closed_to_us],
    ids=lambda how: how.__name__,
)
def test_what_is_damaged_is_compiled_again_and_kept_again(damaged: Callable[[Path], None], folder: Path) -> None:
    for ending in ("nbi", "nbc"):
        (file,) = (folder / "kept").rglob(f"*.{ending}")
        damaged(file)
        assert run(folder) == COMPILED
        assert run(folder) == FOUND


def test_where_nothing_can_be_kept_it_is_compiled_each_time(folder: Path) -> None:
    (file,) = (folder / "kept").rglob("*.nbi")
    file.unlink()
    (file / "somebody's").mkdir(parents=True)
    assert run(folder) == run(folder) == COMPILED
