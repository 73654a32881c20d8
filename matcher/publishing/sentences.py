"""The words for the facts that an attendee is told, in calendars and letters.

They may be changed at any time: nobody is told anew because of it, since versions are compared by their facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from matcher.appointments import Attendee, Fact, Facts, PupilGroup, Visitor, differences
from matcher.domain import Cohort, Session
from matcher.publishing.facts import group_of, is_numbered, title_of
from matcher.wording import counted, listed, weekday_day_month


def summary(attendee: Attendee, facts: Facts) -> str:
    """The event's name."""
    if facts.partial:  # which have it as it was told
        return title(facts)
    if attendee is Attendee.VOLUNTEER:
        return f"{title(facts)} at {facts.school}"
    return f"{title(facts)} ({counted(len(facts.visitors), 'visitor')})"


def place(facts: Facts) -> str:
    """Where it is, in one line."""
    if facts.online:
        return "Online"
    return ", ".join(part for part in (facts.school, facts.address) if part)


def description(attendee: Attendee, facts: Facts, unnamed: Collection[str] = ()) -> str:
    """What the event says, in lines. To a school nobody is named whose id is among `unnamed`."""
    lines = _to_volunteer(facts) if attendee is Attendee.VOLUNTEER else _to_school(facts, unnamed)
    return "\n".join(lines)


def reminder(name: str) -> str:
    """What is said the day before, of an event of that name."""
    return f"Tomorrow: {name}"


def _to_volunteer(facts: Facts) -> Iterator[str]:
    yield "Thank you for giving your time."
    yield ""
    if facts.online:
        yield f"Online with {facts.school}, {clock(facts.start)} to {clock(facts.end)}."
    elif facts.arrival:
        yield f"{_arrive_by(facts)} The session runs from {clock(facts.start)} to {clock(facts.end)}."
    else:
        yield f"The session runs from {clock(facts.start)} to {clock(facts.end)}."
    if facts.contact or facts.contact_email:
        yield _contact(facts)
    if facts.bring:
        yield _bring(facts)
    yield from _about(facts)
    yield _team(facts)
    yield _organiser(facts)


def _to_school(facts: Facts, unnamed: Collection[str]) -> Iterator[str]:
    known = {visitor.volunteer_id for visitor in facts.visitors}
    yield f"Who is {'joining online' if facts.online else 'coming'}:"
    for visitor in facts.visitors:
        # Whoever is in doubt and not known by an id may be any of them.
        hidden = visitor.volunteer_id in unnamed or not known.issuperset(unnamed)
        yield f"- {'To be confirmed' if hidden else introduction(visitor)}"
    yield ""
    if facts.arrival:
        yield _expect_by(facts)
    yield from _about(facts)
    yield _organiser(facts)


def _about(facts: Facts) -> Iterator[str]:
    if facts.format:
        yield _format(facts)
    yield _pupils(facts)


# One fact in words


def title(facts: Facts) -> str:
    return _named(facts.title)


def _named(given: str) -> str:
    return given or "Visit"


def introduction(visitor: Visitor) -> str:
    """Name, role and employer."""
    return ", ".join(part for part in (visitor.name, visitor.role, visitor.employer) if part)


def pupils(facts: Facts) -> str:
    """Such as "Kestrels (Year 5, 28 pupils) and Year 6"."""
    return listed([group_name(group, with_pupils=True) for group in facts.pupils])


def group_name(group: PupilGroup, *, with_pupils: bool = False) -> str:
    """Such as "Kestrels", or "Kestrels (Year 5, 28 pupils)"."""
    year = f"Year {group.year_group}" if is_numbered(group.year_group) else group.year_group
    name = group.name or year
    if not with_pupils:
        return name
    more = [year] if year and year.casefold() not in name.casefold() else []
    if group.pupils:
        more.append(counted(group.pupils, "pupil"))
    return f"{name} ({', '.join(more)})" if more else name


def _arrive_by(facts: Facts) -> str:
    return f"Please arrive by {clock(facts.arrival)}."


def _expect_by(facts: Facts) -> str:
    return f"Expect your visitors by {clock(facts.arrival)}."


