"""Answers to invitations, read from whatever a mail program saves, and judged against what was sent.

Reading takes messages, calendar files, mbox and Maildir as they come, broken ones too: each gives replies, or a line
of why not. Judging is pure: which replies count, given what calendars were told last.
"""

from __future__ import annotations

import email
import mailbox
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from icalendar.parser import Contentline, Contentlines

from matcher.addresses import BadAddress, mail_address
from matcher.errors import MailboxError
from matcher.publishing.calendars import Attendee
from matcher.publishing.published import Answer, Entry, Standing

ANSWERS = {
    "ACCEPTED": Answer.ACCEPTED,
    "TENTATIVE": Answer.TENTATIVE,
    "DECLINED": Answer.DECLINED,
}
LETTER_SUFFIXES = (".eml", ".ics", ".ical", ".ifb", ".mbox", ".mbx", ".msg")
CALENDAR_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar")
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
    """When it was given, in UTC."""
    source: str
    """Such as "inbox.mbox, message 12"."""


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


@dataclass(slots=True)
class Gathered:
    """What was read: `replies` and `remarks` in the order of the files."""

    replies: list[Reply] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    messages: int = 0


def gather(paths: Iterable[Path]) -> Gathered:
    """Everything in these files and folders. MailboxError if one is not there or may not be read."""
    gathered = Gathered()
    for path in paths:
        try:
            for source, content in _contents(path):
                gathered.messages += 1
                for each in replies_in(content, source):
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


def replies_in(content: bytes, source: str) -> tuple[Reply | Remark, ...]:
    """The replies in one message or calendar file; never nothing, and never an exception."""
    if _looks_like_a_calendar(content):
        return tuple(_in_calendar(_decoded(content, ""), "", (), None, source))
    try:
        message = email.message_from_bytes(content, policy=policy.compat32)
        return _in_message(message, source)
    except Exception as error:  # what the email package trips over in hostile bytes is not foreseeable
        return (Remark(source, Why.BROKEN, f"a message that cannot be read ({type(error).__name__})"),)


def _in_message(message: Message, source: str) -> tuple[Reply | Remark, ...]:
    if _automatic(message):
        return (Remark(source, Why.AUTOMATIC, "an automatic answer, such as out of office: not the person's own"),)
    if message.get_content_type() == "multipart/report":
        return (Remark(source, Why.AUTOMATIC, "a report that a letter was not delivered, or was read: no answer"),)
    senders = tuple(
        address.casefold()
        for name in ("From", "Sender", "Reply-To")
        for _, address in getaddresses([str(each) for each in message.get_all(name, [])])
        if address
    )
    found: list[Reply | Remark] = []
    for part in message.walk():
        if _is_calendar(part):
            charset = part.get_content_charset() or ""
            payload = part.get_payload(decode=True)
            text = _decoded(payload if isinstance(payload, bytes) else b"", charset)
            method = str(part.get_param("method") or "")
            found.extend(_in_calendar(text, method, senders, _date(message), source))
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
    return str(message.get("Precedence", "")).strip().casefold() in ("auto_reply", "auto-reply", "bulk", "junk")


def _is_calendar(part: Message) -> bool:
    if part.is_multipart():
        return False
    if part.get_content_type() in CALENDAR_TYPES:
        return True
    return (part.get_filename() or "").casefold().endswith(".ics")


def _date(message: Message) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(message.get("Date", "")))
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


def _in_calendar(
    text: str, method: str, senders: tuple[str, ...], sent: datetime | None, source: str
) -> Iterator[Reply | Remark]:
    """The replies in a calendar, or why there is none; `method` and `senders` are those of the message around it."""
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
            yield _reply(event, senders, sent, source)


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
    return address.strip().casefold(), str(parameters.get("PARTSTAT", "")).upper()


