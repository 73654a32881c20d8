"""The use cases of letters out and answers in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from matcher.domain import Problem, Volunteer, folded
from matcher.errors import StoreError
from matcher.mail import replies, smtp
from matcher.mail.replies import Accepted, Question, Remark
from matcher.mail.smtp import Delivery, Outcome, Server
from matcher.publishing.calendars import Attendee
from matcher.publishing.letters import cancels
from matcher.publishing.published import Answer, Entry, Letter, LetterState
from matcher.publishing.text import listed, one_line
from matcher.soundness import kept_letters
from matcher.store import Heard, Lease, Taken, Workspace
from matcher.times import time_text
from matcher.usecases.told import Held, held, is_on, published

LEASE_SECONDS = 180.0  # until a send that was killed gives way; one that goes on renews it all the while


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
        theirs = [f"{each.session_id} on {time_text(each.start)}" for each in found if is_on(each)]
        known = f"invited to {listed(theirs)}" if theirs else "invited to nothing"
        raise StoreError(f"{one_line(person.name)} is not invited to {one_line(session)!r}, but {known}.")
    what = f"{entry.session_id} on {time_text(entry.start)}"
    if not is_on(entry):
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
