"""A calendar for each volunteer and each school: where to be, when, and whom to ask for or expect.

What may stand in one is small on purpose. A volunteer's says nothing about the rest of the team, a school's gives
name, role and employer of those who come; neither holds a demographic, nor why somebody was chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import icalendar

from matcher.appointments import Appointment, Attendee, Facts
from matcher.domain import Plan, Problem
from matcher.publishing import sentences
from matcher.publishing.facts import appointments
from matcher.publishing.file_names import file_names
from matcher.publishing.zones import vtimezone
from matcher.wording import one_line

PRODID = "-//matcher//Role models for primary schools//EN"


class Text(icalendar.vText):
    r"""TEXT as RFC 5545 writes it. (icalendar's own takes a typed `\N`, as in "C:\New", for a line break.)"""

    def to_ical(self) -> bytes:
        text = str(self).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return text.replace("\n", "\\n").encode()


def event_uid(programme: str, session_id: str, attendee: Attendee, attendee_id: str) -> str:
    """The same through every re-run and change: nothing goes in but the programme, the session and the attendee."""
    key = json.dumps([programme, session_id, attendee.value, attendee_id])
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@matcher.invalid"


def calendar_files(problem: Problem, plan: Plan, stamp: datetime) -> dict[str, bytes]:
    """Path below the output folder -> content, for every volunteer and school with a delivered session."""
    files: dict[str, bytes] = {}
    visits = list(appointments(problem, plan))
    volunteer_files, school_files = file_names(problem.volunteers), file_names(problem.schools)
    for attendee, people, names in (
        (Attendee.VOLUNTEER, problem.volunteers, volunteer_files),
        (Attendee.SCHOOL, problem.schools, school_files),
    ):
        mine: dict[str, list[Appointment]] = {}
        for appointment in visits:
            if appointment.attendee is attendee:
                mine.setdefault(appointment.attendee_id, []).append(appointment)
        for attendee_id, own in sorted(mine.items()):
            content = calendar(problem, people[attendee_id].name, own, stamp)
            files[f"calendars/{attendee}s/{names[attendee_id]}.ics"] = content
    return files


def calendar(problem: Problem, owner: str, own: list[Appointment], stamp: datetime) -> bytes:
    """One calendar file, its events in order of time."""
    programme = problem.programme
    in_order = sorted(own, key=lambda each: (each.facts.start, each.facts.end, each.session_id))
    years = programme.first_day.year, programme.last_day.year
    shell = Shell(f"{programme.name}: {owner}", {programme.timezone: years})

    def uid(each: Appointment) -> str:
        return event_uid(programme.name, each.session_id, each.attendee, each.attendee_id)

    return shell.around(event(uid(each), each.attendee, each.facts, stamp) for each in in_order)


class Shell:
    """What stands around events: the head of a calendar, and the zones that they use."""

    def __init__(self, name: str, zones: Mapping[str, tuple[int, int]], **properties: str) -> None:
        """`zones`: each with the first and the last year; `properties`: with the name's hyphens as underscores."""
        shell = icalendar.Calendar()
        shell.add("prodid", PRODID)
        shell.add("version", "2.0")
        shell.add("calscale", "GREGORIAN")
        if name:
            shell.add("name", Text(one_line(name)))
            shell.add("x-wr-calname", Text(one_line(name)))
            shell.add("x-wr-timezone", Text(next(iter(zones))))
        for key, value in properties.items():
            shell.add(key.replace("_", "-"), value)
        for zone, years in zones.items():
            shell.add_component(vtimezone(zone, *years))
        self._head = shell.to_ical().removesuffix(_END)

    def around(self, events: Iterable[str]) -> bytes:
        """The whole calendar; each event as text, with CRLF at each line's end."""
        return b"".join([self._head, *(event.encode() for event in events), _END])


_END = b"END:VCALENDAR\r\n"


def event(uid: str, attendee: Attendee, facts: Facts, stamp: datetime, sequence: int = 0) -> str:
    """What that attendee is told as a VEVENT, told at `stamp`."""
    zone = {"TZID": facts.timezone}
    result = icalendar.Event()
    result.add("uid", uid)
    result.add("dtstamp", stamp.astimezone(UTC).replace(microsecond=0))
    result.add("dtstart", facts.start, parameters=zone)
    result.add("dtend", facts.end, parameters=zone)
    result.add("sequence", sequence)
    result.add("status", "CONFIRMED")
    result.add("transp", "OPAQUE")
    result.add("location", Text(sentences.place(facts)))
    if facts.latitude is not None and facts.longitude is not None:
        result.add("geo", (facts.latitude, facts.longitude))
    summary = sentences.summary(attendee, facts)
    result.add("summary", Text(summary))
    result.add("description", Text(sentences.description(attendee, facts)))
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(days=-1))
    alarm.add("description", Text(sentences.reminder(summary)))
    result.add_component(alarm)
    content: bytes = result.to_ical()
    return content.decode()


def told_in(body: str, start: datetime, end: datetime) -> Facts:
    """The little that an event's text says by itself, whoever worded it: for events that were kept without facts."""
    found = icalendar.Event.from_ical(body)
    return Facts(start, end, title=str(found.get("SUMMARY", "")), address=str(found.get("LOCATION", "")), partial=True)
