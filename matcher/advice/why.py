"""Why a session is not delivered, why somebody is not in a team, and which pins clash: in words, with names.

What is proposed is proven by solving with it and judged by the rules' own checks. Nothing here looks at gender or
ethnicity, and role models are never compared for a named person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from matcher.advice.rearranging import (
    KINDS,
    Adjustment,
    Further,
    MoreTime,
    NewPerson,
    Oftener,
    Trial,
    Way,
    impartial,
)
from matcher.advice.undelivered import Reasons
from matcher.audit import against as forbids
from matcher.audit import audit
from matcher.domain import Decision, Pin, Plan, Problem, TierName, Visit
from matcher.errors import PinsImpossible
from matcher.names import visit_called
from matcher.solving.cpsat import Effort
from matcher.solving.pins import plan_for_pins
from matcher.times import time_text
from matcher.wording import counted

MOST_TOGETHER = 3
EFFORT = Effort(10, deterministic=True)
TRIED = {
    MoreTime: "another date",
    Further: "more kilometres for one person",
    Oftener: "one visit more for one person",
    NewPerson: "a new person",
}


@dataclass(frozen=True)
class WayInWords:
    needed: tuple[str, ...]
    """Each as a clause after "if"."""
    others: int
    """How many places in the teams of other sessions change."""
    way: Way


@dataclass(frozen=True)
class WhyNotDelivered:
    reason: str
    as_it_is: int | None
    """How many places of other sessions change where nothing but teams has to; None: that does not bring it."""
    ways: tuple[WayInWords, ...]
    """The smallest changes: one for each kind of change that does by itself, else the fewest together."""
    tried: tuple[str, ...]


@dataclass(frozen=True)
class WhyNotThere:
    against: tuple[str, ...]
    """What speaks against it, in sentences: what forbids it by itself, else what does beside their other visits."""
    forbidden: bool
    """Whether no plan can have them there."""
    swap: tuple[str, ...] | None
    """The changes of places with which they would come, as clauses; None: none was found."""
    costs: tuple[str, ...]
    """What gets worse or better then."""
    way: Way | None


@dataclass(frozen=True)
class Clash:
    pins: tuple[str, ...]
    """The smallest set that clashes, in words."""
    ends: tuple[str, ...]
    """Those of it without which nothing clashes any more, in words."""
    members: tuple[Pin, ...]


def why_not_delivered(problem: Problem, plan: Plan, session_id: str) -> WhyNotDelivered:
    """Of a session to come that the plan, which breaks no rule, does not deliver."""
    problem = impartial(problem)
    reason = Reasons(problem).not_delivered(plan, session_id)
    sectors = ["", *sorted(problem.sessions[session_id].required_sectors)]
    trial = Trial(problem, plan, [session_id], kinds=KINDS, sectors=sectors)
    wanted = trial.delivered()
    free = _checked(trial.smallest(wanted), problem, plan, session_id)
    if free is not None:
        return WhyNotDelivered(reason, _others(plan, free.plan, session_id), (), ())
    ways = [_checked(trial.smallest(wanted, [kind], 1), problem, plan, session_id) for kind in KINDS]
    for most in range(2, MOST_TOGETHER + 1):
        if not any(ways):
            ways.append(_checked(trial.smallest(wanted, KINDS, most), problem, plan, session_id))
    return WhyNotDelivered(
        reason,
        None,
        tuple(
            WayInWords(tuple(_words(problem, each) for each in way.changes), _others(plan, way.plan, session_id), way)
            for way in ways
            if way is not None
        ),
        tuple(TRIED.values()),
    )


def _checked(way: Way | None, problem: Problem, plan: Plan, session_id: str) -> Way | None:
    """The way, if it brings the session, breaks nothing and costs no reach; else None."""
    if way is None or session_id not in way.plan.visits:
        return None
    before, after = audit(problem, plan), audit(way.problem, way.plan)
    if after.findings or after.values[TierName.REACH] < before.values[TierName.REACH]:
        return None
    return way


def _others(before: Plan, after: Plan, session_id: str) -> int:
    """How many people come to other sessions who did not."""
    return len(
        {(person, each) for person, each, _ in after.assignments() if each != session_id}
        - {(person, each) for person, each, _ in before.assignments()}
    )


def _words(problem: Problem, change: Adjustment) -> str:
    """A change as a clause after "if"."""
    if isinstance(change, MoreTime):
        return f"it could also run on {time_text(change.slot.start)} to {change.slot.end:%H:%M}"
    if isinstance(change, NewPerson):
        sector = f" from {problem.sector_name(change.sector)}" if change.sector else ""
        return (
            f"one more person{sector} joined who is free on {time_text(change.slot.start)} to {change.slot.end:%H:%M}"
        )
    name = problem.volunteers[change.volunteer_id].name
    if isinstance(change, Further):
        return f"{name} would travel {change.km} km further than they said"
    return f"{name} would take one visit more {'on a day' if change.per == 'day' else f'in the {change.per}'}"


def why_not_there(problem: Problem, plan: Plan, volunteer_id: str, session_id: str) -> WhyNotThere:
    """Of somebody who is not in the team of a session to come; the plan breaks no rule."""
    problem = impartial(problem)
    session = problem.sessions[session_id]
    if not problem.open_slots(session):
        return WhyNotThere((Reasons(problem).not_delivered(plan, session_id),), True, None, (), None)
    visit = plan.visits.get(session_id)
    mine = {each: one for each, one in plan.visits.items() if volunteer_id in one.team}
    slots = problem.open_slots(session)
    alone = {
        slot: list(_against(problem, Plan({session_id: Visit(slot, (volunteer_id,))}), volunteer_id, session_id))
        for slot in slots
    }
    if all(alone.values()):
        first = visit.slot if visit is not None and visit.slot in alone else slots[0]
        return WhyNotThere(tuple(alone[first]), True, None, (), None)
    when = visit.slot if visit is not None else next(slot for slot in slots if not alone[slot])
    beside = Plan({**mine, session_id: Visit(when, (volunteer_id,))})
    against = tuple(_against(problem, beside, volunteer_id, session_id))
    trial = Trial(problem, plan, [session_id], goals=True, first=[volunteer_id])
    way = _checked(trial.smallest(trial.seats_of([volunteer_id]), tiers=True), problem, plan, session_id)
    if way is None:
        return WhyNotThere(against, False, None, (), None)
    return WhyNotThere(
        against, False, tuple(_swap(problem, plan, way.plan, volunteer_id, session_id)), _costs(problem, plan, way), way
    )


def _against(problem: Problem, plan: Plan, volunteer_id: str, session_id: str) -> Iterator[str]:
    """Which rules forbid it that somebody is at a session of this plan, whoever else comes."""
    found = {
        f"{rule.words(problem, plan, finding, volunteer_id, session_id)}."
        for rule, finding in forbids(problem, plan, volunteer_id, session_id)
    }
    yield from sorted(each[:1].upper() + each[1:] for each in found)


def _swap(problem: Problem, before: Plan, after: Plan, volunteer_id: str, session_id: str) -> Iterator[str]:
    """Who comes where and no longer comes where, but for the one asked about."""

    told = {(person, each) for person, each, _ in before.assignments()}
    then = {(person, each) for person, each, _ in after.assignments()}
    for key, visit in after.visits.items():
        old = before.visits.get(key)
        if old is None or old.slot != visit.slot:
            yield f"{visit_called(problem, key)} would run on {time_text(visit.slot.start)}"
    for person, each in sorted(told - then):
        yield f"{problem.volunteers[person].name} would not come to {visit_called(problem, each)}"
    for person, each in sorted(then - told - {(volunteer_id, session_id)}):
        yield f"{problem.volunteers[person].name} would come to {visit_called(problem, each)}"


def _costs(problem: Problem, plan: Plan, way: Way) -> tuple[str, ...]:
    before, after = audit(problem, plan).values, audit(way.problem, way.plan).values
    found = []
    if after[TierName.REACH] > before[TierName.REACH]:
        found.append("more classes would be reached")
    preferences = after[TierName.PREFERENCES] - before[TierName.PREFERENCES]
    if preferences:
        found.append(f"preferences would be met {'better' if preferences > 0 else 'less well'}")
    load = after[TierName.LOAD] - before[TierName.LOAD]
    if load:
        found.append(f"visits would be spread {'less' if load > 0 else 'more'} evenly over people")
    travel = round((after[TierName.TRAVEL] - before[TierName.TRAVEL]) / 10)
    if travel:
        found.append(f"{counted(abs(travel), 'kilometre')} {'more' if travel > 0 else 'less'} of travel")
    return tuple(found)


def clash_of(problem: Problem) -> Clash | None:
    """The fewest pins that clash; None: all can be kept."""
    members = _clashing(problem, problem.pins)
    if not members:
        return None
    ends = [pin for pin in members if not _clashing(problem, [each for each in problem.pins if each is not pin])]
    words = {id(pin): _pin_words(problem, pin) for pin in members}
    return Clash(tuple(words[id(pin)] for pin in members), tuple(words[id(pin)] for pin in ends), tuple(members))


def _clashing(problem: Problem, pins: Collection[Pin]) -> list[Pin]:
    """The smallest set of them that clashes. Raises PinsImpossible where that was not found out in time."""
    try:
        plan_for_pins(replace(problem, pins=tuple(pins)), EFFORT)
    except PinsImpossible as error:
        if not error.proven:
            raise
        left, clash = Counter(error.pins), []
        for pin in pins:  # two may say the same
            if left[str(pin)]:
                left[str(pin)] -= 1
                clash.append(pin)
        return clash
    return []


def _pin_words(problem: Problem, pin: Pin) -> str:
    where = visit_called(problem, pin.session_id)
    keep = pin.decision is Decision.KEEP
    if pin.volunteer_id is not None:
        return f"{problem.volunteers[pin.volunteer_id].name} {'is to come' if keep else 'is never to come'} to {where}"
    assert pin.start is not None
    return f"{where} {'is' if keep else 'is never'} to run on {time_text(pin.start)}"
