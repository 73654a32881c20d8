"""The few new people who would help most: the best of many kinds of people together, not one after the other.

A profile is a sector, a neighbourhood (or online) and half a day of the week. All of them join the model as
candidates, of whom at most so many may be used; the rest of the plan stays. So the best are found jointly. That no so
many people of these kinds could bring more visits is proven by solving the missing visits with everybody else free to
be anywhere (`Scope.alone`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import ClassVar

import numpy as np

from matcher.domain import Availability, Mode, Plan, Problem, Session, TierName, Volunteer, folded
from matcher.rules import GOALS, MUST_RULES, Model, Rule
from matcher.rules.base import Example
from matcher.rules.model import UNBOUNDED, Bools, Ints, Terms
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.reduced import Scope
from matcher.times import Span, days

NOON = time(12, 30)
NEAR_KM = 5.0  # how far a new person is taken to travel
MOST_KINDS = 600
SECONDS = 20.0


@dataclass(frozen=True)
class Profile:
    """A kind of person who could be asked for."""

    sector: str
    school_id: str
    """Near which school they live or work; "" for somebody who comes online."""
    weekday: int
    """0: Monday."""
    morning: bool


@dataclass(frozen=True)
class Wanted:
    kind: Profile
    session_ids: tuple[str, ...]
    """Where they would come."""
    delivers: tuple[str, ...]
    """Those that do not take place without anybody new."""


@dataclass(frozen=True)
class Recruits:
    """The best so many people together."""

    people: tuple[Wanted, ...]
    more_visits: int
    """How many more visits take place with them than without anybody new, by solving with and without them."""
    reach: int
    """The tier's value with them."""
    bound: int
    """What the tier could be worth at most with any so many people of these kinds: proven."""
    kinds: int
    """How many kinds of people were tried."""
    before: Plan
    """The best with nobody new, from which `candidates` are made."""
    plan: Plan
    """With them, under the ids of `candidates`."""


def candidates(problem: Problem, plan: Plan) -> dict[str, tuple[Profile, Volunteer]]:
    """Kinds of people who could come to a visit that is missing or has room, as volunteers of a term."""
    found: dict[Profile, int] = {}
    for session_id, session in problem.sessions.items():
        if session_id in problem.past:
            continue
        visit = plan.visits.get(session_id)
        if visit is not None and len(visit.team) >= session.max_volunteers:
            continue
        slots = problem.open_slots(session) if visit is None else [visit.slot]
        place = "" if session.mode is Mode.VIRTUAL else session.school_id
        weight = 100 if visit is None else 1
        for slot in slots:
            for sector in _sectors(problem, session):
                kind = Profile(sector, place, slot.day.weekday(), slot.end.time() <= NOON)
                found[kind] = found.get(kind, 0) + weight
    best = sorted(found, key=lambda kind: (-found[kind], kind.sector, kind.school_id, kind.weekday, kind.morning))
    free = (f"\0{number:03}" for number in range(MOST_KINDS + len(problem.volunteers)))  # such no spreadsheet has
    ids = (key for key in free if key not in problem.volunteers)
    return {key: (kind, _as_volunteer(problem, key, kind)) for key, kind in zip(ids, best[:MOST_KINDS], strict=False)}


def recruit(problem: Problem, plan: Plan, most: int, seconds: float = SECONDS) -> Recruits:
    """The best `most` people to ask for, with the plan as it is; its teams have to keep every rule."""
    plan = _best_with_nobody_new(problem, plan, seconds)
    asked = candidates(problem, plan)
    people = {**problem.volunteers, **{key: person for key, (_, person) in asked.items()}}
    larger = replace(problem, volunteers=people)
    model = Model(larger, [*MUST_RULES, *GOALS, AtMost(frozenset(asked), most)])
    now = model.columns_of(plan)
    missing = np.array([session_id not in plan.visits for session_id in model.session_ids], dtype=bool)
    free = _free(model, missing, frozenset(asked))
    found = _best(model, free, now, seconds)
    better = model.plan_of(found)
    reach = model.value(TierName.REACH, found)
    wanted = tuple(_wanted(asked, plan, better))
    return Recruits(
        wanted,
        len(better.visits) - len(plan.visits),
        reach,
        _bound(model, free, now, reach, seconds),
        len(asked),
        plan,
        better,
    )


