"""A calendar for each volunteer and each school: where to be, when, and whom to ask for or expect.

What may stand in one is small on purpose. A volunteer's says nothing about the rest of the team, a school's gives
name, role and employer of those who come; neither holds a demographic, nor why somebody was chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import icalendar

from matcher.domain import Cohort, Mode, Plan, Problem, School, Session, Visit, Volunteer
from matcher.publishing.file_names import file_names
from matcher.publishing.text import counted, listed, one_line, plain
from matcher.publishing.zones import vtimezone

PRODID = "-//matcher//Role models for primary schools//EN"


class Attendee(StrEnum):
    VOLUNTEER = "volunteer"
    SCHOOL = "school"


class Text(icalendar.vText):
    r"""TEXT as RFC 5545 writes it. (icalendar's own takes a typed `\N`, as in "C:\New", for a line break.)"""

    def to_ical(self) -> bytes:
        text = str(self).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return text.replace("\n", "\\n").encode()


@dataclass(frozen=True, slots=True)
class Appointment:
    """A delivered session as one attendee sees it."""

    attendee: Attendee
    attendee_id: str
    session: Session
    visit: Visit
    school: School
    cohorts: tuple[Cohort, ...]
    team: tuple[Volunteer, ...]

    @property
    def in_person(self) -> bool:
        return self.session.mode is Mode.IN_PERSON


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
    in_order = sorted(own, key=lambda each: (each.visit.slot, each.session.session_id))
    years = programme.first_day.year, programme.last_day.year
    shell = Shell(f"{programme.name}: {owner}", {programme.timezone: years})
    return shell.around(event(problem, each, stamp).to_ical().decode() for each in in_order)


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


def appointments(problem: Problem, plan: Plan) -> Iterator[Appointment]:
    """Every delivered session as its school sees it, and as each of its volunteers does."""
    for session_id, visit in plan.visits.items():
        session = problem.sessions[session_id]
        shared = (
            session,
            visit,
            problem.schools[session.school_id],
            tuple(problem.cohorts[cohort_id] for cohort_id in session.cohort_ids),
            tuple(problem.volunteers[volunteer_id] for volunteer_id in visit.team),
        )
        yield Appointment(Attendee.SCHOOL, session.school_id, *shared)
        for volunteer_id in visit.team:
            yield Appointment(Attendee.VOLUNTEER, volunteer_id, *shared)


def event(problem: Problem, appointment: Appointment, stamp: datetime) -> icalendar.Event:
    """The appointment as a VEVENT, told for the first time at `stamp`."""
    session, school, slot = appointment.session, appointment.school, appointment.visit.slot
    zone = {"TZID": problem.programme.timezone}
    result = icalendar.Event()
    result.add(
        "uid",
        event_uid(problem.programme.name, session.session_id, appointment.attendee, appointment.attendee_id),
    )
    result.add("dtstamp", stamp.astimezone(UTC).replace(microsecond=0))
    result.add("dtstart", slot.start, parameters=zone)
    result.add("dtend", slot.end, parameters=zone)
    result.add("sequence", 0)
    result.add("status", "CONFIRMED")
    result.add("transp", "OPAQUE")
    result.add("location", Text(place(appointment)))
    if appointment.in_person and school.position is not None:
        result.add("geo", (round(school.position.latitude, 6), round(school.position.longitude, 6)))
    if appointment.attendee is Attendee.VOLUNTEER:
        summary = f"{session_name(session)} at {one_line(school.name)}"
        lines = _for_volunteer(problem, appointment)
    else:
        summary = f"{session_name(session)} ({counted(len(appointment.team), 'visitor')})"
        lines = _for_school(problem, appointment)
    result.add("summary", Text(summary))
    result.add("description", Text("\n".join(lines)))
    result.add_component(_reminder(summary))
    return result


def _reminder(summary: str) -> icalendar.Alarm:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(days=-1))
    alarm.add("description", Text(f"Tomorrow: {summary}"))
    return alarm


