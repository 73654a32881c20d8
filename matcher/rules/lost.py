"""What of a plan that people were told of no plan can keep any more: the contract, section 4a.

Somebody or something is gone, or a rule that looks at one assignment, or at it and past visits and earlier encounters,
forbids it. That a team is too small, or that two of its people clash, makes nothing lost: one of them can stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from matcher.domain import Decision, Pin, Plan, Problem, Session, Slot, UnderWay, Visit
from matcher.people_alike import same_people


@dataclass(frozen=True)
class Lost:
    """What is lost of what was told and is to come."""

    assignments: frozenset[tuple[str, str]]
    """(volunteer_id, session_id)."""
    starts: frozenset[str]
    """session_id of those that cannot run when they were told to."""
    sessions: frozenset[str]
    """session_id of those that cannot run at all."""


def told_to_come(problem: Problem) -> dict[str, Visit]:
    """session_id -> visit, of what was told and is not past."""
    under_way = problem.under_way
    if under_way is None:
        return {}
    return {key: visit for key, visit in under_way.told.visits.items() if key not in under_way.past}


def lost(problem: Problem) -> Lost:
    """Worked out from plain data by the rules' own checks, each over the few visits that it could look at."""
    under_way = problem.under_way
    if under_way is None:
        return Lost(frozenset(), frozenset(), frozenset())
    if "lost" not in problem.worked_out:
        problem.worked_out["lost"] = _Loss(problem, under_way).found()
    found: Lost = problem.worked_out["lost"]
    return found


class _Loss:
    def __init__(self, problem: Problem, under_way: UnderWay) -> None:
        self.problem, self.under_way = problem, under_way
        self.stands = {key: visit for key, visit in under_way.past.items() if visit is not None}
        self.same: dict[str, tuple[str, ...]] = {
            each: ids for ids in same_people(problem.volunteers.values()) for each in ids
        }
        self.of_person: dict[str, list[str]] = {}
        self.of_school: dict[str, list[str]] = {}
        for session_id, visit in self.stands.items():
            self.of_school.setdefault(problem.sessions[session_id].school_id, []).append(session_id)
            for volunteer_id in visit.team:
                self.of_person.setdefault(volunteer_id, []).append(session_id)

    def found(self) -> Lost:
        assignments: set[tuple[str, str]] = set()
        starts: set[str] = set()
        sessions: set[str] = set()
        for session_id, visit in told_to_come(self.problem).items():
            session = self.problem.sessions.get(session_id)
            usable = [] if session is None else list(self._usable(session))
            if not usable:
                sessions.add(session_id)
            as_told = [each for each in usable if each.start == visit.slot.start]
            if session is None or not as_told:
                starts.add(session_id)
                away = set(visit.team)
            else:
                away = set.intersection(*(set(self._away(session, slot, visit.team)) for slot in as_told))
            assignments.update((volunteer_id, session_id) for volunteer_id in away)
        return Lost(frozenset(assignments), frozenset(starts), frozenset(sessions))

    def _usable(self, session: Session) -> Iterator[Slot]:
        """The slots in which the session can run, whoever comes."""
        pins = [pin for pin in self.problem.pins if pin.session_id == session.session_id and pin.start is not None]
        for slot in self.problem.open_slots(session):
            if not self._forbidden(session, slot, (), pins):
                yield slot

    def _away(self, session: Session, slot: Slot, team: Sequence[str]) -> Iterator[str]:
        known = [each for each in team if each in self.problem.volunteers]
        declined = self.under_way.declined
        pins = [
            pin
            for pin in self.problem.pins
            if pin.session_id == session.session_id and pin.decision is Decision.NEVER and pin.volunteer_id in known
        ]
        all_fit = not self._forbidden(session, slot, known, pins)
        for volunteer_id in team:
            if volunteer_id not in self.problem.volunteers or (volunteer_id, session.session_id) in declined:
                yield volunteer_id
            elif not all_fit:
                mine = [pin for pin in pins if pin.volunteer_id == volunteer_id]
                if self._forbidden(session, slot, [volunteer_id], mine):
                    yield volunteer_id

    def _forbidden(self, session: Session, slot: Slot, team: Sequence[str], pins: Iterable[Pin]) -> bool:
        """Whether some rule is broken by this visit, or by it and past ones."""
        from matcher.rules import MUST_RULES  # which has this module's rules among its own

        people = [same for each in team for same in self.same.get(each, (each,))]
        near = dict.fromkeys(self.of_school.get(session.school_id, []))
        near.update(dict.fromkeys(past for each in people for past in self.of_person.get(each, ())))
        visits = {past: self.stands[past] for past in near}
        sessions = {past: self.problem.sessions[past] for past in near}
        named = dict.fromkeys([*people, *(each for visit in visits.values() for each in visit.team)])
        cohorts = {cohort_id for each in (session, *sessions.values()) for cohort_id in each.cohort_ids}
        part = replace(
            self.problem,
            sessions={**sessions, session.session_id: session},
            volunteers={each: self.problem.volunteers[each] for each in named},
            cohorts={each: self.problem.cohorts[each] for each in self.problem.cohorts if each in cohorts},
            encounters=tuple(each for each in self.problem.encounters if each.cohort_id in session.cohort_ids),
            pins=tuple(pins),
            under_way=replace(self.under_way, past=visits),
        )
        plan = Plan({**visits, session.session_id: Visit(slot, tuple(team))})
        return any(
            session.session_id in finding.sessions
            for rule in MUST_RULES
            if not rule.of_teams
            for finding in rule.breaches(part, plan)
        )
