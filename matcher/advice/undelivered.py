"""Why a session is not delivered, in one sentence, found by the rules' own checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from matcher.domain import Decision, Plan, Problem, Session, Slot, Visit, Volunteer, employer_key, folded
from matcher.rules import MUST_RULES, Model
from matcher.rules.cohort_day import CohortDay
from matcher.rules.model import Seats
from matcher.rules.new_faces import NewFaces
from matcher.rules.safeguarding import Safeguarding
from matcher.rules.school_day import SchoolDay
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.greedy import greedy
from matcher.solving.reduced import Scope
from matcher.times import day_text, time_text
from matcher.wording import listed, one_line

NAMED, FEWEST_OTHERS = 5, 5


class Reasons:
    """Why sessions of a problem are not delivered; what is the same for all of them is worked out once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.without_keeping = replace(
            problem, pins=tuple(pin for pin in problem.pins if pin.decision is Decision.NEVER), preferences={}
        )

        self.unmet = replace(self.without_keeping, encounters=())
        """Whoever was met earlier has no seat, so encounters need not be looked at again."""
        self.people = list(problem.volunteers.values())

    @cached_property
    def seats(self) -> Seats:
        return Seats(self.problem, MUST_RULES)

    def never(self, session_id: str) -> str | None:
        """Why no plan at all can deliver a session, or None if some plan can."""
        problem, session = self.problem, self.problem.sessions[session_id]
        if self._team_exists(session):
            return None
        slots = problem.open_slots(session)
        if not session.slots:
            return "No slot was offered for it."
        if not slots:
            return self._why_no_slot(session)
        slots = [slot for slot in slots if not _ruled_out(problem, session, slot)]
        if not slots:
            return "Pins rule out every one of its slots."
        barriers = {slot: self._barriers(session, slot, Plan({})) for slot in slots}
        for sector in sorted(session.required_sectors):
            name = problem.sector_name(sector)
            ids = [person.volunteer_id for person in problem.volunteers.values() if folded(person.sector) == sector]
            if not ids:
                return f"It asks for somebody from {name}, and no volunteer works there."
            least = {person: _least(barriers, person) for person in ids}
            if all(least.values()):
                return f"No {name} volunteer can come {_times(slots)}: {self._told(least, slots)}."
        best = max(slots, key=lambda slot: sum(not found for found in barriers[slot].values()))
        able = sum(not found for found in barriers[best].values())
        if not able:
            least = {person: _least(barriers, person) for person in problem.volunteers}
            return f"Nobody can come {_times(slots)}: {self._told(least, slots)}."
        if able < session.min_volunteers:
            few = f"Only {able} of the {session.min_volunteers} volunteers it needs"
            return f"{few} can come {_times(slots)}: {self._told(barriers[best], [best])}."
        return f"No team of {session.min_volunteers} can be made up {_times(slots)} from those who could come."

    def _why_no_slot(self, session: Session) -> str:
        offered = [slot for slot in session.slots if self.problem.programme.is_open(slot.day)]
        school = self.problem.schools[session.school_id]
        if not offered:
            return "None of its slots lies on an open day of the term."
        if all(slot.day in school.closed for slot in offered):
            dates = list(dict.fromkeys(day_text(slot.day) for slot in offered))
            when = listed(dates) if len(dates) <= NAMED else "any of the days on which it has slots"
            return f"{one_line(school.name)} takes nobody on {when}."
        return "None of its slots is still to come on a day on which it could run."

    def not_delivered(self, plan: Plan, session_id: str) -> str:
        """Why this plan does not deliver a session."""
        never = self.never(session_id)
        if never is not None:
            return never
        problem, session = self.problem, self.problem.sessions[session_id]
        slots = [slot for slot in problem.open_slots(session) if not _ruled_out(problem, session, slot)]
        told: list[tuple[int, Slot, str]] = []
        for slot in slots:
            together = Plan({**plan.visits, session_id: Visit(slot, ())})
            full = [
                finding.text
                for rule in MUST_RULES
                if isinstance(rule, CohortDay | SchoolDay)
                for finding in rule.check(problem, together)
            ]
            if full:
                told.append((-1, slot, f"on {day_text(slot.start)} it would be one session too many there: {full[0]}"))
                continue
            barriers = self._barriers(session, slot, plan)
            able = sum(not found for found in barriers.values())
            told.append((able, slot, self._told(barriers, [slot])))
        able, slot, what = max(told)
        if able < 0:
            return f"Others go first: {what}"
        if able >= session.min_volunteers:
            volunteers = "1 volunteer" if able == 1 else f"{able} volunteers"
            return (
                f"Leaving it out was best, as far as the search went: {volunteers} could come on "
                f"{day_text(slot.start)}, but not as a team that suits all rules, or others would lose more."
            )
        count = "nobody is" if not able else "1 is" if able == 1 else f"only {able} are"
        return (
            f"Its volunteers are needed elsewhere: on {time_text(slot.start)} {count} left of the "
            f"{session.min_volunteers} it needs; {what}."
        )

    def _barriers(self, session: Session, slot: Slot, plan: Plan) -> dict[str, list[str]]:
        """For each volunteer, what stands against them at that time: the rules' barriers.

        Beside a plan just the first, and the next where that is a missing check.

        Everybody is asked at once, as if all were in the team: no rule with a barrier minds who else is.
        """
        seats = self.seats
        everyone = np.arange(len(seats.volunteer_ids))
        visit = np.full(len(everyone), seats.visits.index((session.session_id, slot)))
        problem = replace(_alone(self.without_keeping, session), sessions=self.problem.sessions)
        found: dict[str, list[str]] = {person: [] for person in seats.volunteer_ids}
        asked = seats.volunteer_ids
        for rule in MUST_RULES:
            if not rule.barrier:
                continue
            if plan.visits:
                asked = [person for person in asked if found[person] in ([], [Safeguarding.barrier])]
            admitted = rule.admits(seats, everyone, visit)
            against = set() if admitted is None else {seats.volunteer_ids[n] for n in np.flatnonzero(~admitted)}
            if admitted is None or isinstance(rule, NewFaces):  # whom a class meets in this plan is its check's
                for finding in rule.check(problem, _joined(plan, session, slot, asked)):
                    against.update(finding.people)
            for person in against.intersection(asked):
                found[person].append(rule.barrier)
        return found

    def _told(self, found: Mapping[str, Sequence[str]], slots: Sequence[Slot]) -> str:
        """Such as "210 are not free then, 1 is too far away": each person by the first thing that stands against them.

        Those against whom nothing stands but a missing check are named: a count could mean one whom everybody knows.
        """
        unchecked = Safeguarding.barrier
        names = [self.problem.volunteers[person].name for person, what in found.items() if {*what} == {unchecked}]
        counts = Counter(
            next(barrier for barrier in what if barrier != unchecked)
            for what in found.values()
            if {*what} - {unchecked}
        )
        told = [f"{count} {'is' if count == 1 else 'are'} {what}" for what, count in counts.most_common(3)]
        if names:
            day = "that day" if len({slot.day for slot in slots}) == 1 else "these days"
            told.append(without_check(names, day))
        return ", ".join(told)

    def _team_exists(self, session: Session) -> bool:
        """Whether a session could be delivered if it were the only one: what is not known for certain counts as yes."""
        seats = self.seats
        index = seats.session_index[session.session_id]
        visits = np.flatnonzero(seats.visit_session == index)
        first = np.searchsorted(seats.seat_visit, visits).tolist()
        last = np.searchsorted(seats.seat_visit, visits, side="right").tolist()
        teams = [
            (seats.visits[visit][1], [self.people[n] for n in seats.seat_volunteer[start:end].tolist()])
            for visit, start, end in zip(visits.tolist(), first, last, strict=True)
        ]
        teams = [(slot, people) for slot, people in teams if _enough(session, people)]
        if not teams or any(self._is_easy(session, slot, people) for slot, people in teams):
            return bool(teams)
        alone = _alone(self.without_keeping, session)
        able = {person.volunteer_id for _, people in teams for person in people}
        alone = replace(
            alone,
            volunteers={name: person for name, person in alone.volunteers.items() if name in able},
            pins=tuple(pin for pin in alone.pins if pin.volunteer_id is None or pin.volunteer_id in able),
        )
        model = Model(alone, MUST_RULES)
        if greedy(model).any():
            return True
        reduced = Scope(model, []).everything()
        gain = np.where(reduced.free < len(model.visits), 1, 0)
        solved = maximise(reduced, gain, Effort(5))
        return solved.values is None or bool(solved.values @ gain) or not solved.closed

    def _is_easy(self, session: Session, slot: Slot, people: Sequence[Volunteer]) -> bool:
        """Whether the first of these who come to mind are a team that keeps every rule."""
        most = self.problem.programme.limits.same_employer
        wanted, employers = set(session.required_sectors), Counter[str]()
        team: list[str] = []
        for person in sorted(people, key=lambda person: folded(person.sector) not in wanted) if wanted else people:
            needed = folded(person.sector) in wanted or len(team) + len(wanted) < session.min_volunteers
            employer = employer_key(person.employer)
            if needed and (not employer or employers[employer] < most):
                wanted.discard(folded(person.sector))
                employers[employer] += 1
                team.append(person.volunteer_id)
            if not wanted and len(team) >= session.min_volunteers:
                break
        plan = Plan({session.session_id: Visit(slot, tuple(sorted(team)))})
        return not any(finding for rule in MUST_RULES for finding in rule.check(self.unmet, plan))


