"""A process killed while it puts files in place: the next one finds the old state or the new, and makes it whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import OutputError
from matcher.publishing.files import ensure_writable, put_in_place

GONE = ("overrides.csv",)
FOLDERS = {"calendars": ("volunteers", "schools")}
OLD = {
    "plan.csv": b"old plan",
    "scores.json": b"old scores",
    "overrides.csv": b"old",
    "calendars/volunteers/ANA.ics": b"old",
    "calendars/volunteers/GONE.ics": b"old",
}
NEW = {
    "plan.csv": b"new plan",
    "scores.json": b"new scores",
    "calendars/volunteers/ANA.ics": b"new",
    "calendars/schools/OAK.ics": b"new",
}
THEIRS = {
    "notes.txt": b"mine",
    "calendars/holidays.ics": b"mine",
    "calendars/volunteers/notes.txt": b"mine",
    "calendars/my own/deep/party.ics": b"mine",
}
ABLE_TO_DIE_IN = ("replace", "rename", "unlink", "rmdir", "mkdir", "open")


def written(folder: Path, contents: dict[str, bytes]) -> Path:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def found(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def killed_at(step: int, act: Callable[[], None]) -> bool:
    """Does it in a process that dies just before its so-manieth step on the disk; False if it has fewer."""
    child = os.fork()
    if child == 0:
        left = step

        def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return real(*arguments, **options)

            return call

        try:
            for name in ABLE_TO_DIE_IN:
                setattr(os, name, deadly(getattr(os, name)))
            act()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process to be killed is a fork")
@pytest.mark.parametrize("after", ["a look", "another run"])
def test_killed_anywhere_the_next_command_makes_it_whole(after: str, tmp_path: Path) -> None:
    step, states = 0, set()
    while True:
        out = written(tmp_path / str(step), {**OLD, **THEIRS})
        if not killed_at(step, lambda out=out: put_in_place(out, NEW, FOLDERS, GONE)):  # type: ignore[misc]
            break
        if after == "a look":
            ensure_writable(out)
            now = found(out)
            assert now in ({**OLD, **THEIRS}, {**NEW, **THEIRS}), step
            states.add(now["plan.csv"])
        else:
            put_in_place(out, NEW, FOLDERS, GONE)
            assert found(out) == {**NEW, **THEIRS}, step
        assert not list(out.glob(".*"))
        shutil.rmtree(out)
        step += 1
    assert step > 20
    assert after != "a look" or states == {OLD["plan.csv"], NEW["plan.csv"]}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process to be killed is a fork")
def test_killed_again_while_it_is_made_whole(tmp_path: Path) -> None:
    first = 0
    while True:
        begun = written(tmp_path / f"{first}", {**OLD, **THEIRS})
        if not killed_at(first, lambda out=begun: put_in_place(out, NEW, FOLDERS, GONE)):  # type: ignore[misc]
            break
        second = 0
        while True:
            out = tmp_path / f"{first}-{second}"
            shutil.copytree(begun, out)
            if not killed_at(second, lambda out=out: ensure_writable(out)):  # type: ignore[misc]
                break
            ensure_writable(out)
            assert found(out) in ({**OLD, **THEIRS}, {**NEW, **THEIRS}), (first, second)
            shutil.rmtree(out)
            second += 3
        first += 3


def test_files_that_matcher_did_not_write_stay(tmp_path: Path) -> None:
    out = written(tmp_path, {**OLD, **THEIRS})
    put_in_place(out, NEW, FOLDERS, GONE)
    assert found(out) == {**NEW, **THEIRS}


@pytest.mark.parametrize("name", ["calendars", "calendars/volunteers"])
def test_a_file_of_theirs_where_a_folder_of_ours_has_to_go_is_not_lost(name: str, tmp_path: Path) -> None:
    out = written(tmp_path / "out", {name: b"mine", "plan.csv": b"old plan"})
    with pytest.raises(OutputError, match="is a file, but a folder has to go there"):
        put_in_place(out, NEW, FOLDERS, GONE)
    assert found(out) == {name: b"mine", "plan.csv": b"old plan"}