def _contact(facts: Facts) -> str:
    if facts.contact and not facts.online:
        return f"Ask for: {facts.contact}{f' ({facts.contact_email})' if facts.contact_email else ''}"
    both = f"{facts.contact} ({facts.contact_email})" if facts.contact and facts.contact_email else ""
    return f"Contact at the school: {both or facts.contact or facts.contact_email}"


def _bring(facts: Facts) -> str:
    return f"Please bring: {facts.bring}"


def _format(facts: Facts) -> str:
    return f"Format: {facts.format}"


def _pupils(facts: Facts) -> str:
    return f"Pupils: {pupils(facts)}"


def _team(facts: Facts) -> str:
    """As planned for, not as it now is: when one person drops out, the others' appointments stay as they are."""
    most = counted(facts.most, "visitor")
    return f"Team: {most if facts.fewest == facts.most else f'{facts.fewest} to {most}'}"


def _organiser(facts: Facts) -> str:
    return f"Organised by: {facts.programme}"


def time_span(start: datetime, end: datetime) -> str:
    """Such as "Friday 23 October 2026, 09:30 to 10:30"."""
    return f"{date_text(start)}, {clock(start)} to {clock(end)}"


def date_text(moment: datetime) -> str:
    return f"{weekday_day_month(moment)} {moment.year}"


def clock(moment: datetime | None) -> str:
    """Such as "09:30"; blank for None."""
    return f"{moment:%H:%M}" if moment else ""


# What is new


def what_is_new(attendee: Attendee, told: Facts, now: Facts) -> list[str]:
    """Each fact that matters to that attendee and has changed, in lines."""
    return [line for fact in differences(attendee, told, now) for line in _news(fact, attendee, told, now)]


def _news(fact: Fact, attendee: Attendee, told: Facts, now: Facts) -> Iterator[str]:
    match fact:
        case Fact.TIME:
            yield f"Time: {time_span(now.start, now.end)} (was {time_span(told.start, told.end)})"
        case Fact.TIME_ZONE:
            yield f"Time zone: {now.timezone} (was {told.timezone})"
        case Fact.PLACE:
            yield f"Place: {place(now)} (was {place(told)})"
        case Fact.ARRIVAL if not now.arrival:
            yield f"No longer asked for: to be there by {clock(told.arrival)}"
        case Fact.ARRIVAL:
            yield _arrive_by(now) if attendee is Attendee.VOLUNTEER else _expect_by(now)
        case Fact.MAP:
            yield "Place on the map: corrected"
        case Fact.TITLE:
            yield f"Title: {title(now)} (was {title(told)})"
        case Fact.SCHOOL:
            yield f"School: {now.school} (was {told.school})"
        case Fact.VISITORS:
            yield from _new_visitors(told, now)
        case Fact.CONTACT:
            gone = not (now.contact or now.contact_email)
            yield f"No longer: {_contact(told)}" if gone else _contact(now)
        case Fact.BRING:
            yield _bring(now) if now.bring else f"No longer: {_bring(told)}"
        case Fact.FORMAT:
            yield _format(now) if now.format else f"No longer: {_format(told)}"
        case Fact.PUPILS:
            yield _pupils(now)
        case Fact.TEAM:
            yield _team(now)
        case Fact.PROGRAMME:
            yield _organiser(now)


def _new_visitors(told: Facts, now: Facts) -> Iterator[str]:
    before = {visitor.volunteer_id: introduction(visitor) for visitor in told.visitors}
    after = {visitor.volunteer_id: introduction(visitor) for visitor in now.visitors}
    yield from (f"Now coming: {after[each]}" for each in after if each not in before)
    yield from (f"No longer coming: {before[each]}" for each in before if each not in after)
    for each in after:
        if each in before and after[each] != before[each]:
            yield f"Visitor: {after[each]} (was {before[each]})"


# The same for what is not published yet


def session_name(session: Session) -> str:
    """Its title, else its format, else "Visit"."""
    return _named(title_of(session))


def cohort_name(cohort: Cohort, *, with_pupils: bool = False) -> str:
    """Such as "Kestrels", or "Kestrels (Year 5, 28 pupils)"."""
    return group_name(group_of(cohort), with_pupils=with_pupils)
