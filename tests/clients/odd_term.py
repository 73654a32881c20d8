"""A school year across both changes of the clocks, whose people and places have the names that break calendars."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from matcher.appointments import Attendee
from matcher.domain import Cohort, Limits, Mode, Plan, Problem, Programme, School, Session, Slot, Visit, Volunteer
from matcher.geography import Position
from matcher.mail.caldav import shelf
from matcher.publishing.calendars import calendar_files, event_uid
from matcher.publishing.events import entries_after
from matcher.publishing.feeds import feeds
from matcher.publishing.letters import letters, sender_of
from matcher.publishing.published import Entry, FeedKind, Letter

LONDON = ZoneInfo("Europe/London")
STAMP = datetime(2026, 9, 8, 7, tzinfo=UTC)
# The days around 25 October 2026 and 28 March 2027, and those days themselves.
DAYS = [date(2026, 10, 23), *(date(2026, 10, day) for day in (24, 25, 26))]
DAYS += [date(2027, 3, 26), *(date(2027, 3, day) for day in (27, 28, 29))]
SCHOOLS = {
    "AR": ("مدرسة النور, الابتدائية; «دربي»", "١٢ شارع النهر,\nDerby; by the river\\north"),
    "ZH": ("北京路小学 🏫🏫🏫", "High Street 1, 2, 3; back\\door\r\nDerby\nDE1 1AA"),
    "EN": ('St. Werburgh\'s "C of E" (VA), Infant; Junior: School', "1, Church Lane; off Friar Gate,\nDerby,\nDE1 3AA"),
}
PEOPLE = {
    "V1": ("محمد بن عبد الله, الابن", "مهندس", "شركة السكك; الحديدية"),
    "V2": ("李小龙 🐉", "火车司机", "中国铁路, 北京"),
    "V3": ("👩‍🚀 Zoë O'Hara-Ünal; \\New", "astronaut: 1st class", "Rolls & Sons, Ltd."),
}


def problem() -> Problem:
    sessions = {}
    for number, day in enumerate(DAYS):
        school = list(SCHOOLS)[number % 3]
        start = datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=5 * number)
        mode = Mode.VIRTUAL if number == 4 else Mode.IN_PERSON
        slots = tuple(
            Slot(start + timedelta(hours=later), start + timedelta(hours=later, minutes=50)) for later in (0, 3)
        )
        title = f"What's My Line? {number}, 工作; 🚂\nPart two"
        sessions[f"S{number}"] = Session(f"S{number}", school, (f"{school}-5",), 1, 3, slots, title, "panel", mode)
    return Problem(
        Programme(
            "Autumn, in Derby; 秋天 🍂",
            date(2026, 9, 7),
            date(2027, 7, 20),
            limits=Limits(arrival_minutes=15),
            organiser_name="Zoë, at the “Hub”; 中心",
            organiser_email="visits@hub.invalid",
        ),
        schools={
            key: School(
                key,
                name,
                "DE1 1AA",
                address,
                Position(52.92, -1.47),
                contact_name="Joyce; “Jo” Kaur, 老师",
                contact_email=f"{key.lower()}@school.invalid",
            )
            for key, (name, address) in SCHOOLS.items()
        },
        cohorts={f"{key}-5": Cohort(f"{key}-5", key, "Kestrels, 鹰; 🦅", "5", 28) for key in SCHOOLS},
        sessions=sessions,
        volunteers={
            key: Volunteer(
                key,
                name,
                "Rail",
                email=f"{key.lower()}@people.invalid",
                role=role,
                employer=employer,
                max_sessions=9,
                max_sessions_per_day=3,
            )
            for key, (name, role, employer) in PEOPLE.items()
        },
    )


def plan(term: Problem, later: Iterable[str] = (), without: Iterable[str] = ()) -> Plan:
    """Everybody goes everywhere; some sessions at their later time, some without V1."""
    return Plan(
        {
            key: Visit(session.slots[key in later], ("V2", "V3") if key in without else ("V1", "V2", "V3"))
            for key, session in term.sessions.items()
        }
    )


class Versions:
    """A term that is published again and again."""

    def __init__(self) -> None:
        self.term = problem()
        self.entries: tuple[Entry, ...] = ()
        self.letters: tuple[Letter, ...] = ()
        self.number = 0
        self.stamp = STAMP

    def publish(self, plan: Plan) -> None:
        before = self.entries
        self.number += 1
        self.stamp += timedelta(days=1)
        self.entries = entries_after(before, self.term, plan, self.number, self.stamp)
        sender = sender_of(self.term.programme)
        self.letters = letters(self.term, plan, before, self.entries, self.number, sender, self.stamp, workspace_id="w")

    def feeds(self) -> dict[str, bytes]:
        return {f"feed of {each.kind} {each.id}": each.content for each in feeds(self.term, self.entries, self.stamp)}

    def pushed(self) -> dict[str, bytes]:
        """Every object that goes to a CalDAV server."""
        every = [each for each in feeds(self.term, self.entries, self.stamp) if each.kind is not FeedKind.VOLUNTEER]
        shelves = [shelf(self.term.programme.name, each.kind, each.id, each.name, each.content) for each in every]
        return {f"{each.name} {uid}": content for each in shelves for uid, content in each.events.items()}


def calendars_in(sent: Sequence[Letter]) -> dict[str, bytes]:
    """The calendars of letters, once as mail programs read them in the text and once as they read the attachment."""
    found = {}
    for letter in sent:
        message = email.message_from_bytes(letter.content, policy=email.policy.default)
        for part in message.walk():
            kind = part.get_content_type()
            if kind in ("text/calendar", "application/ics"):
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                found[f"{letter.message_id} {kind}"] = payload
    return found


def files_of_a_run(term: Problem, made: Plan) -> dict[str, bytes]:
    return calendar_files(term, made, STAMP)


def span(entry: Entry) -> tuple[str, datetime, datetime]:
    """What every client has to read of it."""
    return (
        entry.uid,
        entry.start.replace(tzinfo=LONDON).astimezone(UTC),
        entry.end.replace(tzinfo=LONDON).astimezone(UTC),
    )


def uid_of(term: Problem, session_id: str, volunteer_id: str) -> str:
    return event_uid(term.programme.name, session_id, Attendee.VOLUNTEER, volunteer_id)
