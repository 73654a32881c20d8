"""The use cases of publishing: from a plan that is kept to what people are told, and back to what they answer.

A plan is a draft until it is published as a version. Everything here speaks of published versions only. As in
`planner`, nothing knows a terminal: questions and progress go through callables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from matcher import planner
from matcher.domain import Plan, Problem, School, Session, Slot, Volunteer, folded
from matcher.errors import PublishingRefused, StoreError
from matcher.gate import breaches
from matcher.intake import build_problem
from matcher.mail import replies, smtp
from matcher.mail.replies import Accepted, Remark
from matcher.mail.smtp import Delivery, Outcome, Server
from matcher.publishing import feeds
from matcher.publishing.calendars import Attendee, introduction, session_name
from matcher.publishing.events import EntryChange, changes, entries_after
from matcher.publishing.feeds import FeedKind, Placed, Written
from matcher.publishing.letters import Untold, cancels, sender_of, untold
from matcher.publishing.letters import letters as write_letters
from matcher.publishing.published import Answer, Entry, Letter, LetterState, Standing
from matcher.publishing.text import counted, one_line
from matcher.store import Heard, SavedRun, Version, Workspace
from matcher.tables import Tables
from matcher.times import time_text

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed


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
    untold: tuple[Untold, ...]
    """Those with news who cannot be written to: somebody has to tell them."""
    begun: tuple[Entry, ...]
    """Visits out of the plan that have begun already, and so are not cancelled."""
    overtaken: int
    """How many letters of earlier versions have not gone and will not, since this one changes what they tell."""
    stamp: datetime
    judged_by: int | None
    """The number of the newest import, by which the plan was judged."""


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


TO_DO = (
    "Make a new plan and publish it (matcher solve, then matcher publish); or, where the spreadsheet is wrong, mend it, "
    "import it (matcher import) and do this again."
)


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


def held(workspace: Workspace, at: datetime | None = None) -> tuple[Held, ...]:
    """The appointments that people were told of, are to come after `at` (with a zone) and cannot be by today's data.

    In order of time; none before the first version. Everything that tells somebody something asks this first.
    """
    return _held(workspace, published(workspace), at) if workspace.versions() else ()


def _held(workspace: Workspace, told: Published, at: datetime | None = None) -> tuple[Held, ...]:
    events = {(each.attendee, each.attendee_id, each.session_id): each.uid for each in told.entries if _is_on(each)}
    found = []
    for each in _judged(workspace, told.problem, told.plan, told.version.run_number, at or datetime.now(UTC)):
        if each.slot is None or each.volunteer is None:  # nothing that anybody was told
            continue
        keys = (
            (Attendee.VOLUNTEER, each.volunteer.volunteer_id, each.session.session_id),
            (Attendee.SCHOOL, each.school.school_id, each.session.session_id),
        )
        found.append(replace(each, uids=tuple(events[key] for key in keys if key in events)))
    return tuple(found)


def _judged(workspace: Workspace, then: Problem, plan: Plan, run_number: int, at: datetime) -> tuple[Held, ...]:
    """What of this plan cannot be by the scenario of the newest import (without one: that of the run)."""
    tables = workspace.load_tables() or workspace.load_tables(run_number)
    assert tables is not None
    now, _ = build_problem(tables)
    wall_clock = at.astimezone(ZoneInfo(then.programme.timezone)).replace(tzinfo=None)
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
        for each in breaches(now, plan, wall_clock, then)
    )


def preview(
    workspace: Workspace,
    run: int | None = None,
    stamp: datetime | None = None,
    *,
    with_letters: bool = True,
    templates: Path | None = None,
) -> Preview:
    """What publishing this run (the newest unless said) would change, and the letters that would tell of it.

    Raises PublishingRefused where something in it cannot be by today's data.
    """
    stamp = stamp or datetime.now(UTC)
    judged_by = workspace.newest_import()
    saved, problem, result = planner.load_run(workspace, run)
    _insist_that_it_can_be(saved, _judged(workspace, problem, result.plan, saved.number, stamp))
    before, versions = workspace.published(), workspace.versions()
    number = versions[0].number + 1 if versions else 1
    outgoing = workspace.letters()
    waiting = [letter for letter in outgoing if letter.state is LetterState.WAITING]
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
    found = changes(before, after)
    alone = untold(everybody, before, after, stamp)
    letters: tuple[Letter, ...] = ()
    concerned = {(change.after.attendee, change.after.attendee_id) for change in found}
    if with_letters and concerned - {(each.attendee, each.attendee_id) for each in alone}:
        sender = sender_of(problem.programme)
        news_to = {_about(letter) for letter in waiting} - {
            _about(letter) for letter in outgoing if letter.state not in (LetterState.WAITING, LetterState.OVERTAKEN)
        }
        changed = {change.after.uid for change in found}
        known = [each for each in before if each.uid not in changed or _about(each) not in news_to]
        letters = write_letters(everybody, result.plan, known, after, number, sender, stamp, templates)
    concerned_letters = {_about(change.after) for change in found}
    overtaken = sum(_about(letter) in concerned_letters for letter in waiting)
    return Preview(number, saved, everybody, before, after, found, letters, alone, begun, overtaken, stamp, judged_by)


def _insist_that_it_can_be(run: SavedRun, wrong: Sequence[Held]) -> None:
    if wrong:
        lines = "\n".join(f"  {each}" for each in wrong)
        raise PublishingRefused(
            f"Run {run.number} cannot be published, and nothing was: by the data as it is now, "
            f"{counted(len(wrong), 'appointment')} in it cannot be.\n{lines}\n{TO_DO}"
        )


def publish(workspace: Workspace, seen: Preview) -> int:
    """Publishes what was shown: the version, its events and its letters, all or nothing."""
    return workspace.publish(seen.run.number, seen.before, seen.after, seen.letters, seen.stamp, seen.judged_by)


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


def _about(each: Letter | Entry) -> tuple[Attendee, str]:
    """What a letter is about: a volunteer's one event, all of a school's; of an event, which letters are about it."""
    return each.attendee, each.uid if each.attendee is Attendee.VOLUNTEER else each.attendee_id


# Letters out, answers in


def outbox(workspace: Workspace) -> Sequence[Letter]:
    """Every letter ever written, in the order in which they go."""
    return workspace.letters()


def send(
    workspace: Workspace,
    server: Server,
    *,
    dry_run: bool = False,
    per_minute: float = 0,
    told: Callable[[Delivery], None] = lambda _: None,
    kept_back: Callable[[Letter, Sequence[Held]], None] = lambda _letter, _why: None,
    at: datetime | None = None,
) -> Outcome:
    """Hands over the letters that wait, and again those that a broken-off attempt left uncertain.

    Letters that speak of what cannot be by today's data stay as they are: `kept_back` hears which, and of what.
    """
    judged_by = workspace.newest_import()
    letters = _released(workspace, kept_back, at)
    if dry_run:
        return smtp.rehearse(letters)
    unclaimed = {letter.message_id: letter for letter in letters}

    def mark(message_id: str, state: LetterState, remark: str) -> None:
        if state is LetterState.SENDING and message_id in unclaimed:
            if workspace.newest_import() != judged_by:
                raise StoreError(
                    "Another spreadsheet was imported meanwhile, so sending stopped before the next letter. Send "
                    "again, so that what is left is judged by it."
                )
            if not workspace.claim_letter(unclaimed.pop(message_id)):
                raise StoreError(
                    "The outbox was changed by somebody else meanwhile. Look at it (matcher outbox), then send again."
                )
        else:
            workspace.mark_letter(message_id, state, remark)

    return smtp.send(letters, server, mark, per_minute=per_minute, told=told)


def _released(
    workspace: Workspace, kept_back: Callable[[Letter, Sequence[Held]], None], at: datetime | None
) -> list[Letter]:
    """The letters to be sent, but those that speak of an appointment that is held."""
    of_event: dict[str, list[Held]] = {}
    of_school: dict[str, list[Held]] = {}
    for each in held(workspace, at):
        of_school.setdefault(each.school.school_id, []).append(each)
        for uid in each.uids:
            of_event.setdefault(uid, []).append(each)
    released = []
    for letter in workspace.letters(LetterState.WAITING, LetterState.SENDING):
        if letter.attendee is Attendee.SCHOOL:
            why = of_school.get(letter.attendee_id, [])
        else:
            why = of_event.get(letter.uid, [])
        if why and not cancels(letter):
            kept_back(letter, why)
        else:
            released.append(letter)
    return released


@dataclass(frozen=True)
class Heeded:
    """What came of reading replies."""

    messages: int
    accepted: tuple[Accepted, ...]
    """The answers that were taken."""
    remarks: tuple[Remark, ...]
    """What was ignored, and why."""
    problem: Problem


def reply(workspace: Workspace, files: Sequence[Path]) -> Heeded:
    """Reads replies and records the answers in them that count."""
    gathered = replies.gather(files)
    told = published(workspace)
    emails = {person.volunteer_id: person.email for person in told.problem.volunteers.values()}
    accepted, remarks = replies.judge(gathered.replies, told.entries, emails, workspace.heard())
    heard = [Heard(each.entry.uid, each.entry.sequence, each.reply.answer, each.reply.stamp) for each in accepted]
    taken = workspace.record_answers(heard)
    news = tuple(each for each, was_taken in zip(accepted, taken, strict=True) if was_taken)
    return Heeded(gathered.messages, news, (*gathered.remarks, *remarks), told.problem)


# Feeds


@dataclass(frozen=True)
class PlacedFeeds:
    """The feeds of the newest version and where they would go; nothing is written yet."""

    folder: Path
    placed: tuple[Placed, ...]
    readdressed: int
    """How many have an address already, but no file under it in this folder, and so would get another."""
    held: tuple[Held, ...]
    """What is shown as to be confirmed where it stands already, and not at all elsewhere."""


def place_feeds(workspace: Workspace, folder: Path, stamp: datetime | None = None) -> PlacedFeeds:
    told = published(workspace)
    hashes = {(FeedKind(kind), who): mark for (kind, who), mark in workspace.feed_hashes().items()}
    stopped = _held(workspace, told, stamp)
    there = feeds.standing(folder, hashes) if stopped else {}
    every = feeds.feeds(
        told.problem,
        told.entries,
        stamp or datetime.now(UTC),
        _doubtful(told, stopped),
        lambda key, uid: uid in there.get(key, ()),
    )
    placed = feeds.placed(folder, every, hashes)
    readdressed = sum(mark != hashes.get(key, mark) for key, mark in feeds.hashes_of(placed).items())
    return PlacedFeeds(folder, placed, readdressed, stopped)


def _doubtful(told: Published, stopped: Sequence[Held]) -> dict[str, list[str]]:
    """The events to which somebody may not come: UID -> how the school's event introduces them."""
    schools = {each.uid for each in told.entries if each.attendee is Attendee.SCHOOL}
    found: dict[str, list[str]] = {}
    for each in stopped:
        for uid in each.uids:
            found.setdefault(uid, [])
            if uid in schools and each.volunteer is not None:
                found[uid].append(introduction(told.problem.volunteers[each.volunteer.volunteer_id]))
    return found


