"""What people were told by the versions that were published, and what of it cannot be by today's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, School, Session, Slot, Volunteer
from matcher.publishing.answered import AnswersSoFar, WhoDeclined, WhoIsSilent
from matcher.publishing.events import EntryChange, News, changes
from matcher.publishing.facts import appointments
from matcher.publishing.handing_over import ANSWERED, ListedVisit, handed_over
from matcher.publishing.published import Answer, Entry, Letter, Standing
from matcher.publishing.sentences import session_name
from matcher.soundness import insist_events, kept_events, kept_problem, kept_run, kept_version
from matcher.store import Version, Workspace
from matcher.times import time_text, wall_clock
from matcher.usecases.looking import looks
from matcher.wording import one_line


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


@dataclass(frozen=True)
class Held:
    """An appointment to come that cannot be as the term is now."""

    volunteer: Volunteer | None
    """None: a pin wants the session as such otherwise."""
    school: School
    session: Session
    slot: Slot | None
    """None: a pin wants what the plan does not have."""
    reasons: tuple[str, ...]
    uids: tuple[str, ...] = ()
    """Of the volunteer's and the school's events, as far as they were told."""

    def __str__(self) -> str:
        who = f"{self.volunteer.name}, " if self.volunteer else ""
        when = f", {time_text(self.slot.start)} ({self.slot.day.year})" if self.slot else ""
        where = f"{session_name(self.session)} ({self.session.session_id}) at {self.school.name}"
        return one_line(f"{who}{where}{when}: {'; '.join(self.reasons)}")

    @property
    def ring(self) -> str:
        """Whom to ring, with what is known of how."""
        school = [each for each in (self.school.contact_name, self.school.contact_email) if each]
        people = (
            [(self.volunteer.name, [self.volunteer.email] if self.volunteer.email else [])] if self.volunteer else []
        )
        people.append((self.school.name, school))
        return one_line(" and ".join(f"{name} ({', '.join(known) or 'no address known'})" for name, known in people))


@looks
def held(workspace: Workspace, at: datetime | None = None) -> tuple[Held, ...]:
    """The appointments that people were told of, are to come after `at` (with a zone) and cannot be by today's data.

    In order of time; none before the first version. Everything that tells somebody something asks this first.
    """
    return held_of(workspace, published(workspace), at) if workspace.versions() else ()


def held_of(workspace: Workspace, told: Published, at: datetime | None = None) -> tuple[Held, ...]:
    events = {(each.attendee, each.attendee_id, each.session_id): each.uid for each in told.entries if is_on(each)}
    found = []
    for each in judged(workspace, told.problem, told.plan, told.version.run_number, at or datetime.now(UTC)):
        if each.slot is None or each.volunteer is None:  # nothing that anybody was told
            continue
        keys = (
            (Attendee.VOLUNTEER, each.volunteer.volunteer_id, each.session.session_id),
            (Attendee.SCHOOL, each.school.school_id, each.session.session_id),
        )
        found.append(replace(each, uids=tuple(events[key] for key in keys if key in events)))
    return tuple(found)


def of_today(workspace: Workspace, run_number: int) -> Problem:
    """The term of the newest import (without one: that of the run)."""
    return kept_problem(workspace, run_number if workspace.state() is None else None)[1]


def judged(workspace: Workspace, then: Problem, plan: Plan, run_number: int, at: datetime) -> tuple[Held, ...]:
    """What of this plan cannot be by the scenario of the newest import (without one: that of the run)."""
    from matcher.gate import breaches  # and with it every rule, for those who only look at what was told

    now = of_today(workspace, run_number)
    clock = wall_clock(at, then.programme.timezone)
    people, schools, sessions = (
        {**then.volunteers, **now.volunteers},
        {**then.schools, **now.schools},
        {**now.sessions, **then.sessions},
    )
    return tuple(
        Held(
            people.get(each.volunteer_id),
            schools[sessions[each.session_id].school_id],
            sessions[each.session_id],
            each.slot,
            each.reasons,
        )
        for each in breaches(now, plan, clock, then)
    )


def versions(workspace: Workspace) -> Sequence[Version]:
    return workspace.versions()


@looks
def published(workspace: Workspace, number: int | None = None) -> Published:
    """That version, or the newest one."""
    return workspace.once(("published", number), lambda: _published(workspace, number))


def _published(workspace: Workspace, number: int | None) -> Published:
    every = workspace.versions()
    entries = kept_events(workspace, number if every or number is not None else 1)
    version = every[0] if number is None else kept_version(workspace, number)
    saved, problem = kept_run(workspace, version.run_number)
    older = [each for each in every if each.number < version.number]
    return Published(version, with_those_gone(workspace, problem, entries, older), saved.plan, entries)


@dataclass(frozen=True)
class Summary:
    """What changes come to, in numbers."""

    appointments: tuple[tuple[News, int, int], ...]
    """Of each kind of news that somebody gets: how many appointments, of how many volunteers."""
    schools: tuple[str, ...]
    """The ids of those whose list of visitors changes."""


def summary(found: Sequence[EntryChange]) -> Summary:
    people = of_volunteers(found)
    told = [(news, [each.after.attendee_id for each in people if each.news is news]) for news in News]
    schools = dict.fromkeys(each.after.attendee_id for each in found if each.after.attendee is Attendee.SCHOOL)
    return Summary(tuple((news, len(ids), len(set(ids))) for news, ids in told if ids), tuple(schools))


def of_volunteers(found: Sequence[EntryChange]) -> tuple[EntryChange, ...]:
    """Those changes that volunteers hear of."""
    return tuple(each for each in found if each.after.attendee is Attendee.VOLUNTEER)


@looks
def diff(workspace: Workspace, first: int, second: int) -> tuple[Published, tuple[EntryChange, ...]]:
    """Two versions: the later one, and what is new in it for those whom it concerns."""
    earlier, later = sorted((first, second))
    before, after = kept_events(workspace, earlier), published(workspace, later)
    return after, changes(before, after.entries)


@looks
def gaps(workspace: Workspace, at: datetime | None = None) -> tuple[Gap, ...]:
    """The visits told that are to come after `at` (with a zone) and for which volunteers have said no, in order."""
    if not workspace.versions():
        return ()
    told = published(workspace)
    clock = wall_clock(at or datetime.now(UTC), told.problem.programme.timezone)
    coming = [each for each in told.entries if is_on(each) and each.attendee is Attendee.VOLUNTEER]
    declined = [each for each in coming if each.answer is Answer.DECLINED and each.start > clock]
    found = []
    for entry in declined:
        session = told.problem.sessions[entry.session_id]
        still = sum(each.session_id == entry.session_id and each.answer is not Answer.DECLINED for each in coming)
        school, volunteer = told.problem.schools[session.school_id], told.problem.volunteers[entry.attendee_id]
        found.append(Gap(entry, volunteer, school, still, session.min_volunteers))
    return tuple(found)


@looks
def answers(workspace: Workspace, plan: Plan) -> Mapping[tuple[str, str], Answer]:
    """(volunteer_id, session_id) -> the answer of each in the plan who was told of that visit at that time."""
    if not workspace.versions():
        return {}
    return {
        (each.attendee_id, each.session_id): each.answer
        for each in published(workspace).entries
        if is_on(each)
        and each.attendee is Attendee.VOLUNTEER
        and (visit := plan.visits.get(each.session_id)) is not None
        and each.attendee_id in visit.team
        and each.start == visit.slot.start
    }


@looks
def heard(workspace: Workspace, plan: Plan, at: datetime) -> AnswersSoFar | None:
    """What a report of that plan says of answers: visits to come after `at` (with a zone). None: nobody was told."""
    if not workspace.versions():
        return None
    told = published(workspace)
    clock = wall_clock(at, told.problem.programme.timezone)
    silent: dict[str, list[Entry]] = {}
    for each in told.entries:
        is_silent = is_on(each) and each.attendee is Attendee.VOLUNTEER and each.answer is Answer.NEEDS_ACTION
        if is_silent and each.start > clock:
            silent.setdefault(each.attendee_id, []).append(each)
    return AnswersSoFar(
        clock,
        answers(workspace, plan),
        tuple(
            WhoDeclined(
                gap.volunteer.name,
                gap.entry.session_id,
                session_name(told.problem.sessions[gap.entry.session_id]),
                gap.school.name,
                gap.entry.start,
                gap.still_coming,
                gap.wanted,
            )
            for gap in gaps(workspace, at)
        ),
        tuple(
            WhoIsSilent(told.problem.volunteers[each].name, len(own), min(entry.start for entry in own))
            for each, own in silent.items()
        ),
    )


def answered(answer: Answer) -> str:
    """An answer in words, wherever a team is shown."""
    return ANSWERED[answer]


def to_hand_over(
    problem: Problem,
    plan: Plan,
    attendee: Attendee,
    attendee_id: str,
    answered: Mapping[tuple[str, str], Answer],
    stopped: Sequence[Held],
) -> str:
    """The list of a volunteer or a school, as text; what is held is to be confirmed there."""
    in_doubt: dict[str, set[str]] = {}
    for each in stopped:
        if each.volunteer is not None:
            in_doubt.setdefault(each.session.session_id, set()).add(each.volunteer.volunteer_id)
    items = [
        ListedVisit(
            each.facts,
            {
                person: answer
                for (person, session_id), answer in answered.items()
                if session_id == each.session_id and (attendee is Attendee.SCHOOL or person == attendee_id)
            },
            frozenset(in_doubt.get(each.session_id, ())),
        )
        for each in appointments(problem, plan)
        if each.attendee is attendee and each.attendee_id == attendee_id
    ]
    people = problem.volunteers if attendee is Attendee.VOLUNTEER else problem.schools
    return handed_over(attendee, attendee_id, one_line(people[attendee_id].name), items)


def about(each: Letter | Entry) -> tuple[Attendee, str]:
    """What a letter is about: a volunteer's one event, all of a school's; of an event, which letters are about it."""
    return each.attendee, each.uid if each.attendee is Attendee.VOLUNTEER else each.attendee_id


def is_on(entry: Entry) -> bool:
    return entry.standing is Standing.CONFIRMED


def with_those_gone(
    workspace: Workspace, problem: Problem, entries: Sequence[Entry], older: Sequence[Version]
) -> Problem:
    """The problem with everybody and everything that these events speak of, as they were when last published."""

    def is_known(entry: Entry) -> bool:
        people = problem.volunteers if entry.attendee is Attendee.VOLUNTEER else problem.schools
        return entry.attendee_id in people and entry.session_id in problem.sessions

    for version in older:
        if all(map(is_known, entries)):
            break
        _, then, _ = kept_problem(workspace, version.run_number)
        problem = problem.with_those_of(then)
    insist_events(workspace, problem, entries)
    return problem
