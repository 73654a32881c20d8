"""A volunteer's or a school's list of visits as text: to be printed, or copied into a mail.

It holds what calendars hold: never how to reach another volunteer, nor what anybody said of themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from matcher.appointments import Attendee, Facts
from matcher.publishing.published import Answer
from matcher.publishing.sentences import clock, introduction, place, pupils, time_span, title
from matcher.wording import counted

ANSWERED: Mapping[Answer, str] = {
    Answer.ACCEPTED: "accepted",
    Answer.TENTATIVE: "tentative",
    Answer.DECLINED: "declined",
    Answer.NEEDS_ACTION: "no answer yet",
}
"""What somebody answered, wherever a team is shown."""


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A visit on the list of one attendee."""

    facts: Facts
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """volunteer_id -> what they answered; of a volunteer's list, their own alone. Empty: nobody was asked yet."""
    in_doubt: frozenset[str] = frozenset()
    """The ids of volunteers who cannot come, by the data as it is now: to be confirmed."""


def handed_over(attendee: Attendee, attendee_id: str, name: str, items: Sequence[ListedVisit]) -> str:
    """The whole list, in order of time, as lines of text."""
    lines = [f"Visits of {name}" if attendee is Attendee.VOLUNTEER else f"Visitors to {name}"]
    for item in sorted(items, key=lambda each: (each.facts.start, each.facts.title)):
        told = _of_volunteer(item, attendee_id) if attendee is Attendee.VOLUNTEER else _of_school(item)
        lines += ["", time_span(item.facts.start, item.facts.end), *(f"  {line}" for line in told)]
    if not items:
        lines += ["", "No visits to come."]
    return "\n".join(lines)


def _of_volunteer(item: ListedVisit, volunteer_id: str) -> Iterator[str]:
    facts = item.facts
    if volunteer_id in item.in_doubt:
        yield "To be confirmed: please wait for our word."
    at = f" at {facts.school}" if facts.school and not facts.partial else ""
    yield f"{title(facts)}{at}"
    where = place(facts)
    if where:
        yield f"Where: {where}"
    if facts.arrival:
        yield f"Please be there by {clock(facts.arrival)}."
    if facts.contact or facts.contact_email:
        both = f"{facts.contact} ({facts.contact_email})" if facts.contact and facts.contact_email else ""
        yield f"Ask for: {both or facts.contact or facts.contact_email}"
    if facts.bring:
        yield f"Please bring: {facts.bring}"
    if facts.pupils:
        yield f"Pupils: {pupils(facts)}"
    if volunteer_id in item.answers:
        yield f"Your answer: {ANSWERED[item.answers[volunteer_id]]}"


def _of_school(item: ListedVisit) -> Iterator[str]:
    facts = item.facts
    yield title(facts) + (", online" if facts.online else "")
    if facts.pupils:
        yield f"Pupils: {pupils(facts)}"
    if facts.arrival:
        yield f"Expect your visitors by {clock(facts.arrival)}."
    missing = {each.volunteer_id for each in facts.visitors if item.answers.get(each.volunteer_id) is Answer.DECLINED}
    yield f"{counted(len(facts.visitors) - len(missing), 'visitor')}:"
    for visitor in facts.visitors:
        if visitor.volunteer_id in item.in_doubt:
            yield "- To be confirmed"
        elif visitor.volunteer_id in missing:
            yield f"- {visitor.name} cannot come (declined)"
        else:
            answer = item.answers.get(visitor.volunteer_id)
            yield f"- {introduction(visitor)}" + (f" ({ANSWERED[answer]})" if answer else "")
