"""The use cases of publishing: from a plan that is kept to what people are told, and back to what they answer.

A plan is a draft until it is published as a version. Everything here speaks of published versions only. As in
`planner`, nothing knows a terminal: questions and progress go through callables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from matcher import planner
from matcher.domain import Plan, Problem, School, Session, Slot, Volunteer, folded
from matcher.errors import DamagedError, PublishingRefused, StoreError
from matcher.gate import breaches
from matcher.mail import replies, smtp
from matcher.mail.replies import Accepted, Question, Remark
from matcher.mail.smtp import Delivery, Outcome, Server
from matcher.publishing import feeds
from matcher.publishing.calendars import Attendee, introduction, session_name
from matcher.publishing.events import EntryChange, changes, entries_after, restamped
from matcher.publishing.feeds import FeedKind, Placed, Written
from matcher.publishing.letters import Untold, cancels, sender_of, untold
from matcher.publishing.letters import letters as write_letters
from matcher.publishing.published import Answer, Entry, Letter, LetterState, Standing
from matcher.publishing.text import counted, listed, one_line
from matcher.soundness import insist_events, kept_letters, kept_problem, kept_run
from matcher.store import Heard, Lease, SavedRun, Taken, Version, Workspace, leases
from matcher.times import time_text

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed

LONG_OVER = timedelta(days=183)  # after a term's last day nobody publishes it any more
CLOCK_SKEW = timedelta(minutes=10)  # by which the clocks of two machines that are right may differ
LEASE_SECONDS = 180.0  # until a send that was killed gives way; one that goes on renews it all the while


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
    "Make a new plan and publish it (matcher solve, then matcher publish); or, where the spreadsheet is wrong, mend "
    "it, import it (matcher import) and do this again."
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
    _, now, _ = kept_problem(workspace, run_number if workspace.newest_import() is None else None)
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
    sequence_from: int = 0,
) -> Preview:
    """What publishing this run (the newest unless said) would change, and the letters that would tell of it.

    Events that change get a SEQUENCE of `sequence_from` at least. Raises PublishingRefused where something in it
    cannot be by today's data.
    """
    stamp = stamp or datetime.now(UTC)
    judged_by = workspace.newest_import()
    saved, problem, result = planner.load_run(workspace, run)
    planner.insist_again(workspace, saved, problem)
    _insist_that_it_can_be(saved, _judged(workspace, problem, result.plan, saved.number, stamp))
    before, versions = workspace.published(), workspace.versions()
    _with_those_gone(workspace, problem, before, versions)  # raises where they are damaged
    number = versions[0].number + 1 if versions else 1
    outgoing = kept_letters(workspace)
    waiting = [letter for letter in outgoing if letter.state is LetterState.WAITING]
    new_addresses = _new_addresses(workspace, saved, problem, versions)
    after = entries_after(before, problem, result.plan, number, stamp, new_addresses, sequence_from)
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
        letters = write_letters(
            everybody, result.plan, known, after, number, sender, stamp, templates, workspace_id=workspace.id
        )
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


def clock_doubt(workspace: Workspace, problem: Problem, stamp: datetime) -> str:
    """Why the clock may be wrong that says it is `stamp`; "" if nothing speaks against it.

    (A term years ahead does not: plans are made early.)
    """
    if doubt := long_over(problem, stamp):
        return doubt
    imported = workspace.last_import()
    done = [
        *([("import", imported.number, imported.made)] if imported else []),
        *[("run", each.number, each.made) for each in workspace.runs()[:1]],
        *[("version", each.number, each.made) for each in workspace.versions()[:1]],
    ]
    for what, number, made in done:
        if stamp < made - CLOCK_SKEW:
            return (
                f"This machine's clock says {stamp.astimezone(UTC):%Y-%m-%d %H:%M} UTC, which is before {what} "
                f"{number} was made ({made:%Y-%m-%d %H:%M} UTC)."
            )
    return ""


def long_over(problem: Problem, stamp: datetime) -> str:
    """The same, of a clock that may be ahead: it takes visits to come for over, and nobody is told of them."""
    programme = problem.programme
    today = stamp.astimezone(ZoneInfo(programme.timezone)).date()
    if today <= programme.last_day + LONG_OVER:
        return ""
    return (
        f"This machine's clock says {today:%Y-%m-%d}, more than half a year after the term's last day "
        f"({programme.last_day:%Y-%m-%d})."
    )


@dataclass(frozen=True)
class LateLetters:
    """Letters of a version that was published without them: to be shown, and then written as they were shown."""

    version: int
    problem: Problem
    entries: tuple[Entry, ...]
    """Of the newest version."""
    outbox: tuple[Letter, ...]
    letters: tuple[Letter, ...]
    untold: tuple[Untold, ...]
    left_out: int
    """How many events that version changed are over, were changed again since, or have a letter already."""
    stamp: datetime


def late_letters(
    workspace: Workspace, number: int, stamp: datetime | None = None, *, templates: Path | None = None
) -> LateLetters:
    """The letters that a version lacks: about what it changed, is still so, and is to come. Nobody gets one twice."""
    stamp = stamp or datetime.now(UTC)
    before = workspace.published(number - 1) if number > 1 else ()
    found = changes(before, workspace.published(number))
    told = published(workspace)
    now = stamp.astimezone(ZoneInfo(told.problem.programme.timezone)).replace(tzinfo=None)
    outgoing = kept_letters(workspace)
    written = {
        _about(each)
        for each in outgoing
        if each.version == number or (each.version > number and each.state is not LetterState.OVERTAKEN)
    }
    current = {each.uid: each for each in told.entries}
    lacking = {
        change.after.uid
        for change in found
        if current[change.after.uid].since == number
        and change.after.start > now
        and _about(change.after) not in written
    }
    old = {each.uid: each for each in before}
    known = [
        each if each.uid not in lacking else old[each.uid]
        for each in told.entries
        if each.uid not in lacking or each.uid in old
    ]
    after = tuple(restamped(each, stamp) if each.uid in lacking else each for each in told.entries)
    alone = untold(told.problem, known, after, stamp)
    letters: tuple[Letter, ...] = ()
    concerned = {(current[uid].attendee, current[uid].attendee_id) for uid in lacking}
    if concerned - {(each.attendee, each.attendee_id) for each in alone}:
        sender = sender_of(told.problem.programme)
        letters = write_letters(
            told.problem, told.plan, known, after, number, sender, stamp, templates, workspace_id=workspace.id
        )
    left_out = len(found) - len(lacking)
    return LateLetters(number, told.problem, told.entries, outgoing, letters, alone, left_out, stamp)


def write_late_letters(workspace: Workspace, seen: LateLetters) -> None:
    """Puts into the outbox what was shown, all or nothing."""
    workspace.add_letters(seen.version, seen.letters, seen.entries, seen.outbox)


def versions(workspace: Workspace) -> Sequence[Version]:
    return workspace.versions()


def published(workspace: Workspace, number: int | None = None) -> Published:
    """That version, or the newest one."""
    every = workspace.versions()
    entries = workspace.published(number if every or number is not None else 1)
    version = every[0] if number is None else next((each for each in every if each.number == number), None)
    if version is None:
        raise DamagedError(workspace.where, f"version {number} is gone")
    saved, problem = kept_run(workspace, version.run_number)
    older = [each for each in every if each.number < version.number]
    return Published(version, _with_those_gone(workspace, problem, entries, older), saved.plan, entries)


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
    return kept_letters(workspace)


def send(
    workspace: Workspace,
    server: Server,
    *,
    dry_run: bool = False,
    per_minute: float = 0,
    told: Callable[[Delivery], None] = lambda _: None,
    lease_seconds: float = LEASE_SECONDS,
    kept_back: Callable[[Letter, Sequence[Held]], None] = lambda _letter, _why: None,
    at: datetime | None = None,
) -> Outcome:
    """Hands over the letters that wait, and again those that a broken-off attempt left uncertain.

    Letters that speak of what cannot be by today's data stay as they are: `kept_back` hears which, and of what. One at
    a time may send: StoreError says who else is. A send that was killed gives way after `lease_seconds`.
    """
    if dry_run:
        return smtp.rehearse(_released(workspace, kept_back, at))
    try:
        with workspace.lease("send", lease_seconds) as lease:
            judged_by = workspace.newest_import()
            letters = _released(workspace, kept_back, at)
            return _send(workspace, server, lease, letters, judged_by, per_minute, told)
    except Taken as taken:
        raise StoreError(
            f"Another send is under way ({taken.by}), so nothing was sent by this one. Wait until it is done; if it "
            f"was broken off, send again after {taken.until:%H:%M:%S} UTC."
        ) from taken


def _send(
    workspace: Workspace,
    server: Server,
    lease: Lease,
    letters: Sequence[Letter],
    judged_by: int | None,
    per_minute: float,
    told: Callable[[Delivery], None],
) -> Outcome:
    unclaimed = {letter.message_id: letter for letter in letters}

    def mark(message_id: str, state: LetterState, remark: str) -> None:
        if state is LetterState.SENDING and message_id in unclaimed:
            if not lease.renew():
                raise StoreError(
                    "This send has lost its turn to go on (its machine slept, or its clock was changed), and stopped "
                    "before the next letter. Look at the outbox (matcher outbox), then send again."
                )
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
    for letter in kept_letters(workspace, LetterState.WAITING, LetterState.SENDING):
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
    questions: tuple[Question, ...]
    """Those of which the coordinator has to say whether they are the person's own."""
    remarks: tuple[Remark, ...]
    """What was ignored, and why."""
    problem: Problem


