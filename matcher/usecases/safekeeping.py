"""The use cases of keeping a workspace safe: a whole copy of it, whether all is well with it, and putting a copy back.

As in `planner`, nothing knows a terminal.
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from functools import partial
from pathlib import Path

from matcher.errors import BadInput, Cannot, DamagedError, MatcherError, NotThere, Remedy, StoreError
from matcher.publishing.folder_check import event_fault, folder_faults
from matcher.soundness import is_tidied, kept_problem
from matcher.store import Workspace
from matcher.usecases import planning, told
from matcher.usecases.looking import looks
from matcher.wording import counted, one_line


@dataclass(frozen=True)
class Contents:
    """What a workspace holds, in numbers."""

    runs: int
    versions: int
    letters: int
    imported: datetime | None
    """When the newest import, run and version were made, with the zone UTC."""
    solved: datetime | None
    published: datetime | None

    def __str__(self) -> str:
        def newest(moment: datetime | None) -> str:
            return f" (the newest of {moment:%Y-%m-%d %H:%M} UTC)" if moment else ""

        imported = f"{self.imported:%Y-%m-%d %H:%M} UTC" if self.imported else "never"
        return (
            f"last import {imported}; {counted(self.runs, 'run')}{newest(self.solved)}; "
            f"{counted(self.versions, 'version')}{newest(self.published)}; {counted(self.letters, 'letter')}"
        )


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what is wrong."""

    looked_at: str
    """Blank where the damage kept from looking at more."""
    damage: tuple[str, ...] = ()
    """A sentence for each thing that is not what was written there."""
    remarks: tuple[MatcherError, ...] = ()
    """Each thing to be put right, of which nothing is lost."""
    mend: Remedy = Remedy.RESTORE
    """What undoes the damage."""

    @property
    def is_well(self) -> bool:
        return not self.damage and not self.remarks


@dataclass(frozen=True)
class Restoring:
    """What putting a backup in place would do; nothing is written yet."""

    file: Path
    address: str
    backup: Contents
    verdict: Verdict
    there: Contents | None
    """What would be replaced; None if nothing is there, or nothing that can be read."""
    is_there: bool


@looks
def contents(workspace: Workspace) -> Contents:
    imported, runs, versions = workspace.last_import(), workspace.runs(), workspace.versions()
    return Contents(
        len(runs),
        len(versions),
        len(workspace.letters()),
        imported.made if imported else None,
        runs[0].made if runs else None,
        versions[0].made if versions else None,
    )


def back_up(workspace: Workspace, to: Path, replace: bool = False) -> Contents:
    """Writes a whole copy; what it holds. Raises StoreError if the file is there already, unless it may be replaced."""
    if Workspace.is_at(workspace.address, to):
        raise BadInput(f"{to} is the workspace itself. Name another file for its backup.")
    workspace.back_up(to, replace)
    with Workspace.look_at(str(to)) as copy:
        return contents(copy)


def verify(address: str) -> Verdict:
    """Reads everything in a workspace, a backup, or a folder that `run` or `export` wrote. Writes nothing to it."""
    if "://" not in address and Path(address).expanduser().is_dir():
        folder = Path(address).expanduser()
        looked_at = f"the plan, the scores and the calendars in {folder}"
        return Verdict(looked_at, tuple(folder_faults(folder)), mend=Remedy.EXPORT)
    remarks = _open_to_others(address)
    try:
        with _of_today(address) as workspace:
            found = _verified(workspace)
    except DamagedError as error:
        return Verdict("", (_sentence(error.what),), remarks)
    return Verdict(found.looked_at, found.damage, (*remarks, *found.remarks))


def plan_restore(file: Path, address: str) -> Restoring:
    """Looks at the backup and at what it would replace. Raises StoreError if it is not whole."""
    if not file.is_file():
        raise NotThere(f"There is no backup at {file}.", Remedy.BACK_UP)
    if Workspace.is_at(address, file):
        raise BadInput(f"{file} is the workspace itself. Name a backup of it.")
    with _of_today(str(file)) as backup:
        verdict = _verified(backup)
        if verdict.damage:
            more = f" (and {len(verdict.damage) - 1} more)" if len(verdict.damage) > 1 else ""
            raise DamagedError(str(file), f"{verdict.damage[0].rstrip('.')}{more}")
        held = contents(backup)
    is_there = Workspace.is_there(address)
    there = None
    if is_there:
        try:
            with _of_today(address) as workspace:
                there = contents(workspace)
        except StoreError as error:
            if not isinstance(error, DamagedError) and not Workspace.is_unreadable(address):
                raise
    return Restoring(file, address, held, verdict, there, is_there)


def restore(seen: Restoring, now: datetime) -> Path | None:
    """Puts the backup in place, whole or not at all; where a copy of what was there is."""
    with _of_today(str(seen.file)) as backup, tempfile.TemporaryDirectory(prefix="matcher-") as folder:
        copy = Path(folder) / "matcher.db"
        backup.back_up(copy)  # without a journal beside it, and of today's tables
        return Workspace.restore(seen.address, copy, f"before-restore-{now:%Y%m%d-%H%M%S}")


@contextmanager
def _of_today(address: str) -> Iterator[Workspace]:
    """The workspace, only to be read; of an earlier version's a copy, brought up to date."""
    with Workspace.look_at(address, older=True) as workspace:
        if not workspace.is_older:
            yield workspace
            return
        with tempfile.TemporaryDirectory(prefix="matcher-") as folder:
            copy = Path(folder) / "matcher.db"
            workspace.back_up(copy)
            with Workspace.open(str(copy), keep_older=False) as today:
                yield today


def _verified(workspace: Workspace) -> Verdict:
    damage = list(workspace.faults())
    if damage:
        return Verdict("", tuple(damage))
    remarks: list[MatcherError] = []

    def judge(look: Callable[[], object]) -> None:
        try:
            look()
        except DamagedError as error:
            if _sentence(error.what) not in damage:
                damage.append(_sentence(error.what))
        except MatcherError as error:
            remarks.append(error)

    held = contents(workspace)
    if held.imported:
        judge(partial(kept_problem, workspace))
    for run in workspace.runs():
        judge(partial(planning.load_run, workspace, run.number))
    events = 0
    for version in workspace.versions():
        judge(partial(told.published, workspace, version.number))
        for entry in workspace.published(version.number):
            if entry.since == version.number:
                events += 1
                if event_fault(entry.body):
                    damage.append(_sentence(f"the event of {one_line(entry.session_id)} is no calendar's event"))
    for number, letter in enumerate(workspace.letters(), start=1):
        if is_tidied(letter):
            continue
        if str(message_from_bytes(letter.content).get("Message-ID", "")).strip() != letter.message_id:
            damage.append(_sentence(f"letter {number}, to {one_line(letter.recipient)}, is not what was written"))
    looked_at = (
        f"the database, {counted(held.runs, 'run')}, {counted(held.versions, 'version')} with "
        f"{counted(events, 'event')}, {counted(held.letters, 'letter')}"
    )
    return Verdict(looked_at, tuple(dict.fromkeys(damage)), tuple(remarks))


def _sentence(what: str) -> str:
    return f"{what[0].upper()}{what[1:]}."


def _open_to_others(address: str) -> tuple[MatcherError, ...]:
    """Files with names in them that somebody else may read."""
    found = []
    for file in Workspace.files_of(address):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            found.append(Cannot(f"{file} can be read by others (its mode is {mode:03o}). Close it: chmod 600 {file}"))
    return tuple(found)
