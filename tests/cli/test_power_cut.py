"""What a command has put in place outlasts a power cut: it was on the disk before it got its name, and so is the name.

Seen from where the program meets the system: what it asks to be on the disk, and what it renames, in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.cli.writing import FILES, WORKSPACE, desk, older_workspace


class Watch:
    """Notes what is on the disk; of files that were there before, that is assumed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.on_disk: set[int] = set()
        self.named: list[Path] = []
        """What got its name by being moved."""
        self.faults: list[str] = []
        self.unsettled: set[Path] = set()
        """Folders in which something got a name that may not be on the disk."""

    def synced(self, handle: int) -> None:
        number = os.fstat(handle).st_ino
        self.on_disk.add(number)
        self.unsettled = {each for each in self.unsettled if each.exists() and each.stat().st_ino != number}

    def moving(self, source: Path, target: Path) -> None:
        if not target.absolute().is_relative_to(self.folder):
            return
        places = [source, *source.rglob("*")] if source.is_dir() else [source]
        self.faults += [f"{each} -> {target}" for each in places if each.stat().st_ino not in self.on_disk]
        self.named.append(target)
        self.unsettled.add(target.absolute().parent)


@contextmanager
def watching(folder: Path) -> Iterator[Watch]:
    watch = Watch(folder)

    def after(note: Callable[..., None], call: Any) -> Any:
        def called(*arguments: Any, **options: Any) -> Any:
            result = call(*arguments, **options)
            note(*arguments)
            return result

        return called

    def before(call: Any) -> Any:
        def called(source: Any, target: Any, **options: Any) -> Any:
            watch.moving(Path(source), Path(target))
            return call(source, target, **options)

        return called

    with ExitStack() as stack:
        for each in folder.rglob("*"):  # held open, so that no new file gets an old one's number
            handle = os.open(each, os.O_RDONLY)
            stack.callback(os.close, handle)
            watch.on_disk.add(os.fstat(handle).st_ino)
        stack.enter_context(mock.patch.object(os, "fsync", after(watch.synced, os.fsync)))
        for name in ("rename", "replace", "link"):
            stack.enter_context(mock.patch.object(os, name, before(getattr(os, name))))
        yield watch


def nothing_there(db: Path) -> None:
    db.unlink()


def as_it_is(db: Path) -> None:
    pass


def damaged(db: Path) -> None:
    with closing(db.open("r+b")) as file:
        file.write(b"\xff" * 2000)


@pytest.mark.parametrize(
    ("command", "written", "db"),
    [
        *((command, written, as_it_is) for command, written in FILES.values()),
        (WORKSPACE["restore"], (), as_it_is),
        (WORKSPACE["restore"], (), nothing_there),
        (WORKSPACE["restore"], (), damaged),
        ("runs --db {out}/old.db", (), as_it_is),
    ],
    ids=[*FILES, "restore", "restore where nothing is", "restore over what is damaged", "an older workspace"],
)
def test_what_gets_a_name_is_on_the_disk(
    command: str, written: tuple[str, ...], db: Callable[[Path], None], tmp_path: Path
) -> None:
    with desk(tmp_path, tmp_path / "out") as at:
        db(at.db)
        if "old.db" in command:
            older_workspace(at.out / "old.db")
        with watching(tmp_path) as watch:
            said = at.does(command)
        assert said.code == 0, said.err
        assert not watch.faults, "named before it was on the disk"
        assert not {each for each in watch.unsettled if each.exists()}, "the name itself is not on the disk"
        assert watch.named
        for name in written:
            assert any(each.is_relative_to(at.out / name) or each.name == name for each in watch.named)