def reply(workspace: Workspace, files: Sequence[Path], now: datetime | None = None) -> Heeded:
    """Reads replies and records the answers in them that count."""
    now = now or datetime.now(UTC)
    gathered = replies.gather(files, now)
    told = published(workspace)
    emails = {person.volunteer_id: person.email for person in told.problem.volunteers.values()}
    accepted, questions, remarks = replies.judge(gathered.replies, told.entries, emails, workspace.heard())
    heard = [Heard(each.entry.uid, each.entry.sequence, each.reply.answer, each.reply.stamp) for each in accepted]
    taken = workspace.record_answers(heard, now)
    news = tuple(each for each, was_taken in zip(accepted, taken, strict=True) if was_taken)
    return Heeded(gathered.messages, news, questions, (*gathered.remarks, *remarks), told.problem)


@dataclass(frozen=True)
class Answered:
    """A volunteer's answer, taken on the coordinator's word."""

    entry: Entry
    """As it was before."""
    volunteer: Volunteer
    answer: Answer


def answer(
    workspace: Workspace,
    volunteer: str,
    session: str,
    said: Answer,
    note: str | None = None,
    now: datetime | None = None,
) -> Answered:
    """Records what a volunteer said of a visit to come, on the coordinator's word; a later mail overtakes it.

    `volunteer` is an id, or a name that only one of those invited has. StoreError if there is no such invitation.
    """
    now = now or datetime.now(UTC)
    told = published(workspace)
    mine = [each for each in told.entries if each.attendee is Attendee.VOLUNTEER]
    person = _person(told.problem, volunteer, {each.attendee_id for each in mine})
    found = [each for each in mine if each.attendee_id == person.volunteer_id]
    entry = next((each for each in found if each.session_id == session), None) or next(
        (each for each in found if folded(each.session_id) == folded(session)), None
    )
    if entry is None:
        theirs = [f"{each.session_id} on {time_text(each.start)}" for each in found if _is_on(each)]
        known = f"invited to {listed(theirs)}" if theirs else "invited to nothing"
        raise StoreError(f"{one_line(person.name)} is not invited to {one_line(session)!r}, but {known}.")
    what = f"{entry.session_id} on {time_text(entry.start)}"
    if not _is_on(entry):
        raise StoreError(f"{what} has been cancelled for {one_line(person.name)}: there is nothing to answer.")
    if entry.end <= now.astimezone(ZoneInfo(told.problem.programme.timezone)).replace(tzinfo=None):
        raise StoreError(f"{what} is over: an answer of {one_line(person.name)} would change nothing.")
    word = Heard(entry.uid, entry.sequence, said, now, note, taken_by="coordinator")
    if workspace.record_answers([word], now) != (True,):
        raise StoreError(f"{what} was changed by somebody else meanwhile. Nothing was recorded. Answer again.")
    return Answered(entry, person, said)


