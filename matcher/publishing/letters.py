"""Mails to those whose appointments changed: invitations and cancellations to volunteers, lists to schools.

A volunteer's carries the one event that it is about, as iTIP (RFC 5546) inside a mail (iMIP, RFC 6047): each of them
one VEVENT, since Outlook reads no second. A school's is in words alone, and says of visitors what `introduction` says.
All of it comes from the facts that are kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, cached_property
from pathlib import Path

import icalendar

from matcher.addresses import BadAddress, mail_address
from matcher.appointments import Attendee, Facts, Visitor
from matcher.domain import Plan, Problem, Programme
from matcher.errors import LetterError
from matcher.publishing.calendars import Shell
from matcher.publishing.events import EntryChange, News, changes
from matcher.publishing.mail_templates import Templates, Wording
from matcher.publishing.published import Entry, Letter, Standing
from matcher.publishing.sentences import clock, date_text, introduction, place, pupils, summary, title, what_is_new
from matcher.times import wall_clock
from matcher.wording import one_line

_Person = tuple[Attendee, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from; `email` is the ORGANIZER to whom calendars answer."""

    name: str
    email: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """Somebody who has to be told of a change by other means than mail."""

    attendee: Attendee
    attendee_id: str
    name: str
    why: str
    """Such as "no e-mail address"."""


def sender_of(programme: Programme) -> Sender:
    """As the programme's keys say. Raises LetterError where they name no address."""
    try:
        email = mail_address(programme.organiser_email)
        reply_to = mail_address(programme.reply_to) if programme.reply_to else ""
    except BadAddress as bad:
        raise LetterError(
            f"The programme's organiser_email and reply_to: found {bad}; expected whom invitations come from and "
            'answers go to. Add a line such as organiser_email = "visits@example.org" to the programme and import it.'
        ) from None
    return Sender(one_line(programme.organiser_name) or one_line(programme.name), email, reply_to)


def letters(
    problem: Problem,
    plan: Plan,
    before: Sequence[Entry],
    after: Sequence[Entry],
    version: int,
    sender: Sender,
    stamp: datetime,
    templates: Path | None = None,
    *,
    workspace_id: str,
) -> tuple[Letter, ...]:
    """A letter for each event of a volunteer that changed, and one for each school of whose events any did.

    Message-IDs are those of no other workspace or moment: mailboxes drop a letter whose Message-ID they have seen.

    Nobody is written to about what is over by `stamp`. Whoever cannot be written to is in `untold`; so are those who
    are no longer in `problem`. `templates` is a folder with the programme's own words. Raises LetterError.
    """
    post = _Post(problem, plan, before, after, version, stamp, workspace_id)
    return tuple(post.letters(sender, Templates(templates)))


def untold(problem: Problem, before: Sequence[Entry], after: Sequence[Entry], stamp: datetime) -> tuple[Untold, ...]:
    """Those whom a change concerns and `letters` cannot write to, with the reason."""
    return tuple(_Post(problem, Plan({}), before, after, 0, stamp).untold())


def cancels(letter: Letter) -> bool:
    """Whether it tells a volunteer that something does not take place."""
    parts = message_from_bytes(letter.content).walk()
    return any(part.get_param("method") == "CANCEL" for part in parts)


