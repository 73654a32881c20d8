"""The use cases of letters out and answers in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from matcher.appointments import Attendee
from matcher.domain import Problem, Volunteer, folded
from matcher.errors import BadInput, ChangedMeanwhile, NotThere, Refused, Remedy
from matcher.mail import replies, smtp
from matcher.mail.replies import Accepted, Question, Remark
from matcher.mail.smtp import Delivery, Outcome, Server
from matcher.names import find_session
from matcher.publishing.letters import cancels
from matcher.publishing.published import Answer, Entry, Letter, LetterState
from matcher.solving.progress import AskedToStop, never
from matcher.soundness import kept_letters
from matcher.store import DataState, Heard, Lease, Taken, Workspace
from matcher.times import time_text, wall_clock
from matcher.usecases.looking import looks
from matcher.usecases.told import Held, held, is_on, published
from matcher.wording import listed, one_line

ANSWERS = {"yes": Answer.ACCEPTED, "no": Answer.DECLINED, "maybe": Answer.TENTATIVE}
LEASE_SECONDS = 180.0  # until a send that was killed gives way; one that goes on renews it all the while


@dataclass(frozen=True)
class Outbox:
    """Every letter ever written, in the order in which they go; letter 1 is the first."""

    letters: tuple[Letter, ...]

    @property
    def sent(self) -> int:
        return sum(letter.state is LetterState.SENT for letter in self.letters)


@looks
def outbox(workspace: Workspace) -> Outbox:
    return Outbox(kept_letters(workspace))


@looks
def letter(workspace: Workspace, number: int) -> Letter:
    """The letter of that number; NotThere if there is none."""
    letters = kept_letters(workspace)
    if not 1 <= number <= len(letters):
        raise NotThere(f"There is no letter {number}: the outbox holds {len(letters)}.", Remedy.OUTBOX)
    return letters[number - 1]


def server(url: str, login_file: Path | None = None) -> Server:
    """A mail server by its address; ServerError if that cannot be one, or the login cannot be read."""
    return Server.at(url, login_file)


@dataclass(frozen=True)
class Sent:
    """What became of the letters of a send, or (of a rehearsal) would become of them."""

    deliveries: tuple[Delivery, ...]
    left: int
    """Letters that it did not come to."""
    stopped: str
    """Why it did not come to them, else ""."""
    held: int
    """Letters that stay, as they speak of what cannot be by today's data."""

    @property
    def sent(self) -> int:
        return sum(each.state is LetterState.SENT for each in self.deliveries)

    @property
    def refused(self) -> int:
        return sum(each.state is LetterState.REFUSED for each in self.deliveries)

    @property
    def waiting(self) -> int:
        return self.left + len(self.deliveries) - self.sent - self.refused


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
    asked_to_stop: AskedToStop = never,
) -> Sent:
    """Hands over the letters that wait, and again those that a broken-off attempt left uncertain.

    Letters that speak of what cannot be by today's data stay as they are: `kept_back` hears which, and of what. One at
    a time may send: who comes second is Refused. A send that was killed gives way after `lease_seconds`. Once
    `asked_to_stop` it ends before the next letter.
    """
    held_letters: list[Letter] = []

    def keep_back(letter: Letter, why: Sequence[Held]) -> None:
        held_letters.append(letter)
        kept_back(letter, why)

    if dry_run:
        rehearsed = smtp.rehearse(_released(workspace, keep_back, at))
        for delivery in rehearsed.deliveries:
            told(delivery)
        return Sent(rehearsed.deliveries, rehearsed.left, rehearsed.stopped, len(held_letters))
    try:
        with workspace.lease("send", lease_seconds) as lease:
            judged_by = workspace.state()
            letters = _released(workspace, keep_back, at)
            done = _send(workspace, server, lease, letters, judged_by, per_minute, told, asked_to_stop)
            return Sent(done.deliveries, done.left, done.stopped, len(held_letters))
    except Taken as taken:
        raise Refused(
            f"Another send is under way ({taken.by}), so nothing was sent by this one. Wait until it is done; if it "
            f"was broken off, send again after {taken.until:%H:%M:%S} UTC."
        ) from taken


