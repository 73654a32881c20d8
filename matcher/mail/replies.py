"""Answers to invitations, read from whatever a mail program saves, and judged against what was sent.

Reading takes messages, calendar files, mbox and Maildir as they come, broken ones too: each gives replies, or a line
of why not. Judging is pure: which replies count, given what calendars were told last. An answer counts only if its
sender is the person invited; any other that is to one of our events is a question to the coordinator.
"""

from __future__ import annotations

import email
import mailbox
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from icalendar.parser import Contentline, Contentlines

from matcher.addresses import BadAddress, mail_address
from matcher.appointments import Attendee
from matcher.errors import MailboxError
from matcher.mail.speaker import Speaker, lowered, speaker
from matcher.publishing.published import Answer, Entry, Standing

ANSWERS = {
    "ACCEPTED": Answer.ACCEPTED,
    "TENTATIVE": Answer.TENTATIVE,
    "DECLINED": Answer.DECLINED,
}
LETTER_SUFFIXES = (".eml", ".ics", ".ical", ".ifb", ".mbox", ".mbx", ".msg")
CALENDAR_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar")
SKEW = timedelta(minutes=10)  # by which clocks that are right may differ
UNKNOWN = datetime.fromtimestamp(0, UTC)  # when an answer was given that does not say
A_FILE = Speaker("", "", "a calendar file alone, with no message around it: nobody can tell whose it is")
LONGEST = 200  # characters of a stranger's words that a remark repeats


@dataclass(frozen=True, slots=True)
class Reply:
    """One attendee's answer for one event, as a calendar program wrote it."""

    uid: str
    attendee_email: str
    """In lower case; "" if it does not say."""
    answer: Answer
    sequence: int
    stamp: datetime
    """When it was given, in UTC; no later than it was received."""
    source: str
    """Such as "inbox.mbox, message 12"."""
    speaker: Speaker = field(default=A_FILE, compare=False)
    timed: bool = True
    """False if its clock was ahead and nothing else says when it came: nobody can tell what it is later than."""


class Why(StrEnum):
    """Why something was ignored."""

    BROKEN = "broken"
    NO_CALENDAR = "no calendar"
    NOT_A_REPLY = "not a reply"
    AUTOMATIC = "automatic"
    NO_ANSWER = "no answer"
    STRANGER = "stranger"
    STALE = "stale"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something ignored, and why."""

    source: str
    why: Why
    words: str

    def __str__(self) -> str:
        return f"{self.source}: {self.words}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An answer that counts: the last that its attendee gave to what they were last told."""

    entry: Entry
    reply: Reply
    mark: str = ""
    """What is unusual about its sender, such as "from a plus-address of theirs"."""


@dataclass(frozen=True, slots=True)
class Question:
    """An answer to one of our events of which nobody can tell that it is the invited person's own."""

    entry: Entry
    reply: Reply
    why: str

    @property
    def who(self) -> str:
        """From whom it says it is: a stranger's words, made short and put in one line."""
        return _short(self.reply.speaker.claimed or self.reply.attendee_email, 80) or "nobody named"


@dataclass(slots=True)
class Gathered:
    """What was read: `replies` and `remarks` in the order of the files."""

    replies: list[Reply] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    messages: int = 0


def gather(paths: Iterable[Path], now: datetime | None = None) -> Gathered:
    """Everything in these files and folders. MailboxError if one is not there or may not be read."""
    gathered = Gathered()
    now = now or datetime.now(UTC)
    for path in paths:
        try:
            for source, content in _contents(path):
                gathered.messages += 1
                for each in replies_in(content, source, now):
                    if isinstance(each, Reply):
                        gathered.replies.append(each)
                    else:
                        gathered.remarks.append(each)
        except OSError as error:
            raise MailboxError(
                f"{path} cannot be read ({error.strerror or error}); "
                "expected a message (.eml), a calendar file (.ics), an mbox file, a Maildir or a folder of these."
            ) from error
    return gathered


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each message or calendar file, and where it was."""
    if path.is_dir():
        if (path / "cur").is_dir() or (path / "new").is_dir():
            for part in ("new", "cur"):
                if (path / part).is_dir():
                    for file in sorted((path / part).iterdir()):
                        if file.is_file() and not file.name.startswith("."):
                            yield f"{path.name}/{part}/{file.name}", file.read_bytes()
            return
        if (path / "mbox").is_file():  # as Apple Mail exports a mailbox
            yield from _contents(path / "mbox")
            return
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in LETTER_SUFFIXES and file.is_file())
        if not files:
            raise MailboxError(
                f"{path} is a folder with neither .eml, .ics or .mbox files nor a Maildir's new and cur."
            )
        for file in files:
            yield from _contents(file)
        return
    with path.open("rb") as stream:
        is_mbox = stream.read(5) == b"From "
    if not is_mbox:
        yield path.name, path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield f"{path.name}, message {number}", box.get_bytes(key)
    finally:
        box.close()


def replies_in(content: bytes, source: str, now: datetime) -> tuple[Reply | Remark, ...]:
    """The replies in one message or calendar file; never nothing, and never an exception."""
    if _looks_like_a_calendar(content):
        return tuple(_in_calendar(_decoded(content, ""), "", _Around(source, A_FILE, None, now)))
    try:
        message = email.message_from_bytes(content, policy=policy.compat32)
        return _in_message(message, source, now)
    except Exception as error:  # what the email package trips over in hostile bytes is not foreseeable
        return (Remark(source, Why.BROKEN, f"a message that cannot be read ({type(error).__name__})"),)


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of a calendar from where it was found."""

    source: str
    speaker: Speaker
    received: datetime | None
    """None if nothing that can be relied upon says when."""
    now: datetime


