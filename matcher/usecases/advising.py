"""The use cases of advice: why, who instead, whom to recruit, and what is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from matcher.errors import Refused, Remedy
from matcher.names import find_session, find_volunteer
from matcher.names import visit_called as visit_called
from matcher.times import wall_clock
from matcher.usecases.looking import looks
from matcher.usecases.today import moment_for_edits, term_under_way
from matcher.wording import one_line

if TYPE_CHECKING:
    from matcher.advice.recruit import Recruits
    from matcher.advice.stand_in import StandIns
    from matcher.advice.why import Clash, WhyNotDelivered, WhyNotThere
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
    at = moment_for_edits(workspace, now)
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


@dataclass(frozen=True)
class InItsPlace:
    """Who could step in at a visit, with the term that it is of."""

    problem: Problem
    answer: StandIns


@looks
def stand_in(workspace: Workspace, words: str, now: str | None = None, *, draft: bool = False) -> InItsPlace:
    """Who could step in at a visit, by its id, title or school; in the published plan, or in the newest run.

    Raises NotThere if there is no such visit or no plan, and Refused if it is over or does not take place.
    """
    from matcher.advice.stand_in import Substitutes

    problem, plan = _plan(workspace, now, draft=draft)
    session_id = find_session(problem, words)
    _insist_to_come(problem, session_id)
    where = visit_called(problem, session_id)
    if session_id not in plan.visits:
        raise Refused(f"{one_line(where)} does not take place in this plan, so nobody is missing from it.", Remedy.WHY)
    return InItsPlace(problem, Substitutes(problem, plan).of(session_id))


@dataclass(frozen=True)
class ToRecruit:
    """Whom to ask for, with the term that it is about."""

    problem: Problem
    answer: Recruits


@looks
def recruit(workspace: Workspace, people: int = 3, now: str | None = None, *, draft: bool = False) -> ToRecruit:
    """The few new people who would help most, all together; for the published plan, or for the newest run.

    Raises NotThere if there is no plan.
    """
    from matcher.advice.recruit import recruit as best
    from matcher.advice.standing import keeping_rules

    problem, plan = _plan(workspace, now, draft=draft)
    return ToRecruit(problem, best(problem, keeping_rules(problem, plan), people))


@dataclass(frozen=True)
class WhySession:
    """Why a session is delivered or not, with the term and the plan that it is of."""

    problem: Problem
    plan: Plan
    session_id: str
    answer: WhyNotDelivered | None
    """None: it is delivered."""


@dataclass(frozen=True)
class WhyPerson:
    """Why somebody is in a session's team or not, with the term and the plan that it is of."""

    problem: Problem
    plan: Plan
    volunteer_id: str
    session_id: str
    answer: WhyNotThere | None
    """None: they come."""


@looks
def why_session(workspace: Workspace, words: str, now: str | None = None, *, draft: bool = False) -> WhySession:
    """Why a session is not delivered, and what would bring it, proven by solving.

    Raises NotThere if there is no such session or no plan, and Refused if it is over.
    """
    from matcher.advice.standing import keeping_rules
    from matcher.advice.why import why_not_delivered

    problem, plan = _plan(workspace, now, draft=draft)
    plan = keeping_rules(problem, plan)
    session_id = find_session(problem, words)
    _insist_to_come(problem, session_id)
    answer = None if session_id in plan.visits else why_not_delivered(problem, plan, session_id)
    return WhySession(problem, plan, session_id, answer)


@looks
def why_person(
    workspace: Workspace, person: str, session: str, now: str | None = None, *, draft: bool = False
) -> WhyPerson:
    """Why somebody is not in a session's team: what forbids it, or what it would cost.

    Raises NotThere if there is no such person, session or plan, and Refused if it is over.
    """
    from matcher.advice.standing import keeping_rules
    from matcher.advice.why import why_not_there

    problem, plan = _plan(workspace, now, draft=draft)
    plan = keeping_rules(problem, plan)
    volunteer_id, session_id = find_volunteer(problem, person), find_session(problem, session)
    _insist_to_come(problem, session_id)
    comes = session_id in plan.visits and volunteer_id in plan.visits[session_id].team
    answer = None if comes else why_not_there(problem, plan, volunteer_id, session_id)
    return WhyPerson(problem, plan, volunteer_id, session_id, answer)


@looks
def why_pins(workspace: Workspace, now: str | None = None) -> tuple[Problem, Clash | None]:
    """The pins of today's data that clash; None: all of them can be kept."""
    from matcher.advice.why import clash_of

    problem = term_under_way(workspace, moment_for_edits(workspace, now))
    return problem, clash_of(problem)


def _plan(workspace: Workspace, now: str | None, *, draft: bool) -> tuple[Problem, Plan]:
    """What was told, as far as it can be now; or the newest run."""
    from matcher.advice.standing import still_told
    from matcher.usecases.planning import load_run

    problem = term_under_way(workspace, moment_for_edits(workspace, now))
    if draft or problem.under_way is None:
        _, problem, result = load_run(workspace)
        return problem, result.plan
    return problem, still_told(problem)


def _insist_to_come(problem: Problem, session_id: str) -> None:
    if session_id in problem.past:
        where = one_line(visit_called(problem, session_id))
        raise Refused(f"{where} is over: nothing about it can change any more.")
