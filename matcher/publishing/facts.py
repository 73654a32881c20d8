"""From term and plan to what each attendee is told: facts, in nobody's words but those of whoever typed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from matcher.appointments import Appointment, Attendee, Facts, PupilGroup, Visitor
from matcher.domain import Cohort, Mode, Plan, Problem, School, Session, Visit, Volunteer
from matcher.wording import one_line, plain


def appointments(problem: Problem, plan: Plan) -> Iterator[Appointment]:
    """Every delivered session as its school is told of it, and as each of its volunteers is."""
    for session_id, visit in plan.visits.items():
        session = problem.sessions[session_id]
        facts = _facts(problem, session, visit)
        team = tuple(visitor_of(problem.volunteers[volunteer_id]) for volunteer_id in visit.team)
        yield Appointment(Attendee.SCHOOL, session.school_id, session_id, replace(facts, visitors=team))
        for volunteer_id in visit.team:
            yield Appointment(Attendee.VOLUNTEER, volunteer_id, session_id, facts)


def _facts(problem: Problem, session: Session, visit: Visit) -> Facts:
    """What all who take part share."""
    programme, school, slot = problem.programme, problem.schools[session.school_id], visit.slot
    facts = Facts(
        slot.start,
        slot.end,
        programme.timezone,
        title=title_of(session),
        format=one_line(session.format),
        online=session.mode is not Mode.IN_PERSON,
        school=one_line(school.name),
        contact=one_line(school.contact_name),
        contact_email=one_line(school.contact_email),
        bring=one_line(session.what_to_bring) or one_line(programme.what_to_bring),
        pupils=tuple(group_of(problem.cohorts[cohort_id]) for cohort_id in session.cohort_ids),
        fewest=session.min_volunteers,
        most=session.max_volunteers,
        programme=one_line(programme.name),
    )
    if facts.online:
        return facts
    minutes, position = programme.limits.arrival_minutes, school.position
    return replace(
        facts,
        arrival=slot.start - timedelta(minutes=minutes) if minutes else None,
        address=_address(school),
        latitude=round(position.latitude, 6) if position else None,
        longitude=round(position.longitude, 6) if position else None,
    )


def _address(school: School) -> str:
    """With the postcode, unless that stands in it already."""
    address, postcode = one_line(school.address, ", "), one_line(school.postcode, ", ")
    parts = [address, "" if postcode.casefold() in address.casefold() else postcode]
    return ", ".join(part for part in parts if part)


def title_of(session: Session) -> str:
    """The session's title, else its format, with a capital; blank if it has neither."""
    name = one_line(session.title) or one_line(session.format)
    return name[:1].upper() + name[1:]


def visitor_of(volunteer: Volunteer) -> Visitor:
    """All that a school learns of a visitor."""
    return Visitor(
        volunteer.volunteer_id, one_line(volunteer.name), one_line(volunteer.role), one_line(volunteer.employer)
    )


def group_of(cohort: Cohort) -> PupilGroup:
    """Its id stands for a name where there is neither name nor year group."""
    name, year = one_line(cohort.name), one_line(cohort.year_group)
    number = year[4:].strip() if year.casefold().startswith("year") else ""
    if is_numbered(number):  # "Year 5" and "5" are the same
        year = number
    return PupilGroup(name or ("" if year else plain(cohort.cohort_id)), year, cohort.pupils)


def is_numbered(year_group: str) -> bool:
    """Whether it is a year's number, or that of reception."""
    return year_group.isdigit() or year_group.casefold() == "r"