def _send(
    workspace: Workspace,
    server: Server,
    lease: Lease,
    letters: Sequence[Letter],
    judged_by: DataState | None,
    per_minute: float,
    told: Callable[[Delivery], None],
    asked_to_stop: AskedToStop,
) -> Outcome:
    unclaimed = {letter.message_id: letter for letter in letters}

    def mark(message_id: str, state: LetterState, remark: str) -> None:
        if state is LetterState.SENDING and message_id in unclaimed:
            if not lease.renew():
                raise ChangedMeanwhile(
                    "This send has lost its turn to go on (its machine slept, or its clock was changed), and stopped "
                    "before the next letter. Look at the outbox, then send again.",
                    Remedy.OUTBOX,
                )
            if not workspace.claim_letter(unclaimed.pop(message_id), judged_by):
                raise ChangedMeanwhile(
                    "The outbox was changed by somebody else meanwhile. Look at it, then send again.",
                    Remedy.OUTBOX,
                )
        else:
            workspace.mark_letter(message_id, state, remark)

    return smtp.send(letters, server, mark, per_minute=per_minute, told=told, asked_to_stop=asked_to_stop)


@looks
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

    @property
    def declined(self) -> int:
        return sum(each.reply.answer is Answer.DECLINED for each in self.accepted)


def reply(workspace: Workspace, files: Sequence[Path], now: datetime | None = None, actor: str | None = None) -> Heeded:
    """Reads replies and records the answers in them that count."""
    now = now or datetime.now(UTC)
    gathered = replies.gather(files, now)
    with workspace.snapshot():
        told, last_heard = published(workspace), workspace.heard()
    emails = {person.volunteer_id: person.email for person in told.problem.volunteers.values()}
    accepted, questions, remarks = replies.judge(gathered.replies, told.entries, emails, last_heard)
    heard = [Heard(each.entry.uid, each.entry.sequence, each.reply.answer, each.reply.stamp) for each in accepted]
    taken = workspace.record_answers(heard, now, actor)
    news = tuple(each for each, was_taken in zip(accepted, taken, strict=True) if was_taken)
    return Heeded(gathered.messages, news, questions, (*gathered.remarks, *remarks), told.problem)


@dataclass(frozen=True)
class Answered:
    """A volunteer's answer, taken on the coordinator's word."""

    entry: Entry
    """As it was before."""
    volunteer: Volunteer
    answer: Answer

    @property
    def is_declined(self) -> bool:
        return self.answer is Answer.DECLINED


def to_answer(
    workspace: Workspace,
    volunteer: str,
    session: str,
    said: Answer,
    note: str | None = None,
    now: datetime | None = None,
) -> tuple[Answered, Heard]:
    """What a volunteer said of a visit to come, on the coordinator's word, as it is to be recorded.

    `volunteer` is an id, or a name that only one of those invited has; `session` an id, or what only one of theirs is
    called. NotThere if there is no such invitation.
    """
    now = now or datetime.now(UTC)
    told = published(workspace)
    mine = [each for each in told.entries if each.attendee is Attendee.VOLUNTEER]
    person = _person(told.problem, volunteer, {each.attendee_id for each in mine})
    found = [each for each in mine if each.attendee_id == person.volunteer_id]
    entry = (
        next((each for each in found if each.session_id == session), None)
        or next((each for each in found if folded(each.session_id) == folded(session)), None)
        or _by_name(told.problem, found, session)
    )
    if entry is None:
        theirs = [f"{each.session_id} on {time_text(each.start)}" for each in found if is_on(each)]
        known = f"invited to {listed(theirs)}" if theirs else "invited to nothing"
        raise NotThere(f"{one_line(person.name)} is not invited to {one_line(session)!r}, but {known}.")
    what = f"{entry.session_id} on {time_text(entry.start)}"
    if not is_on(entry):
        raise Refused(f"{what} has been cancelled for {one_line(person.name)}: there is nothing to answer.")
    if entry.end <= wall_clock(now, told.problem.programme.timezone):
        raise Refused(f"{what} is over: an answer of {one_line(person.name)} would change nothing.")
    word = Heard(entry.uid, entry.sequence, said, now, note, taken_by="coordinator")
    return Answered(entry, person, said), word


def _by_name(problem: Problem, entries: Sequence[Entry], words: str) -> Entry | None:
    """The one of these events whose visit is called so."""
    sessions = {each.session_id: problem.sessions[each.session_id] for each in entries if is_on(each)}
    try:
        found = find_session(replace(problem, sessions=sessions), words)
    except NotThere:
        return None
    return next(each for each in entries if each.session_id == found)


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
        raise NotThere(f"Nobody who is invited has the id or the name {one_line(asked)!r}.", Remedy.SHOW)
    names = listed([f"{one_line(each.name)} ({each.volunteer_id})" for each in found[:10]])
    raise BadInput(f"{one_line(asked)!r} may be {names}. Say which by the id.")