def _reply(event: _Event, senders: tuple[str, ...], sent: datetime | None, source: str) -> Reply | Remark:
    attendees = list(dict.fromkeys(event.attendees))
    if len(attendees) > 1:  # some programs list everybody: the sender is who speaks
        attendees = [each for each in attendees if each[0] in senders]
    if not event.uid or len(attendees) != 1:
        lacking = "UID" if not event.uid else "single ATTENDEE"
        return Remark(source, Why.BROKEN, f"its reply has no {lacking}: nobody can tell what it answers")
    address, said = attendees[0]
    if not address and senders:
        address = senders[0]
    answer = ANSWERS.get(said)
    if answer is None:
        words = {
            "": "its reply has no PARTSTAT: no answer in it",
            "NEEDS-ACTION": "no answer yet (NEEDS-ACTION)",
            "DELEGATED": f"{_short(address)} hands it on to somebody else (DELEGATED): ask them",
        }
        return Remark(source, Why.NO_ANSWER, words.get(said, f"no answer that we know ({_short(said)})"))
    try:
        sequence = int(event.sequence)
        stamp = _moment(event.stamp) if event.stamp or sent is None else sent
    except (ValueError, OverflowError):
        return Remark(source, Why.BROKEN, "its reply has a SEQUENCE or DTSTAMP that is none")
    return Reply(event.uid, address, answer, sequence, stamp, source)


def _moment(text: str) -> datetime:
    """UTC, as DTSTAMP must be; 1970 if there is none."""
    if not text:
        return datetime.fromtimestamp(0, UTC)
    form = "%Y%m%dT%H%M%S" if "T" in text.upper() else "%Y%m%d"
    return datetime.strptime(text.upper().removesuffix("Z"), form).replace(tzinfo=UTC)


def _short(words: str) -> str:
    clean = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]}…"


def judge(
    replies: Iterable[Reply],
    entries: Iterable[Entry],
    emails: Mapping[str, str],
    heard: Mapping[str, datetime] | None = None,
) -> tuple[tuple[Accepted, ...], tuple[Remark, ...]]:
    """Which replies count, in the order of the entries, and why the others do not.

    `emails` says whose address each volunteer's is; `heard` when the answer on record for an event was given. Of
    several answers to one event, the one with the later DTSTAMP counts, and of two of one second the later in line.
    """
    known = {entry.uid: entry for entry in entries if entry.attendee is Attendee.VOLUNTEER}
    best: dict[str, Reply] = {}
    remarks: list[Remark] = []
    for reply in replies:
        entry = known.get(reply.uid)
        if (why := _objection(reply, entry, emails)) is not None:
            remarks.append(Remark(reply.source, *why))
            continue
        before = best.get(reply.uid)
        since = (heard or {}).get(reply.uid)
        if since is not None and reply.stamp <= since:
            words = "known already" if reply.stamp == since else "older than the answer already on record"
            remarks.append(Remark(reply.source, Why.OVERTAKEN, words))
        elif before is not None and reply.stamp < before.stamp:
            remarks.append(Remark(reply.source, Why.OVERTAKEN, _overtaken(before)))
        else:
            if before is not None:
                remarks.append(Remark(before.source, Why.OVERTAKEN, _overtaken(reply)))
            best[reply.uid] = reply
    return tuple(Accepted(known[uid], best[uid]) for uid in known if uid in best), tuple(remarks)


def _overtaken(by: Reply) -> str:
    return f"overtaken by a later answer ({by.answer}, in {by.source})"


def _plain(address: str) -> str:
    """For comparing: in lower case, the domain as the network has it."""
    try:
        return mail_address(address).casefold()
    except BadAddress:
        return address.strip().casefold()


def _objection(reply: Reply, entry: Entry | None, emails: Mapping[str, str]) -> tuple[Why, str] | None:
    who = _short(reply.attendee_email) or "somebody"
    if entry is None:
        return Why.STRANGER, f"{who} answers an event that is none of ours ({_short(reply.uid)})"
    if not reply.attendee_email or _plain(reply.attendee_email) != _plain(emails.get(entry.attendee_id, "")):
        return Why.STRANGER, f"{who} is not whom session {entry.session_id} invited at that address"
    if entry.standing is Standing.CANCELLED:
        return Why.CANCELLED, f"{who} answers session {entry.session_id}, which has been cancelled for them"
    if reply.sequence < entry.sequence:
        return Why.STALE, (
            f"{who} answers session {entry.session_id} as it was before it changed "
            f"(SEQUENCE {reply.sequence}, now {entry.sequence})"
        )
    return None