def _in_message(message: Message, source: str, now: datetime) -> tuple[Reply | Remark, ...]:
    if _automatic(message):
        return (Remark(source, Why.AUTOMATIC, "an automatic answer, such as out of office: not the person's own"),)
    if message.get_content_type() == "multipart/report":
        return (Remark(source, Why.AUTOMATIC, "a report that a letter was not delivered, or was read: no answer"),)
    around = _Around(source, speaker(message), _received(message, now), now)
    found: list[Reply | Remark] = []
    for part in message.walk():
        if _is_calendar(part):
            charset = part.get_content_charset() or ""
            payload = part.get_payload(decode=True)
            text = _decoded(payload if isinstance(payload, bytes) else b"", charset)
            method = str(part.get_param("method") or "")
            found.extend(_in_calendar(text, method, around))
    # The same calendar comes twice in most messages: as an alternative and as an attachment.
    replies = tuple(dict.fromkeys(each for each in found if isinstance(each, Reply)))
    if replies:
        return replies
    if found:
        return (found[0],)
    if _submitted(message):
        return (Remark(source, Why.AUTOMATIC, "sent by a machine, with no calendar in it"),)
    return (Remark(source, Why.NO_CALENDAR, "no calendar in it: read it yourself"),)


def _submitted(message: Message) -> str:
    """How it was sent, if not by a person: "auto-replied", "auto-generated" ..."""
    kind = str(message.get("Auto-Submitted", "")).split(";")[0].strip().casefold()
    return "" if kind == "no" else kind