class _Post:
    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        before: Sequence[Entry],
        after: Sequence[Entry],
        version: int,
        stamp: datetime,
        workspace_id: str = "",
    ) -> None:
        self.workspace_id = workspace_id
        self.problem, self.plan, self.version, self.stamp = problem, plan, version, stamp
        self.programme = one_line(problem.programme.name)
        self.now = wall_clock(stamp, problem.programme.timezone)
        self.changes = [change for change in changes(before, after) if self._concerns(change)]
        self.schools_told = {entry.attendee_id for entry in before if entry.attendee is Attendee.SCHOOL}
        self.after = after

    def _concerns(self, change: EntryChange) -> bool:
        """Whether it is still to come, now or as it was: nobody is written to about what has begun."""
        return max(each.start for each in (change.before, change.after) if each is not None) > self.now

    def letters(self, sender: Sender, templates: Templates) -> Iterator[Letter]:
        organiser = {
            "organiser": sender.name,
            "organiser_email": sender.email,
            "reply_to": sender.reply_to or sender.email,
            "programme": self.programme,
        }
        writer = _Writer(sender, self.stamp)
        for change in self.changes:
            entry = change.after
            if entry.attendee is not Attendee.VOLUNTEER or isinstance(to := self._address(entry), BadAddress):
                continue
            if change.news is News.CANCELLED:
                wording = templates.wording("cancellation", {**organiser, **self._cancellation(entry)})
            else:
                wording = templates.wording("invitation", {**organiser, **self._invitation(change)})
            calendar = self._itip(entry, sender, to)
            yield self._letter(writer, entry, to, wording, self._message_id(sender, entry.uid), calendar)
        for school_id, own in self._by_school().items():
            if isinstance(to := self._address(own[0].after), BadAddress):
                continue
            wording = templates.wording("school", {**organiser, **self._school(school_id, own)})
            yield self._letter(writer, own[0].after, to, wording, self._message_id(sender, f"school {school_id}"))

    def untold(self) -> Iterator[Untold]:
        seen: set[_Person] = set()
        for change in self.changes:
            entry = change.after
            person = entry.attendee, entry.attendee_id
            if person not in seen and isinstance(why := self._address(entry), BadAddress):
                seen.add(person)
                yield Untold(*person, self._name(entry) or entry.attendee_id, str(why))

    def _letter(
        self, writer: _Writer, entry: Entry, to: str, wording: Wording, message_id: str, calendar: bytes = b""
    ) -> Letter:
        content = writer.message(self._addressee(entry), to, wording, message_id, calendar, _method(entry))
        uid = entry.uid if entry.attendee is Attendee.VOLUNTEER else ""
        return Letter(
            message_id, self.version, entry.attendee, entry.attendee_id, to, wording.subject, content, uid=uid
        )

    def _message_id(self, sender: Sender, about: str) -> str:
        # The moment tells apart two versions of one number, the one published after a backup was put back.
        moment = self.stamp.astimezone(UTC).isoformat()
        key = json.dumps([self.workspace_id, self.problem.programme.name, about, self.version, moment])
        return (
            f"<{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}@{sender.email.rpartition('@')[2]}>"
        )

    # --------------------------------------------------------------------------------------------------- people

    def _address(self, entry: Entry) -> str | BadAddress:
        """Where to write to, or why nowhere."""
        if entry.attendee is Attendee.VOLUNTEER:
            volunteer = self.problem.volunteers.get(entry.attendee_id)
            given = volunteer.email if volunteer else ""
        else:
            school = self.problem.schools.get(entry.attendee_id)
            given = school.contact_email if school else ""
        try:
            return mail_address(given)
        except BadAddress as bad:
            return bad

    def _name(self, entry: Entry) -> str:
        """The volunteer's or the school's; blank once they have left the term."""
        people: Mapping[str, object] = (
            self.problem.volunteers if entry.attendee is Attendee.VOLUNTEER else self.problem.schools
        )
        return one_line(getattr(people.get(entry.attendee_id), "name", ""))

    def _addressee(self, entry: Entry) -> str:
        """Whose name stands beside the address."""
        school = self.problem.schools.get(entry.attendee_id) if entry.attendee is Attendee.SCHOOL else None
        return (one_line(school.contact_name) if school else "") or self._name(entry)

    # ------------------------------------------------------------------------------------------------ volunteers

    def _itip(self, entry: Entry, sender: Sender, to: str) -> bytes:
        """The event with who asks and who is asked: the one message that a calendar program understands."""
        people = icalendar.Event()
        organizer = icalendar.vCalAddress(f"mailto:{sender.email}")
        organizer.params["CN"] = _parameter(sender.name)
        people.add("organizer", organizer)
        attendee = icalendar.vCalAddress(f"mailto:{to}")
        attendee.params["CUTYPE"] = "INDIVIDUAL"
        attendee.params["ROLE"] = "REQ-PARTICIPANT"
        attendee.params["PARTSTAT"] = entry.answer.value.upper()
        attendee.params["RSVP"] = "TRUE"
        if name := _parameter(self._name(entry)):
            attendee.params["CN"] = name
        people.add("attendee", attendee)
        lines = people.to_ical().decode().removeprefix(_BEGIN).removesuffix("END:VEVENT\r\n")
        body = entry.body.replace(_BEGIN, _BEGIN + lines, 1)
        method = _method(entry)
        key = method, _zone_id(entry.body) or self.problem.programme.timezone, entry.start.year, entry.end.year
        if key not in self._shells:
            self._shells[key] = Shell("", {key[1]: (key[2], key[3])}, method=method)
        return self._shells[key].around([body])

    @cached_property
    def _shells(self) -> dict[tuple[str, str, int, int], Shell]:
        return {}

    def _invitation(self, change: EntryChange) -> Mapping[str, object]:
        entry, facts = change.after, change.after.facts
        return {
            **_when(entry),
            "news": str(change.news),
            "changes": _what_is_new(change),
            "name": self._name(entry),
            "session": title(facts),
            "format": "" if facts.format.casefold() == title(facts).casefold() else facts.format,
            "arrival": clock(facts.arrival),
            "online": facts.online,
            "school": facts.school,
            "place": place(facts),
            "map": _map(facts),
            "contact": facts.contact,
            "contact_email": facts.contact_email,
            "pupils": pupils(facts),
            "others": len(self.plan.visits[entry.session_id].team) - 1,
            "bring": facts.bring,
        }

    def _cancellation(self, entry: Entry) -> Mapping[str, object]:
        """From what the volunteer was told, since plan and term may know nothing of it any more."""
        facts = entry.facts
        return {
            **_when(entry),
            "name": self._name(entry),
            "session": summary(entry.attendee, facts),
            "place": place(facts),
        }

    # -------------------------------------------------------------------------------------------------- schools

    def _by_school(self) -> Mapping[str, list[EntryChange]]:
        found: dict[str, list[EntryChange]] = {}
        for change in self.changes:
            if change.after.attendee is Attendee.SCHOOL:
                found.setdefault(change.after.attendee_id, []).append(change)
        return found

    def _school(self, school_id: str, own: Sequence[EntryChange]) -> Mapping[str, object]:
        school = self.problem.schools.get(school_id)
        changed = {change.after.uid: change for change in own}
        to_come = [
            entry
            for entry in self.after
            if entry.attendee is Attendee.SCHOOL
            and entry.attendee_id == school_id
            and entry.standing is Standing.CONFIRMED
            and entry.end > self.now
        ]
        return {
            "name": one_line(school.contact_name) if school else "",
            "school": (one_line(school.name) if school else "") or "your school",
            "first": school_id not in self.schools_told,
            "visits": [self._visit(entry, changed.get(entry.uid)) for entry in to_come],
            "cancelled": [
                {**_when(change.after), "session": title(change.after.facts)}
                for change in own
                if change.news is News.CANCELLED
            ],
        }

    def _visit(self, entry: Entry, change: EntryChange | None) -> Mapping[str, object]:
        facts = entry.facts
        again = change is not None and change.news in (News.INVITED, News.INVITED_AGAIN)
        return {
            **_when(entry),
            "session": title(facts),
            "online": facts.online,
            "visitors": [self._visitor(each, entry) for each in facts.visitors],
            "arrival": clock(facts.arrival),
            "pupils": pupils(facts),
            "news": "new" if again else str(change.news) if change else "",
            "changes": _what_is_new(change) if change else [],
        }

    def _visitor(self, visitor: Visitor, entry: Entry) -> str:
        """As the school's own list has it; no calendar and nobody else's letter tells who is without a check."""
        volunteer = self.problem.volunteers.get(visitor.volunteer_id)
        until = volunteer.checked_until if volunteer else None
        checked = until is not None and until >= entry.start.date()
        return introduction(visitor) + ("" if checked else f" {NO_CHECK}")