class AtMost(Rule):
    """Of these people at most so many are used."""

    name = "at most"
    examples: ClassVar[tuple[Example, ...]] = ()

    def __init__(self, volunteer_ids: frozenset[str], most: int) -> None:
        self.volunteer_ids, self.most = volunteer_ids, most

    def post(self, model: Model) -> None:
        """A column for each of them that is 1 if any of their seats is taken, and a row over all of these."""
        number = {model.volunteer_index[each]: place for place, each in enumerate(sorted(self.volunteer_ids))}
        mine = np.flatnonzero(np.isin(model.seat_volunteer, list(number))) if len(model.seats) else model.seats
        used = model.levels(
            Terms.of(np.arange(len(mine)), model.seats[mine]),
            constant=np.zeros(len(mine), dtype=np.int64),
            row_group=np.array([number[each] for each in model.seat_volunteer[mine].tolist()], dtype=np.int64),
            level_group=np.arange(len(number)),
            tier=TierName.TOLD_REACH,  # whose counts every scope has
            ceiling=False,
        )
        model.add_rows(Terms.of(np.zeros(len(used)), used), low=[-UNBOUNDED], high=[self.most])


def _sectors(problem: Problem, session: Session) -> Sequence[str]:
    """The sectors that a session asks for, else those of the term's volunteers."""
    if session.required_sectors:
        return sorted(problem.sector_name(each) for each in session.required_sectors)
    return list({folded(each.sector): each.sector for each in problem.volunteers.values() if each.sector}.values())


def _as_volunteer(problem: Problem, key: str, kind: Profile) -> Volunteer:
    programme = problem.programme
    first, last = (time(0), NOON) if kind.morning else (NOON, time(23, 59))
    if not kind.morning:
        first = time(11)  # afternoons begin before lunch for whoever has to be there by then
    spans = tuple(
        Span(datetime.combine(day, first), datetime.combine(day, last))
        for day in days(programme.first_day, programme.last_day)
        if day.weekday() == kind.weekday
    )
    school = problem.schools.get(kind.school_id)
    return Volunteer(
        key,
        "",
        kind.sector,
        programme.limits.max_sessions,
        programme.limits.max_sessions_per_day,
        share_women=next((p.share_women for p in problem.volunteers.values() if p.sector == kind.sector), None),
        position=school.position if school else None,
        max_distance_km=NEAR_KM if school and school.position else None,
        modes=frozenset({Mode.IN_PERSON if school else Mode.VIRTUAL}),
        checked_until=programme.last_day + timedelta(days=1),
        availability=(Availability(spans),),
    )


def _free(model: Model, missing: Bools, asked: frozenset[str]) -> Ints:
    """The columns of missing sessions, and the seats of candidates everywhere."""
    candidate = np.array([each in asked for each in model.volunteer_ids], dtype=bool)
    visits = np.flatnonzero(missing[model.visit_session])
    seats = np.flatnonzero(missing[model.seat_session] | candidate[model.seat_volunteer])
    return np.concatenate([visits, model.seats[seats]])


def _best_with_nobody_new(problem: Problem, plan: Plan, seconds: float) -> Plan:
    """The plan with what of its missing visits can take place without anybody new: that is no merit of theirs."""
    model = Model(problem, [*MUST_RULES, *GOALS])
    missing = np.array([session_id not in plan.visits for session_id in model.session_ids], dtype=bool)
    return model.plan_of(_best(model, _free(model, missing, frozenset()), model.columns_of(plan), seconds))


def _best(model: Model, free: Ints, now: Ints, seconds: float) -> Ints:
    scope = Scope(model, [TierName.REACH, TierName.ROLE_MODELS])
    columns = scope.with_counts(free)
    role_models = model.objective[TierName.ROLE_MODELS]
    gain = model.objective[TierName.REACH] * (int(np.abs(role_models).sum()) + 1) + role_models
    solved = maximise(scope.reduced(columns, now), gain[columns], Effort(seconds), now[columns])
    if solved.values is None:
        return now
    found = now.copy()
    found[columns] = solved.values
    found = model.completed(found)
    return found if model.feasible(found) and gain @ found >= gain @ now else now


def _bound(model: Model, free: Ints, now: Ints, reach: int, seconds: float) -> int:
    """What reach could be with any so many people of these kinds, whatever everybody else does."""
    scope = Scope(model, [TierName.REACH])
    gain = model.objective[TierName.REACH]
    columns = scope.with_counts(free)
    outside = now.copy()
    outside[columns] = 0
    solved = maximise(scope.alone(columns, outside), gain[columns], Effort(seconds))
    everything = model.constants[TierName.REACH] + int(np.maximum(gain, 0).sum())
    if not solved.closed or solved.values is None:
        return everything
    return max(reach, model.constants[TierName.REACH] + int(gain @ outside) + int(gain[columns] @ solved.values))


def _wanted(asked: dict[str, tuple[Profile, Volunteer]], before: Plan, after: Plan) -> Iterator[Wanted]:
    of_person: dict[str, list[str]] = {}
    for volunteer_id, session_id, _ in after.assignments():
        if volunteer_id in asked:
            of_person.setdefault(volunteer_id, []).append(session_id)
    for volunteer_id, sessions in of_person.items():
        new = tuple(each for each in sessions if each not in before.visits)
        yield Wanted(asked[volunteer_id][0], tuple(sessions), new)