def place(appointment: Appointment) -> str:
    """Where it is, in one line: the school's name, address and postcode, or "Online"."""
    if not appointment.in_person:
        return "Online"
    school = appointment.school
    name, address, postcode = (one_line(part, ", ") for part in (school.name, school.address, school.postcode))
    parts = [name, address, "" if postcode.casefold() in address.casefold() else postcode]
    return ", ".join(part for part in parts if part)


def _for_volunteer(problem: Problem, appointment: Appointment) -> Iterator[str]:
    school, slot = appointment.school, appointment.visit.slot
    arrival = arrival_time(problem, appointment)
    contact, email = one_line(school.contact_name), one_line(school.contact_email)
    yield "Thank you for giving your time."
    yield ""
    if not appointment.in_person:
        yield f"Online with {one_line(school.name)}, {slot.start:%H:%M} to {slot.end:%H:%M}."
    elif arrival:
        yield f"Please arrive by {arrival:%H:%M}. The session runs from {slot.start:%H:%M} to {slot.end:%H:%M}."
    else:
        yield f"The session runs from {slot.start:%H:%M} to {slot.end:%H:%M}."
    if contact and appointment.in_person:
        yield f"Ask for: {contact}{f' ({email})' if email else ''}"
    elif contact or email:
        yield f"Contact at the school: {contact or email}{f' ({email})' if contact and email else ''}"
    if bring := what_to_bring(problem, appointment.session):
        yield f"Please bring: {bring}"
    yield from _about(appointment)
    yield f"Team: {_team_size(appointment.session)}"
    yield f"Organised by: {one_line(problem.programme.name)}"


def _team_size(session: Session) -> str:
    """As planned for, not as it now is: when one person drops out, the others' appointments stay as they are."""
    fewest, most = session.min_volunteers, session.max_volunteers
    return counted(most, "visitor") if fewest == most else f"{fewest} to {counted(most, 'visitor')}"


def _for_school(problem: Problem, appointment: Appointment) -> Iterator[str]:
    yield f"Who is {'coming' if appointment.in_person else 'joining online'}:"
    for volunteer in appointment.team:
        yield f"- {introduction(volunteer)}"
    yield ""
    if arrival := arrival_time(problem, appointment):
        yield f"Expect your visitors by {arrival:%H:%M}."
    yield from _about(appointment)
    yield f"Organised by: {one_line(problem.programme.name)}"


def _about(appointment: Appointment) -> Iterator[str]:
    if appointment.session.format:
        yield f"Format: {one_line(appointment.session.format)}"
    yield f"Pupils: {listed([cohort_name(cohort, with_pupils=True) for cohort in appointment.cohorts])}"


def arrival_time(problem: Problem, appointment: Appointment) -> datetime | None:
    """When visitors should be at the school; None if the programme does not say, or nobody has to travel."""
    minutes = problem.programme.limits.arrival_minutes
    return appointment.visit.slot.start - timedelta(minutes=minutes) if minutes and appointment.in_person else None


def what_to_bring(problem: Problem, session: Session) -> str:
    """The session's own word, else the programme's, else nothing."""
    return one_line(session.what_to_bring) or one_line(problem.programme.what_to_bring)


def session_name(session: Session) -> str:
    """Its title, else its format, else "Visit"."""
    name = one_line(session.title) or one_line(session.format) or "Visit"
    return name[:1].upper() + name[1:]


def cohort_name(cohort: Cohort, *, with_pupils: bool = False) -> str:
    """Such as "Kestrels", or "Kestrels (Year 5, 28 pupils)"."""
    year = one_line(cohort.year_group)
    year = f"Year {year}" if year.isdigit() or year.casefold() == "r" else year
    name = one_line(cohort.name) or year or plain(cohort.cohort_id)
    if not with_pupils:
        return name
    more = [year] if year and year.casefold() not in name.casefold() else []
    if cohort.pupils:
        more.append(counted(cohort.pupils, "pupil"))
    return f"{name} ({', '.join(more)})" if more else name


def introduction(volunteer: Volunteer) -> str:
    """Name, role and employer: all that a school learns of a visitor."""
    return ", ".join(part for part in map(one_line, (volunteer.name, volunteer.role, volunteer.employer)) if part)