def _automatic(message: Message) -> bool:
    """Whether a machine answered in somebody's place.

    (Not "auto-generated": so calendar services mark what they send when a person clicked on an answer.)
    """
    if _submitted(message) not in ("", "auto-generated"):
        return True
    if any(name in message for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder")):
        return True
    if "List-Id" in message:  # whose own precedence it then is
        return False
    return str(message.get("Precedence", "")).strip().casefold() in ("auto_reply", "auto-reply", "bulk", "junk")


def _is_calendar(part: Message) -> bool:
    if part.is_multipart():
        return False
    if part.get_content_type() in CALENDAR_TYPES:
        return True
    return (part.get_filename() or "").casefold().endswith(".ics")


def _received(message: Message, now: datetime) -> datetime | None:
    """By the receiving server's clock, else by the sender's; none of which may be ahead of ours."""
    for written in (str(message.get("Received", "")).rpartition(";")[2], str(message.get("Date", ""))):
        date = _date(written)
        if date is not None and date <= now + SKEW:
            return min(date, now)
    return None


def _date(written: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(written)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _looks_like_a_calendar(content: bytes) -> bool:
    start = content[:64]
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if start.startswith(mark):
            start = start[2:].decode(encoding, "ignore").encode()
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().upper().startswith(b"BEGIN:VCALENDAR")


def _decoded(content: bytes, charset: str) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        charset = "utf-16"
    for encoding in (charset, "utf-8-sig"):
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


@dataclass(slots=True)
class _Event:
    uid: str = ""
    sequence: str = "0"
    stamp: str = ""
    attendees: list[tuple[str, str]] = field(default_factory=list)
    """E-mail address and PARTSTAT."""


def _in_calendar(text: str, method: str, around: _Around) -> Iterator[Reply | Remark]:
    """The replies in a calendar, or why there is none; `method` is that of the message around it."""
    source = around.source
    try:
        own, events = _events(text)
    except Exception as error:  # hostile bytes again
        yield Remark(source, Why.BROKEN, f"its calendar cannot be read ({type(error).__name__})")
        return
    method = (own or method).upper()
    if method == "COUNTER":
        yield Remark(source, Why.NOT_A_REPLY, "proposes another time (COUNTER): ask them, this changes nothing")
    elif method != "REPLY":
        named = f"its calendar is a {_short(method)}" if method else "its calendar has no METHOD"
        yield Remark(source, Why.NOT_A_REPLY, f"{named}, not a REPLY")
    elif not events:
        yield Remark(source, Why.BROKEN, "its calendar has no event in it")
    else:
        for event in events:
            yield from _replies(event, around)


def _events(text: str) -> tuple[str, list[_Event]]:
    """METHOD, and each event's few lines that matter. (Zones, alarms and descriptions are not parsed: they cost.)"""
    method = ""
    events: list[_Event] = []
    inside: list[str] = []
    lines: list[Contentline] = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]
    for line in lines:
        name, _, rest = line.partition(":")
        name = name.partition(";")[0].strip().upper()
        if name == "BEGIN":
            inside.append(rest.strip().upper())
            if inside[-1] == "VEVENT":
                events.append(_Event())
        elif name == "END":
            if inside:
                inside.pop()
        elif name == "METHOD" and len(inside) <= 1:
            method = rest.strip()
        elif inside and inside[-1] == "VEVENT":
            event = events[-1]
            match name:
                case "UID":
                    event.uid = rest.strip()
                case "SEQUENCE":
                    event.sequence = rest.strip()
                case "DTSTAMP":
                    event.stamp = rest.strip()
                case "ATTENDEE":
                    event.attendees.append(_attendee(line))
    return method, events


def _attendee(line: Contentline) -> tuple[str, str]:
    try:
        _, parameters, value = line.parts()
    except ValueError:
        return "", ""
    address = value.strip()
    if address.casefold().startswith("mailto:"):
        address = unquote(address[len("mailto:") :].partition("?")[0])
    elif "@" not in address or ":" in address or "/" in address:  # a place in somebody's directory
        address = ""
    address = address or str(parameters.get("EMAIL", "")).removeprefix("mailto:")
    return lowered(address), str(parameters.get("PARTSTAT", "")).upper()


def _replies(event: _Event, around: _Around) -> Iterator[Reply | Remark]:
    source, said_by = around.source, around.speaker
    attendees = list(dict.fromkeys(event.attendees))
    if len(attendees) > 1:  # some programs list everybody: the sender is who speaks
        own = [each for each in attendees if said_by.address and _same_mailbox(each[0], said_by.address)]
        attendees = own or [each for each in attendees if each[1] in ANSWERS]
        if len(attendees) > 1:
            said_by = replace(said_by, doubt=said_by.doubt or "its calendar answers for several people")
    if not event.uid or not attendees:
        lacking = "UID" if not event.uid else "ATTENDEE that answers"
        yield Remark(source, Why.BROKEN, f"its reply has no {lacking}: nobody can tell what it answers")
        return
    for address, said in attendees:
        answer = ANSWERS.get(said)
        if answer is None:
            words = {
                "": "its reply has no PARTSTAT: no answer in it",
                "NEEDS-ACTION": "no answer yet (NEEDS-ACTION)",
                "DELEGATED": f"{_short(address)} hands it on to somebody else (DELEGATED): ask them",
            }
            yield Remark(source, Why.NO_ANSWER, words.get(said, f"no answer that we know ({_short(said)})"))
            continue
        try:
            sequence = int(event.sequence)
            stamp, timed = _given(event.stamp, around)
        except (ValueError, OverflowError):
            yield Remark(source, Why.BROKEN, "its reply has a SEQUENCE or DTSTAMP that is none")
            continue
        yield Reply(event.uid, address or said_by.address, answer, sequence, stamp, source, said_by, timed)


def _given(stamp: str, around: _Around) -> tuple[datetime, bool]:
    """When an answer was given, and whether that is certain. A clock that is ahead counts for no more than receipt."""
    if not stamp:
        return around.received or UNKNOWN, True
    given = _moment(stamp)
    if around.received is not None:
        return min(given, around.received), True
    return (given, True) if given <= around.now + SKEW else (UNKNOWN, False)


def _moment(text: str) -> datetime:
    """UTC, as DTSTAMP must be."""
    form = "%Y%m%dT%H%M%S" if "T" in text.upper() else "%Y%m%d"
    return datetime.strptime(text.upper().removesuffix("Z"), form).replace(tzinfo=UTC)


def _short(words: str, longest: int = LONGEST) -> str:
    clean = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    return clean if len(clean) <= longest else f"{clean[:longest]}…"


def judge(
    replies: Iterable[Reply],
    entries: Iterable[Entry],
    emails: Mapping[str, str],
    heard: Mapping[str, datetime] | None = None,
) -> tuple[tuple[Accepted, ...], tuple[Question, ...], tuple[Remark, ...]]:
    """Which replies count, in the order of the entries; which the coordinator has to decide; why others do not count.

    `emails` says whose address each volunteer's is; `heard` when the answer on record for an event was given. Of
    several answers to one event, the one with the later DTSTAMP counts, and of two of one second the later in line.
    """
    heard = heard or {}
    known = {entry.uid: entry for entry in entries if entry.attendee is Attendee.VOLUNTEER}
    best: dict[str, Accepted] = {}
    asked: list[Question] = []
    remarks: list[Remark] = []
    for reply in sorted(replies, key=lambda each: not each.timed):  # those of which nobody can tell when come last
        entry = known.get(reply.uid)
        if entry is None:
            who = _short(reply.attendee_email) or "somebody"
            words = f"{who} answers an event that is none of ours ({_short(reply.uid)})"
            remarks.append(Remark(reply.source, Why.STRANGER, words))
            continue
        if (why := _moot(reply, entry)) is not None:
            remarks.append(Remark(reply.source, *why))
            continue
        doubt, mark = _doubt(reply, emails.get(entry.attendee_id, ""))
        before, since = best.get(reply.uid), heard.get(reply.uid)
        if not reply.timed and (before or since is not None) and not doubt:
            if entry.answer is reply.answer and before is None:
                remarks.append(Remark(reply.source, Why.OVERTAKEN, "known already"))
                continue
            doubt = "its clock is ahead and it does not say when it came, and there is another answer of theirs"
        if doubt:
            asked.append(Question(entry, reply, doubt))
        elif since is not None and reply.stamp <= since and reply.timed:
            remarks.append(Remark(reply.source, Why.OVERTAKEN, _older(reply, since)))
        elif before is not None and reply.stamp < before.reply.stamp:
            remarks.append(Remark(reply.source, Why.OVERTAKEN, _overtaken(before.reply)))
        else:
            if before is not None:
                remarks.append(Remark(before.reply.source, Why.OVERTAKEN, _overtaken(reply)))
            best[reply.uid] = Accepted(entry, reply, mark)
    questions = []
    for question in asked:
        reply, since = question.reply, heard.get(question.reply.uid)
        if reply.uid in best:
            since = max(best[reply.uid].reply.stamp, since or UNKNOWN)
        if since is not None and reply.timed and UNKNOWN < reply.stamp <= since:
            remarks.append(Remark(reply.source, Why.OVERTAKEN, _older(reply, since)))
        else:
            questions.append(question)
    return tuple(best[uid] for uid in known if uid in best), tuple(questions), tuple(remarks)


def _older(reply: Reply, since: datetime) -> str:
    return "known already" if reply.stamp == since else "older than the answer already on record"


def _overtaken(by: Reply) -> str:
    return f"overtaken by a later answer ({by.answer}, in {by.source})"


def _plain(address: str) -> str:
    """For comparing: in lower case, the domain as the network has it."""
    try:
        return mail_address(address).lower()
    except BadAddress:
        return lowered(address)


def _mailbox(address: str) -> str:
    """Without what stands between a plus and the @, which the person who has the mailbox puts there."""
    local, at, domain = _plain(address).rpartition("@")
    name = local.partition("+")[0]
    return f"{name or local}{at}{domain}"


def _same_mailbox(first: str, second: str) -> bool:
    return _mailbox(first) == _mailbox(second)


def _doubt(reply: Reply, invited: str) -> tuple[str, str]:
    """Why it may be somebody else's than the invited person's, else ""; and what is to be said of its sender."""
    said_by, attendee = reply.speaker, reply.attendee_email
    if said_by.doubt:
        return said_by.doubt, ""
    if not invited or not _same_mailbox(said_by.address, invited):
        return "it comes from another address than was invited", ""
    if attendee and not _same_mailbox(attendee, invited):
        return f"it answers for {_short(attendee, 80)}, which is another address than was invited", ""
    marks = []
    if any(_plain(each) != _plain(invited) for each in (said_by.address, attendee or said_by.address)):
        marks.append("from a plus-address of theirs")
    if said_by.by_way_of:
        marks.append(f"by way of {_short(said_by.by_way_of, 80)}")
    return "", ", ".join(marks)


def _moot(reply: Reply, entry: Entry) -> tuple[Why, str] | None:
    """Why it is to nothing that still stands, whoever it is from."""
    who = _short(reply.attendee_email) or "somebody"
    if entry.standing is Standing.CANCELLED:
        return Why.CANCELLED, f"{who} answers session {entry.session_id}, which has been cancelled for them"
    if reply.sequence < entry.sequence:
        return Why.STALE, (
            f"{who} answers session {entry.session_id} as it was before it changed "
            f"(SEQUENCE {reply.sequence}, now {entry.sequence})"
        )
    return None
