"""What tests of letters and feeds share: versions one after another, and mails and calendars read back."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import icalendar
import vobject

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Session, Slot, Visit
from matcher.publishing.events import entries_after
from matcher.publishing.letters import letters, sender_of
from matcher.publishing.published import Entry, Letter

NOW = datetime(2026, 8, 20, 9, 12, 30, tzinfo=UTC)

SCRIPTS = (
    "محمد الأمين",
    "学校 北京",
    "👩‍🚀 Zoë 🏫",
    'Smith, John; "Jo" <x@y>',
    "a\r\nBcc: all@x.invalid",
    "שלום-" * 30,
)
"""Names that have broken mails and calendars before."""


def organised(problem: Problem, **more: str) -> Problem:
    """The term with somebody who sends mails, and an address for everybody."""
    keys: dict[str, Any] = {"organiser_name": "Zoë at the Hub", "organiser_email": "visits@hub.invalid", **more}
    programme = replace(problem.programme, **keys)
    people = {
        key: replace(each, email=each.email or f"{''.join(key.split())}@private.invalid")
        for key, each in problem.volunteers.items()
    }
    schools = {
        key: replace(each, contact_email=each.contact_email or f"{key.lower()}@school.invalid")
        for key, each in problem.schools.items()
    }
    return replace(problem, programme=programme, volunteers=people, schools=schools)


def told(problem: Problem, plan: Plan, before: Sequence[Entry] = (), version: int = 1, at: datetime = NOW) -> Any:
    """The next version: its entries."""
    return entries_after(before, problem, plan, version, at)


def post(
    problem: Problem,
    plan: Plan,
    before: Sequence[Entry] = (),
    version: int = 1,
    at: datetime = NOW,
    templates: Path | None = None,
) -> tuple[tuple[Entry, ...], tuple[Letter, ...]]:
    """The next version: its entries and its letters."""
    after = told(problem, plan, before, version, at)
    return after, letters(
        problem, plan, before, after, version, sender_of(problem.programme), at, templates, workspace_id="w"
    )


def without(plan: Plan, session_id: str, *people: str) -> Plan:
    """The plan with these people taken out of a session; with nobody named, without the session."""
    visits = dict(plan.visits)
    visit = visits.pop(session_id)
    if people:
        visits[session_id] = replace(visit, team=tuple(each for each in visit.team if each not in people))
    return Plan(visits)


def moved(plan: Plan, session_id: str, by: timedelta) -> Plan:
    visit = plan.visits[session_id]
    later = Slot(visit.slot.start + by, visit.slot.end + by)
    return Plan({**plan.visits, session_id: replace(visit, slot=later)})


def on_days(problem: Problem, plan: Plan, days: Mapping[str, date]) -> tuple[Problem, Plan]:
    """Term and plan with sessions on other days, at the same times."""
    sessions: dict[str, Session] = dict(problem.sessions)
    visits: dict[str, Visit] = dict(plan.visits)
    for session_id, day in days.items():
        slot = visits[session_id].slot
        there = Slot(datetime.combine(day, slot.start.time()), datetime.combine(day, slot.end.time()))
        visits[session_id] = replace(visits[session_id], slot=there)
        sessions[session_id] = replace(sessions[session_id], slots=(there,))
    term = min(days.values()), max(days.values())
    programme = replace(problem.programme, first_day=term[0], last_day=term[1])
    return replace(problem, programme=programme, sessions=sessions), Plan(visits)


def to(sent: Sequence[Letter], attendee_id: str, attendee: Attendee = Attendee.VOLUNTEER) -> list[Letter]:
    return [each for each in sent if (each.attendee, each.attendee_id) == (attendee, attendee_id)]


def opened(letter: Letter) -> EmailMessage:
    mail = email.message_from_bytes(letter.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert not [defect for part in mail.walk() for defect in part.defects]
    return mail


def part(mail: EmailMessage, content_type: str) -> EmailMessage:
    (found,) = [each for each in mail.walk() if each.get_content_type() == content_type]
    assert isinstance(found, EmailMessage)
    return found


def text_of(letter: Letter) -> str:
    return str(part(opened(letter), "text/plain").get_content())


def everything_in(letter: Letter) -> str:
    """All that a person or a program can read in a letter, calendars unfolded."""
    mail = opened(letter)
    parts = []
    for each in mail.walk():
        if not each.is_multipart():
            content = each.get_content()
            parts.append(content if isinstance(content, str) else content.decode())
    headers = [f"{key}: {value}" for key, value in mail.items()]
    return "\n".join([*headers, *parts]).replace("\r\n ", "")


def calendar_of(letter: Letter) -> bytes:
    content = part(opened(letter), "application/ics").get_content()
    assert isinstance(content, bytes)
    return content


def events(content: bytes) -> list[Any]:
    """The events as icalendar reads them."""
    calendar = icalendar.Calendar.from_ical(content)
    assert isinstance(calendar, icalendar.Calendar)
    return list(calendar.walk("VEVENT"))


def spans(content: bytes) -> list[tuple[str, datetime, datetime]]:
    """UID, start and end in UTC of each event, on which both readers agree although only the file knows the zone."""
    renamed = content.decode().replace("Europe/London", "Nowhere/Land")
    by_icalendar: Any = icalendar.Calendar.from_ical(renamed)
    zone = by_icalendar.walk("VTIMEZONE")[0].to_tz(lookup_tzid=False)
    ours = [
        (
            str(each["UID"]),
            each["DTSTART"].dt.replace(tzinfo=zone).astimezone(UTC),
            each["DTEND"].dt.replace(tzinfo=zone).astimezone(UTC),
        )
        for each in by_icalendar.walk("VEVENT")
    ]
    theirs = [
        (each.uid.value, each.dtstart.value.astimezone(UTC), each.dtend.value.astimezone(UTC))
        for each in vobject.readOne(renamed).contents.get("vevent", [])
    ]
    assert ours == theirs
    return ours


def well_formed(content: bytes) -> None:
    """RFC 5545's form: CRLF, no line over 75 bytes, no character cut in two, nothing floating."""
    assert content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    unfolded = content.replace(b"\r\n ", b"").decode().split("\r\n")
    in_events = "\n".join(unfolded).split("BEGIN:VEVENT")[1:]
    for event in in_events:
        assert "\nDTSTART;TZID=Europe/London:" in event
        assert "\nDTEND;TZID=Europe/London:" in event
    assert unfolded.count("BEGIN:VTIMEZONE") == 1
    vobject.readOne(content.decode()).validate()
