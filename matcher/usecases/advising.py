"""The use cases of advice: why, who instead, whom to recruit, and what is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from matcher.times import wall_clock
from matcher.usecases.looking import looks
from matcher.usecases.today import moment, term_under_way

if TYPE_CHECKING:
    from matcher.domain import Plan, Problem, School, Session, Slot, Volunteer
    from matcher.store import Workspace


@dataclass(frozen=True)
class NeedsCheck:
    """A visit to come at which a volunteer is alone with pupils."""

    session: Session
    school: School
    slot: Slot
    too_late: bool
    """Whether it is after their check has run out."""


@dataclass(frozen=True)
class Due:
    """Somebody whose safeguarding check runs out soon, or has."""

    volunteer: Volunteer
    until: date
    """The last day on which it holds."""
    has_run_out: bool
    visits: tuple[NeedsCheck, ...]
    """In order of time."""


@looks
def due(workspace: Workspace, days: int = 60, now: str | None = None) -> tuple[Due, ...]:
    """Whose check runs out within so many days from `now` on (on the programme's clock), the first first.

    With the visits that they were told of, are to come and need one. For the coordinator alone.
    """
    at = moment(workspace, now)
    problem = term_under_way(workspace, at)
    clock = wall_clock(at, problem.programme.timezone)
    found = [
        Due(
            person,
            person.checked_until,
            person.checked_until < clock.date(),
            tuple(_need_a_check(problem, problem.under_way.told, person)) if problem.under_way else (),
        )
        for person in problem.volunteers.values()
        if person.checked_until is not None and person.checked_until <= clock.date() + timedelta(days=days)
    ]
    return tuple(sorted(found, key=lambda each: (each.until, each.volunteer.name, each.volunteer.volunteer_id)))


def _need_a_check(problem: Problem, told: Plan, person: Volunteer) -> Iterator[NeedsCheck]:
    for session_id, visit in sorted(told.visits.items(), key=lambda each: (each[1].slot, each[0])):
        session = problem.sessions.get(session_id)
        if session_id in problem.past or session is None or session.supervised:
            continue
        if person.volunteer_id in visit.team:
            school = problem.schools[session.school_id]
            assert person.checked_until is not None
            yield NeedsCheck(session, school, visit.slot, visit.slot.day > person.checked_until)
