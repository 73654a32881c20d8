"""The use cases of publishing: from a plan that is kept to what people are told, and back to what they answer.

A plan is a draft until it is published as a version. Everything here speaks of published versions only. As in
`planner`, nothing knows a terminal: questions and progress go through callables.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from matcher import planner
from matcher.domain import Plan, Problem, School, Volunteer
from matcher.errors import StoreError
from matcher.intake import build_problem
from matcher.publishing.calendars import Attendee
from matcher.publishing.events import EntryChange, changes, entries_after
from matcher.publishing.published import Answer, Entry, Letter, Standing
from matcher.store import SavedRun, Version, Workspace
from matcher.tables import Tables


@dataclass(frozen=True)
class Preview:
    """What publishing a run would change for whom, worked out once: to be shown, and then kept as it was shown."""

    version: int
    """The number it would get."""
    run: SavedRun
    problem: Problem
    """With the people, schools and sessions that are only in earlier versions."""
    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    changes: tuple[EntryChange, ...]
    letters: tuple[Letter, ...]
    begun: tuple[Entry, ...]
    """Visits out of the plan that have begun already, and so are not cancelled."""
    stamp: datetime

    @property
    def to_be_told(self) -> tuple[Volunteer, ...]:
        """Volunteers with news but without an e-mail address: somebody has to tell them."""
        concerned = dict.fromkeys(
            change.after.attendee_id for change in self.changes if change.after.attendee is Attendee.VOLUNTEER
        )
        people = (self.problem.volunteers[volunteer_id] for volunteer_id in concerned)
        return tuple(person for person in people if not person.email)


@dataclass(frozen=True)
class Published:
    """What people have been told by a version."""

    version: Version
    problem: Problem
    """With the people, schools and sessions that are only in earlier versions."""
    plan: Plan
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Gap:
    """A visit for which somebody said no."""

    entry: Entry
    volunteer: Volunteer
    school: School
    still_coming: int
    wanted: int
    """The fewest with whom the session can run."""


def preview(workspace: Workspace, run: int | None = None, stamp: datetime | None = None) -> Preview:
    """What publishing this run (the newest unless said) would change."""
    stamp = stamp or datetime.now(UTC)
    saved, problem, result = planner.load_run(workspace, run)
    before, versions = workspace.published(), workspace.versions()
    number = versions[0].number + 1 if versions else 1
    new_addresses = _new_addresses(workspace, saved, problem, versions)
    after = entries_after(before, problem, result.plan, number, stamp, new_addresses)
    planned = {(visit, person) for person, visit, _ in result.plan.assignments()}
    begun = tuple(
        entry
        for entry in after
        if entry.attendee is Attendee.VOLUNTEER
        and entry.standing is Standing.CONFIRMED
        and (entry.session_id, entry.attendee_id) not in planned
    )
    everybody = _with_those_gone(workspace, problem, after, versions)
    return Preview(number, saved, everybody, before, after, changes(before, after), (), begun, stamp)


def publish(workspace: Workspace, seen: Preview) -> int:
    """Publishes what was shown: the version, its events and its letters, all or nothing."""
    return workspace.publish(seen.run.number, seen.before, seen.after, seen.letters, seen.stamp)


def versions(workspace: Workspace) -> Sequence[Version]:
    return workspace.versions()


def published(workspace: Workspace, number: int | None = None) -> Published:
    """That version, or the newest one."""
    every = workspace.versions()
    entries = workspace.published(number if every or number is not None else 1)
    version = every[0] if number is None else next(each for each in every if each.number == number)
    problem, _ = build_problem(_tables(workspace, version))
    older = [each for each in every if each.number < version.number]
    return Published(
        version, _with_those_gone(workspace, problem, entries, older), workspace.run(version.run_number).plan, entries
    )


def diff(workspace: Workspace, first: int, second: int) -> tuple[Published, tuple[EntryChange, ...]]:
    """Two versions: the later one, and what is new in it for those whom it concerns."""
    earlier, later = sorted((first, second))
    before, after = workspace.published(earlier), published(workspace, later)
    return after, changes(before, after.entries)


def gaps(workspace: Workspace) -> tuple[Gap, ...]:
    """The visits of the newest version for which volunteers have said no, in order of time."""
    if not workspace.versions():
        return ()
    told = published(workspace)
    coming = [entry for entry in told.entries if _is_on(entry) and entry.attendee is Attendee.VOLUNTEER]
    declined = [entry for entry in coming if entry.answer is Answer.DECLINED]
    found = []
    for entry in declined:
        session = told.problem.sessions[entry.session_id]
        still = sum(each.session_id == entry.session_id and each.answer is not Answer.DECLINED for each in coming)
        school, volunteer = told.problem.schools[session.school_id], told.problem.volunteers[entry.attendee_id]
        found.append(Gap(entry, volunteer, school, still, session.min_volunteers))
    return tuple(found)


# What these share


def _is_on(entry: Entry) -> bool:
    return entry.standing is Standing.CONFIRMED


def _tables(workspace: Workspace, version: Version) -> Tables:
    tables = workspace.load_tables(version.run_number)
    if tables is None:
        raise StoreError(f"{workspace.where} has lost the scenario of version {version.number}. Put back a copy of it.")
    return tables


def _new_addresses(
    workspace: Workspace, saved: SavedRun, problem: Problem, versions: Sequence[Version]
) -> Collection[str]:
    """The volunteers whose e-mail address is another one than it was in the last version."""
    if not versions or workspace.run(versions[0].run_number).fingerprint == saved.fingerprint:
        return ()
    before, _ = build_problem(_tables(workspace, versions[0]))
    return {
        person.volunteer_id
        for person in problem.volunteers.values()
        if person.volunteer_id in before.volunteers
        and person.email
        and person.email.casefold() != before.volunteers[person.volunteer_id].email.casefold()
    }


def _with_those_gone(
    workspace: Workspace, problem: Problem, entries: Sequence[Entry], older: Sequence[Version]
) -> Problem:
    """The problem with everybody and everything that these events speak of, as they were when last published."""

    def is_known(entry: Entry) -> bool:
        people = problem.volunteers if entry.attendee is Attendee.VOLUNTEER else problem.schools
        return entry.attendee_id in people and entry.session_id in problem.sessions

    for version in older:
        if all(map(is_known, entries)):
            break
        then, _ = build_problem(_tables(workspace, version))
        problem = replace(
            problem,
            schools={**problem.schools, **then.schools, **problem.schools},
            cohorts={**problem.cohorts, **then.cohorts, **problem.cohorts},
            sessions={**problem.sessions, **then.sessions, **problem.sessions},
            volunteers={**problem.volunteers, **then.volunteers, **problem.volunteers},
        )
    return problem