NO_CHECK = "(no safeguarding check on record for that day: a member of staff stays with the class)"
_BEGIN = "BEGIN:VEVENT\r\n"


def _method(entry: Entry) -> str:
    return "CANCEL" if entry.standing is Standing.CANCELLED else "REQUEST"


def _zone_id(body: str) -> str:
    found = re.search(r"^DTSTART;TZID=([^:;\r\n]+):", body, flags=re.MULTILINE)
    return found[1] if found else ""


def _parameter(name: str) -> str:
    """A name as the value of a parameter, which cannot hold a quotation mark, and a backslash not everywhere alike."""
    return one_line(name).replace('"', "'").replace("\\", "/")


def _what_is_new(change: EntryChange) -> list[str]:
    """In lines, beside what they were told."""
    if change.before is None or not change.what:
        return []
    return what_is_new(change.after.attendee, change.before.facts, change.after.facts)


def _when(entry: Entry) -> dict[str, object]:
    return {"date": date_text(entry.start), "start": clock(entry.start), "end": clock(entry.end)}


def _map(facts: Facts) -> str:
    """A link to where it is; blank online, and where nobody knows."""
    if facts.latitude is None or facts.longitude is None:
        return ""
    latitude, longitude = f"{facts.latitude:.5f}", f"{facts.longitude:.5f}"
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