def write_feeds(workspace: Workspace, where: PlacedFeeds, links: Path | None = None) -> Written:
    """Writes every feed, and to `links` who has which; first the workspace learns by what to know them again."""
    workspace.set_feeds({(str(kind), who): mark for (kind, who), mark in feeds.hashes_of(where.placed).items()})
    return feeds.write_feeds(where.folder, where.placed, links)


def reset_feed(workspace: Workspace, kind: FeedKind, who: str, folder: Path) -> bool:
    """Ends a feed's address: deletes its file and forgets its mark, so that it gets a new one when next written.

    False if its file was not in the folder: wherever it is, it has to be deleted there.
    """
    mark = workspace.feed_hashes().get((kind.value, who))
    if mark is None:
        raise StoreError(f"There is no feed of {kind} {who}. Feeds are made with: matcher feed write DIR")
    was_there = feeds.remove_feed(folder, mark)
    workspace.set_feeds({(kind.value, who): None})
    return was_there


def push(
    workspace: Workspace,
    url: str,
    login_file: Path | None = None,
    *,
    told: Callable[[Pushed], None] = lambda _: None,
    kept_back: Callable[[Sequence[Held]], None] = lambda _: None,
    at: datetime | None = None,
) -> tuple[Pushed, ...]:
    """Brings the programme's and each school's calendar on a CalDAV server in step with the newest version.

    What cannot be by today's data is shown as to be confirmed where it stands already, and not put elsewhere:
    `kept_back` hears of it, before anything is put.
    """
    from matcher.mail import caldav  # here, since its library takes long to load

    server = caldav.CalendarServer.at(url, login_file)
    every = published(workspace)
    stopped = _held(workspace, every, at)
    kept_back(stopped)
    name = every.problem.programme.name
    shelves = [
        caldav.shelf(
            name, each.kind, each.id, f"{name}: {each.name}" if each.kind is FeedKind.SCHOOL else name, each.content
        )
        for each in feeds.feeds(every.problem, every.entries, at or datetime.now(UTC), _doubtful(every, stopped))
        if each.kind is not FeedKind.VOLUNTEER
    ]
    return caldav.push(server, shelves, told)


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
) -> Collection[tuple[Attendee, str]]:
    """Those whose e-mail address is another one than it was in the last version."""
    if not versions or workspace.run(versions[0].run_number).fingerprint == saved.fingerprint:
        return ()
    before, _ = build_problem(_tables(workspace, versions[0]))
    old, new = _addresses(before), _addresses(problem)
    return {person for person, address in new.items() if address and old.get(person, address) != address}


def _addresses(problem: Problem) -> dict[tuple[Attendee, str], str]:
    """Where each volunteer and school is written to, as addresses are compared."""
    return {
        **{(Attendee.VOLUNTEER, each.volunteer_id): folded(each.email) for each in problem.volunteers.values()},
        **{(Attendee.SCHOOL, each.school_id): folded(each.contact_email) for each in problem.schools.values()},
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