def _person(problem: Problem, asked: str, invited: Collection[str]) -> Volunteer:
    """By id, else by name: the whole of it, or words of it that only one of those invited has."""
    if asked in problem.volunteers:
        return problem.volunteers[asked]
    people = [problem.volunteers[each] for each in sorted(invited) if each in problem.volunteers]
    words = set(folded(asked).split())
    found = [each for each in people if folded(asked) in (folded(each.volunteer_id), folded(each.name))]
    found = found or [each for each in people if words and words <= set(folded(each.name).split())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise StoreError(f"Nobody who is invited has the id or the name {one_line(asked)!r}. See: matcher show")
    names = listed([f"{one_line(each.name)} ({each.volunteer_id})" for each in found[:10]])
    raise StoreError(f"{one_line(asked)!r} may be {names}. Say which by the id.")


# What only one may do at a time

LEASE, RENEWED = timedelta(minutes=5), timedelta(minutes=1)
"""How long a lease lasts, and how often it is taken for longer."""


@contextmanager
def only_one(workspace: Workspace, name: str, doing: str) -> Iterator[Callable[[], None]]:
    """Inside, nobody else does the same with this workspace: who comes second gets a StoreError saying who does.

    What it yields is to be called again and again: it keeps the lease, and raises where that was lost.
    """
    now = datetime.now(UTC)
    owner = leases.new_owner(now)
    taken = now - LEASE

    def keep() -> None:
        nonlocal taken
        now = datetime.now(UTC)
        if now - taken < RENEWED:
            return
        other = workspace.take_lease(name, owner, now + LEASE, now)
        if other is not None:
            raise StoreError(
                f"{other} is {doing} at the moment, in {workspace.where}. Wait until that has ended, then try again; "
                f"if that process is no more, its place is free within {LEASE.seconds // 60} minutes."
            )
        taken = now

    keep()
    try:
        yield keep
    finally:
        workspace.release_lease(name, owner)


# Feeds


@dataclass(frozen=True)
class PlacedFeeds:
    """The feeds of the newest version and where they would go; nothing is written yet."""

    folder: Path
    placed: tuple[Placed, ...]
    known: Mapping[tuple[str, str], str]
    """The marks from which this was worked out."""
    readdressed: int
    """How many have an address that somebody may know, but no file in this folder, and so would get another."""
    held: tuple[Held, ...]
    """What is shown as to be confirmed where it stands already, and not at all elsewhere."""


def place_feeds(workspace: Workspace, folder: Path, stamp: datetime | None = None) -> PlacedFeeds:
    told = published(workspace)
    known, never_placed = workspace.feed_hashes(), workspace.unplaced_feeds()
    hashes = {(FeedKind(kind), who): mark for (kind, who), mark in known.items()}
    stopped = _held(workspace, told, stamp)
    there = feeds.standing(folder, hashes) if stopped else {}
    every = feeds.feeds(
        told.problem,
        told.entries,
        stamp or datetime.now(UTC),
        _doubtful(told, stopped),
        lambda key, uid: uid in there.get(key, ()),
        workspace=workspace.id,
    )
    placed = feeds.placed(folder, every, hashes)
    readdressed = sum(
        mark != hashes.get(key, mark) and (key[0].value, key[1]) not in never_placed
        for key, mark in feeds.hashes_of(placed).items()
    )
    return PlacedFeeds(folder, placed, known, readdressed, stopped)


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


def write_feeds(
    workspace: Workspace, where: PlacedFeeds, links: Path | None = None, before_each: Callable[[], None] = lambda: None
) -> Written:
    """Writes every feed, and to `links` who has which; first the workspace learns by what to know them again.

    To be called inside `only_one`, with what that yields. Broken off, it can be made again: a file that is there is
    known, and whoever has none yet has no address that anybody could know.
    """
    marks = {(str(kind), who): mark for (kind, who), mark in feeds.hashes_of(where.placed).items()}
    workspace.set_feeds(marks, where.known)
    written = feeds.write_feeds(where.folder, where.placed, links, workspace=workspace.id, before_each=before_each)
    workspace.place_feeds(marks, datetime.now(UTC))
    return written


def reset_feed(workspace: Workspace, kind: FeedKind, who: str, folder: Path) -> bool:
    """Ends a feed's address: deletes its file and forgets its mark, so that it gets a new one when next written.

    False if its file was not in the folder: wherever it is, it has to be deleted there.
    """
    key = kind.value, who
    with only_one(workspace, "feeds", "writing the feeds"):
        mark = workspace.feed_hashes().get(key)
        if mark is None:
            raise StoreError(f"There is no feed of {kind} {who}. Feeds are made with: matcher feed write DIR")
        workspace.place_feeds([key], None)  # so that the next writing need not ask, if we get no further
        was_there = feeds.remove_feed(folder, mark)
        workspace.set_feeds({key: None})
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


def _new_addresses(
    workspace: Workspace, saved: SavedRun, problem: Problem, versions: Sequence[Version]
) -> Collection[tuple[Attendee, str]]:
    """Those whose e-mail address is another one than it was in the last version."""
    if not versions or workspace.run(versions[0].run_number).fingerprint == saved.fingerprint:
        return ()
    _, before, _ = kept_problem(workspace, versions[0].run_number)
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
        _, then, _ = kept_problem(workspace, version.run_number)
        problem = replace(
            problem,
            schools={**problem.schools, **then.schools, **problem.schools},
            cohorts={**problem.cohorts, **then.cohorts, **problem.cohorts},
            sessions={**problem.sessions, **then.sessions, **problem.sessions},
            volunteers={**problem.volunteers, **then.volunteers, **problem.volunteers},
        )
    insist_events(workspace, problem, entries)
    return problem