# ----------------------------------------------------------------------------------------------------- the mail


class _Writer:
    """Puts words and calendar into a message that every mail server takes: CRLF, ASCII on the wire, short lines."""

    def __init__(self, sender: Sender, stamp: datetime) -> None:
        self._always = [_address("From", sender.name, sender.email)]
        if sender.reply_to:
            self._always.append(_address("Reply-To", sender.name, sender.reply_to))
        self._always.append(_header("Date", format_datetime(stamp.replace(microsecond=0))))
        self._always.append(_header("Auto-Submitted", "auto-generated"))

    def message(self, name: str, to: str, wording: Wording, message_id: str, calendar: bytes, method: str) -> bytes:
        headers = [
            *self._always,
            _address("To", name, to),
            _header("Subject", _words(wording.subject)),
            _header("Message-ID", message_id),
        ]
        content = {_TEXT: _quoted_printable(wording.text), _HTML: _quoted_printable(wording.html)}
        if calendar:
            content[_CALENDAR] = base64.encodebytes(calendar).replace(b"\n", b"\r\n")
        pieces = (content.get(piece, piece) for piece in _frame(method if calendar else ""))
        return b"".join([*headers, *pieces])


_TEXT, _HTML, _CALENDAR = b"THE-TEXT\r\n", b"THE-HTML\r\n", b"THE-CALENDAR\r\n"


@cache
def _frame(method: str) -> tuple[bytes, ...]:
    """The message without its own headers, cut where its contents go: the same for all, so put together once."""
    mail = EmailMessage(policy=SMTP)
    mail.set_content(_TEXT.decode(), cte="quoted-printable")
    mail.add_alternative(_HTML.decode(), subtype="html", cte="quoted-printable")
    if method:
        parameters = {"method": method}
        mail.add_alternative("", subtype="calendar", params=parameters, cte="base64")
        mail.add_attachment(b"", "application", "ics", filename="invite.ics", params=parameters)
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_of_this_mail")  # which neither of the two encodings can bring forth
        elif part.get_content_subtype() in ("calendar", "ics"):
            part.set_payload(_CALENDAR.decode())
    return tuple(re.split(b"(%s)" % b"|".join((_TEXT, _HTML, _CALENDAR)), mail.as_bytes()))


def _header(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode("ascii")


def _address(header: str, name: str, address: str) -> bytes:
    return _header(header, f"{_words(name)}\r\n <{address}>" if name else address)


def _words(text: str) -> str:
    """Text in a header: as it is if nothing in it could mean something, else as RFC 2047 writes any text.

    (Python's own folding loses the quotation marks of a long name with a comma: then another gets the mail.)
    """
    text = one_line(text)
    if len(text) <= _PLAIN_LENGTH and _PLAIN.fullmatch(text):
        return text
    pieces, size = [""], 0
    for char in text:
        width = len(char.encode())
        if size + width > _ENCODED_BYTES:
            pieces.append("")
            size = 0
        pieces[-1] += char
        size += width
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces)


_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]*")
_PLAIN_LENGTH, _ENCODED_BYTES = 64, 36  # so that a line has at most 76 bytes, the header's name included


def _quoted_printable(text: str) -> bytes:
    return binascii.b2a_qp(text.encode().replace(b"\n", b"\r\n"), istext=True)