def _enough(session: Session, people: Sequence[Volunteer]) -> bool:
    """Whether there are as many as the session needs, and somebody of each sector that it asks for."""
    sectors = {folded(person.sector) for person in people} if session.required_sectors else frozenset()
    return len(people) >= session.min_volunteers and session.required_sectors <= sectors


def _joined(plan: Plan, session: Session, slot: Slot, people: Sequence[str]) -> Plan:
    """What these people do in a plan, and that session with all of them."""
    some = frozenset(people)
    visits = {name: Visit(visit.slot, tuple(some.intersection(visit.team))) for name, visit in plan.visits.items()}
    return Plan({**visits, session.session_id: Visit(slot, tuple(people))})


def _alone(problem: Problem, session: Session) -> Problem:
    """The problem as if there were no other session."""
    pins = tuple(pin for pin in problem.pins if pin.session_id == session.session_id)
    mine = set(session.cohort_ids)
    met = tuple(encounter for encounter in problem.encounters if encounter.cohort_id in mine)
    return replace(problem, sessions={session.session_id: session}, pins=pins, encounters=met, preferences={})


def _ruled_out(problem: Problem, session: Session, slot: Slot) -> bool:
    pins = [pin for pin in problem.pins if pin.session_id == session.session_id and pin.start is not None]
    return any((pin.start == slot.start) == (pin.decision is Decision.NEVER) for pin in pins)


def _least(barriers: Mapping[Slot, Mapping[str, list[str]]], person: str) -> list[str]:
    """What stands against a person at the time at which least does."""
    return min((found[person] for found in barriers.values()), key=len)


def _times(slots: Sequence[Slot]) -> str:
    if len(slots) == 1:
        return f"on {time_text(slots[0].start)}"
    return "at either of its times" if len(slots) == 2 else f"at any of its {len(slots)} times"


def without_check(names: Sequence[str], day: str) -> str:
    """Such as "Ada Wilson and Rafi Jones have no safeguarding check that covers that day".

    Of very many the first few are named; the others are then so many that their number points at nobody.
    """
    told = sorted(" ".join(name.split()) for name in names)
    if len(told) >= NAMED + FEWEST_OTHERS:
        told[NAMED:] = [f"{len(told) - NAMED} others"]
    return f"{listed(told)} {'has' if len(told) == 1 else 'have'} no safeguarding check that covers {day}"
