"""The use cases of privacy: erasing a person, telling a restored copy whom to erase, and tidying away what is old."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from matcher.appointments import Attendee
from matcher.domain import School
from matcher.errors import BadInput, NotThere, OutputError, Remedy
from matcher.publishing.published import Entry
from matcher.secrecy import write_new
from matcher.soundness import kept_problem
from matcher.store import Workspace
from matcher.times import time_text, wall_clock
from matcher.usecases.looking import looks
from matcher.usecases.told import is_on, published
from matcher.wording import counted, listed, one_line

LIST_HEAD = "# Ids of people who were erased, to be erased from other copies of the workspace, too.\n"


@dataclass(frozen=True)
class Coming:
    """A visit to come of somebody who is to be erased."""

    entry: Entry
    school: School
    contact: str
    """How the volunteer can be reached, as far as is known."""
    name: str

    def __str__(self) -> str:
        school = [each for each in (self.school.contact_name, self.school.contact_email) if each]
        return one_line(
            f"{time_text(self.entry.start)} ({self.entry.start.year}), {self.entry.session_id} at {self.school.name}: "
            f"tell {self.name} ({self.contact or 'no address known'}) and {self.school.name} "
            f"({', '.join(school) or 'no address known'})"
        )


@dataclass(frozen=True)
class Leaving:
    """Somebody who is to be erased; nothing is done yet."""

    volunteer_id: str
    name: str
    coming: tuple[Coming, ...]
    in_copies_only: bool = False
    """Whether the workspace itself knows nothing of them any more."""


@dataclass(frozen=True)
class Left:
    """What was done."""

    done: Counter[str]
    """What -> how many of it."""
    trouble: tuple[str, ...]
    """Sentences: what could not be done, and what to do."""

    def __str__(self) -> str:
        return listed([counted(count, *_NAMES.get(what, (what,))) for what, count in self.done.items() if count]) or (
            "nothing"
        )


_NAMES = {
    "snapshot of the term": ("snapshot of the term", "snapshots of the term"),
    "letter to others": ("letter to others, reworded", "letters to others, reworded"),
    "event of others": ("event of a school, reworded", "events of schools, reworded"),
    "copy that matcher made": ("copy that matcher made", "copies that matcher made"),
}


@looks
def leaving(workspace: Workspace, who: str, now: datetime | None = None) -> Leaving:
    """Somebody by id, or by a name that only one person has, with what is to be told to whom first.

    Raises NotThere or BadInput if there is nobody of that name, or more than one.
    """
    found = workspace.find_person(who)
    if not found:
        if workspace.was_forgotten(who):
            return Leaving(who, who, (), in_copies_only=True)
        raise NotThere(f"There is no volunteer with the id or name {one_line(who)} in {workspace.where}.", Remedy.SHOW)
    if len(found) > 1:
        ids = listed([f"{each} ({one_line(names[0])})" for each, names in found.items()])
        raise BadInput(f"{len(found)} people have the name {one_line(who)}: {ids}. Say which, by the id.")
    volunteer_id, names = next(iter(found.items()))
    return Leaving(volunteer_id, one_line(names[0]), _coming(workspace, volunteer_id, now or datetime.now(UTC)))


@looks
def leaving_again(workspace: Workspace, file: Path, now: datetime | None = None) -> tuple[Leaving, ...]:
    """Those of a list of erased people whom this workspace knows. Raises BadInput if the file cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadInput(f"{file} cannot be read: {why}. Name a list of erased people that was written here.") from error
    marks = [_mark(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return tuple(leaving(workspace, each, now) for each in sorted(workspace.people_marked(marks)))


def _mark(line: str) -> str:
    return line if line.startswith("sha256:") else f"id:{line}"


def write_list(workspace: Workspace, file: Path) -> int:
    """Writes by what erased people are known again, without names; how many. Raises OutputError."""
    marks = workspace.forgotten()
    if file.exists():
        raise OutputError(f"{file} is there already. Name another file.")
    text = LIST_HEAD + "".join(f"{mark.removeprefix('id:')}\n" for mark in marks)
    try:
        write_new(file, text.encode())
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}. Name another file.") from error
    return len(marks)


def forget(workspace: Workspace, who: Leaving, now: datetime | None = None) -> Left:
    """Erases somebody from all that the workspace keeps, and from the copies that matcher made of it."""
    done, trouble = workspace.forget(who.volunteer_id, now or datetime.now(UTC))
    return Left(done, tuple(trouble))


def _coming(workspace: Workspace, volunteer_id: str, now: datetime) -> tuple[Coming, ...]:
    if not workspace.versions():
        return ()
    told = published(workspace)
    clock = wall_clock(now, told.problem.programme.timezone)
    found = []
    for entry in told.entries:
        theirs = entry.attendee is Attendee.VOLUNTEER and entry.attendee_id == volunteer_id
        if theirs and is_on(entry) and entry.end > clock:
            person = told.problem.volunteers[volunteer_id]
            school = told.problem.schools[told.problem.sessions[entry.session_id].school_id]
            found.append(Coming(entry, school, person.email, one_line(person.name)))
    return tuple(found)


# Tidying


@dataclass(frozen=True)
class Tidying:
    """What would be tidied away; nothing is done yet."""

    runs: tuple[int, ...]
    """The numbers of runs that were never published, made long ago; the newest run is never among them."""
    letters: int
    """How many letters' bodies."""
    letters_before: datetime | None
    """Of versions made before then; None where the programme sets no time."""


@looks
def to_tidy(workspace: Workspace, days: int, now: datetime | None = None) -> Tidying:
    """What is older than so many days and was never published, and letters past the programme's time."""
    now = now or datetime.now(UTC)
    published_runs = {each.run_number for each in workspace.versions()}
    old = [each.number for each in workspace.runs()[1:] if each.made < now - timedelta(days=days)]
    kept_days = None
    if workspace.state() is not None:
        _, problem, _ = kept_problem(workspace)
        kept_days = problem.programme.letters_kept_days
    before = None if kept_days is None else now - timedelta(days=kept_days)
    letters = 0 if before is None else workspace.old_letters(before)
    return Tidying(tuple(sorted(set(old) - published_runs)), letters, before)


def tidy(workspace: Workspace, seen: Tidying) -> None:
    """Deletes what was shown: runs with all that belongs to them alone, and what old letters said."""
    workspace.tidy(seen.runs, seen.letters_before)
