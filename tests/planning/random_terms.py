"""Small random terms with every kind of fact in them, and all plans of the tiniest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import combinations, product
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from matcher.domain import (
    REPAIR_TIERS,
    Availability,
    Cohort,
    Decision,
    Encounter,
    EthnicGroup,
    Gender,
    GoalName,
    GoalSetting,
    Limits,
    Mode,
    Pin,
    Plan,
    Problem,
    Programme,
    School,
    Session,
    Slot,
    UnderWay,
    Visit,
    Volunteer,
)
from matcher.geography import Position
from matcher.solving.progress import Settings
from matcher.times import Span
from tests import oracle

T = TypeVar("T")
REPEATABLE = Settings(time_limit=10, workers=1, deterministic=True)

OPEN_DAYS = (date(2026, 10, 1), date(2026, 10, 2))
CLOSED, TOO_LATE = date(2026, 10, 5), date(2026, 12, 21)
DAYS = (*OPEN_DAYS, CLOSED, TOO_LATE)
PLACES = (None, *(Position(52.92 + north / 100, -1.47) for north in (0, 1, 4, 9)))  # up to 10 km apart
SECTORS = ("Rail", "rail", "Health", "Digital", "Public Health", "Public  Health", "")


@dataclass(frozen=True)
class Size:
    schools: int
    sessions: int
    slots: int
    volunteers: int
    largest_team: int


SMALL = Size(schools=3, sessions=5, slots=3, volunteers=7, largest_team=3)
TINY = Size(schools=2, sessions=3, slots=2, volunteers=5, largest_team=2)


def _mostly(dice: Random, usual: T, *others: T) -> T:
    """The usual, nine times in ten: a term in which everything is odd has no plan but the empty one."""
    return dice.choice([usual] * (9 * len(others)) + list(others))


def _slot(dice: Random) -> Slot:
    day = _mostly(dice, dice.choice(OPEN_DAYS), CLOSED, TOO_LATE)
    start = datetime(day.year, day.month, day.day, 9) + timedelta(minutes=15 * dice.randint(0, 10))
    return Slot(start, start + timedelta(minutes=dice.choice([30, 45, 60])))


def _availability(dice: Random) -> tuple[Availability, ...]:
    """Mostly all the time; else some hours, less some hours."""
    rows: list[Availability] = []
    if _mostly(dice, True, False):
        rows.append(Availability((Span(datetime(2026, 9, 1), datetime(2027, 1, 1)),)))
    for _ in range(_mostly(dice, 0, 1, 2)):
        day = dice.choice(DAYS)
        start = datetime(day.year, day.month, day.day, dice.randint(0, 12))
        span = Span(start, start + timedelta(minutes=dice.choice([30, 75, 240, 12 * 60])))
        rows.append(Availability((span,), available=dice.random() < 0.5))
    return tuple(rows)


def _with_limits(person: Volunteer) -> Volunteer:
    """The same with limits of their own, where they may have some; by other dice, so that the rest stays as it was."""
    dice = Random(repr(person))
    names = [field.name for field in fields(Volunteer) if field.type == "int | None"]
    limits: dict[str, Any] = {name: _mostly(dice, None, 0, 1, 2) for name in names}
    return replace(person, **limits)


def _with_closed_days(school: School) -> School:
    """The same, by dice of its own, mostly without any."""
    dice = Random(repr(school))
    return replace(school, closed=_mostly(dice, frozenset[date](), *(frozenset({day}) for day in OPEN_DAYS)))


def _volunteer(dice: Random, number: int, schools: Sequence[str], limits: Limits) -> Volunteer:
    person = Volunteer(
        f"V{number}",
        f"Person {number}",
        dice.choice(SECTORS),
        max_sessions=_mostly(dice, limits.max_sessions, 0, 1, 2),
        max_sessions_per_day=_mostly(dice, limits.max_sessions_per_day, 1, 2),
        employer=dice.choice(["", "", "Trains  Ltd", "trains ltd", "Clinic"]),
        gender=dice.choice([None, *Gender]),
        ethnic_group=dice.choice([None, *EthnicGroup]),
        share_women=dice.choice([None, 0.1, 0.34, 0.35, 0.5, 0.65, 0.66, 0.9]),
        position=dice.choice(PLACES),
        max_distance_km=_mostly(dice, None, 0.0, 4.0, 10.0),
        modes=_mostly(dice, frozenset(Mode), *(frozenset({mode}) for mode in Mode)),
        checked_until=_mostly(dice, date(2027, 7, 31), None, OPEN_DAYS[0]),
        excluded_schools=_mostly(dice, frozenset[str](), frozenset({schools[0]})),
        availability=_availability(dice),
    )
    return _with_limits(person)


def _session(dice: Random, number: int, cohorts: Sequence[Cohort], size: Size) -> Session:
    school = dice.choice(sorted({cohort.school_id for cohort in cohorts}))
    own = [cohort.cohort_id for cohort in cohorts if cohort.school_id == school]
    fewest = _mostly(dice, 1, 2)
    return Session(
        f"S{number}",
        school,
        tuple(dice.sample(own, dice.randint(1, len(own)))),
        fewest,
        dice.randint(fewest, max(fewest, size.largest_team)),
        tuple(sorted({_slot(dice) for _ in range(dice.randint(1, size.slots))})),
        mode=_mostly(dice, Mode.IN_PERSON, Mode.VIRTUAL),
        required_sectors=_mostly(dice, frozenset[str](), frozenset({"rail"}), frozenset({"health", "rail"})),
        supervised=_mostly(dice, True, False),
    )


def _goals(dice: Random) -> dict[GoalName, GoalSetting]:
    return {name: GoalSetting(dice.randint(0, 4), dice.randint(0, 3)) for name in GoalName}


def _pin(dice: Random, sessions: Sequence[Session], volunteers: Sequence[Volunteer]) -> Pin:
    session = dice.choice(sessions)
    decision = dice.choice(list(Decision))
    if volunteers and dice.random() < 0.7:
        return Pin(session.session_id, decision, dice.choice(volunteers).volunteer_id)
    return Pin(session.session_id, decision, start=dice.choice(session.slots).start)


def problems(size: Size = SMALL, pins: int = 0) -> st.SearchStrategy[Problem]:
    """Up to `pins` pins, which may clash with one another and with everything else.

    Hypothesis chooses the sizes and a seed, and so shrinks the sizes alone; left to draw every fact, it makes many
    a term in which all is alike and nothing can be delivered.
    """
    return st.builds(
        lambda schools, sessions, volunteers, seed: random_term(
            Random(seed), replace(size, schools=schools, sessions=sessions, volunteers=volunteers), pins
        ),
        st.integers(1, size.schools),
        st.integers(1, size.sessions),
        st.integers(2, size.volunteers),
        st.integers(0, 2**40),
    )


def random_term(dice: Random, size: Size, pins: int) -> Problem:
    limits = Limits(
        max_sessions=_mostly(dice, 3, 2, 1, 0),
        max_sessions_per_day=_mostly(dice, 2, 1, 3),
        same_employer=_mostly(dice, 2, 1, 0),
        arrival_minutes=_mostly(dice, 0, 15, 40),
        travel_kmh=_mostly(dice, 30.0, 7.5),
        virtual_gap_minutes=_mostly(dice, 30, 0, 60),
        unknown_km=_mostly(dice, 10.0, 0.0, 3.3),
    )
    goals: dict[str, Any] = {} if dice.random() < 0.5 else {"goals": _goals(dice)}
    programme = Programme(
        "Random", date(2026, 9, 7), date(2026, 12, 18), closed=frozenset({CLOSED}), limits=limits, **goals
    )
    schools = [
        School(
            f"A{n}",
            f"School {n}",
            position=dice.choice(PLACES),
            pupil_premium_percent=dice.choice([0, 12.5, 35.0, 100]),
            max_sessions_per_day=_mostly(dice, None, 1, 2),
        )
        for n in range(size.schools)
    ]
    schools = [_with_closed_days(school) for school in schools]
    cohorts = [
        Cohort(f"{school.school_id}-{n}", school.school_id) for school in schools for n in range(dice.randint(1, 2))
    ]
    sessions = [_session(dice, n, cohorts, size) for n in range(size.sessions)]
    school_ids = [school.school_id for school in schools]
    volunteers = [_volunteer(dice, n, school_ids, limits) for n in range(size.volunteers)]
    if len(volunteers) > 1 and Random(repr(sessions)).random() < 0.2:  # its own dice: the rest stays as it was
        volunteers[:2] = [replace(each, name="Zoë", email="zoe@example.org") for each in volunteers[:2]]
    people = [volunteer.volunteer_id for volunteer in volunteers]
    encounters = [
        Encounter(
            dice.choice(cohorts).cohort_id,
            dice.choice(["", "V9", *people]),
            dice.choice(SECTORS),
            dice.choice([None, *Gender]),
            dice.choice([None, *EthnicGroup]),
            dice.choice([None, 0.1, 0.9]),
        )
        for _ in range(dice.randint(0, 3))
    ]
    return Problem(
        programme,
        {school.school_id: school for school in schools},
        {cohort.cohort_id: cohort for cohort in cohorts},
        {session.session_id: session for session in sessions},
        {volunteer.volunteer_id: volunteer for volunteer in volunteers},
        tuple(encounters),
        tuple(_pin(dice, sessions, volunteers) for _ in range(dice.randint(0, pins))),
        {
            (dice.choice(people), dice.choice(sessions).session_id): dice.randint(-3, 5)
            for _ in range(dice.randint(0, 6))
        },
    )


def _by_itself(problem: Problem, session: Session) -> Iterator[Visit | None]:
    """Not delivered, or delivered in any way that breaks nothing but pins by itself."""
    if session.session_id in problem.past:
        yield problem.past[session.session_id]
        return
    free = replace(problem, pins=())
    stands = {name: visit for name, visit in problem.past.items() if visit is not None}
    yield None
    for slot in session.slots:
        for size in range(session.min_volunteers, session.max_volunteers + 1):
            for team in combinations(sorted(problem.volunteers), size):
                visit = Visit(slot, team)
                if not oracle.violations(free, Plan({**stands, session.session_id: visit})):
                    yield visit


def every_plan(problem: Problem, most: int = 4000) -> list[Plan] | None:
    """Every plan that breaks no rule; None if there are more than `most` to look at."""
    choices = [list(_by_itself(problem, session)) for session in problem.sessions.values()]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > most:
        return None
    plans = (
        Plan({name: visit for name, visit in zip(problem.sessions, chosen, strict=True) if visit is not None})
        for chosen in product(*choices)
    )
    return [plan for plan in plans if not oracle.violations(problem, plan)]


def under_way(problem: Problem, told: Plan, dice: Random) -> Problem:
    """The term some way on, after people were told of this plan and something happened: at times nothing did."""
    starts = sorted(visit.slot.start for visit in told.visits.values())
    now = dice.choice([datetime(2026, 9, 1), *starts])
    past: dict[str, Visit | None] = {}
    for name, visit in told.visits.items():
        if visit.slot.start <= now:
            came = tuple(each for each in visit.team if _mostly(dice, True, False))
            past[name] = Visit(visit.slot, came) if came else None
    seats = [(each, name) for name, visit in told.visits.items() if name not in past for each in visit.team]
    declined = frozenset(seat for seat in seats if _mostly(dice, False, True))
    coming = {name: visit for name, visit in told.visits.items() if name not in past}
    stands = {name: visit for name, visit in past.items() if visit is not None}
    then = UnderWay(now, Plan({**stands, **coming}), past, declined)
    return replace(_disturbed(problem, list(coming), frozenset(past), dice), under_way=then)


def _disturbed(problem: Problem, coming: Sequence[str], past: frozenset[str], dice: Random) -> Problem:
    """The same after what happens in a term. Whoever and whatever is past stays."""
    people, sessions, schools = dict(problem.volunteers), dict(problem.sessions), dict(problem.schools)
    someone = dice.choice(list(people))
    match dice.choice(["nothing", "off", "less", "closed", "moved", "cancelled", "offered", "checks", "pinned"]):
        case "off":
            day = dice.choice(OPEN_DAYS)
            span = Span(datetime(day.year, day.month, day.day), datetime(day.year, day.month, day.day, 23, 59))
            rows = (*people[someone].availability, Availability((span,), available=False))
            people[someone] = replace(people[someone], availability=rows)
        case "less":
            people[someone] = replace(people[someone], max_sessions=dice.randint(0, 1))
        case "closed":
            school = dice.choice(list(schools))
            schools[school] = replace(schools[school], closed=frozenset({dice.choice(OPEN_DAYS)}))
        case "moved" if coming:
            name = dice.choice(coming)
            sessions[name] = replace(sessions[name], slots=(_slot(dice),))
        case "cancelled" if coming:
            name = dice.choice(coming)
            sessions[name] = replace(sessions[name], slots=())
        case "offered":
            name = dice.choice(list(sessions))
            sessions[name] = replace(sessions[name], slots=tuple(sorted({*sessions[name].slots, _slot(dice)})))
        case "checks":
            people[someone] = replace(people[someone], checked_until=None, excluded_schools=frozenset(schools))
        case "pinned" if coming:
            pin = Pin(dice.choice(coming), Decision.NEVER, someone)
            return replace(problem, pins=(*problem.pins, pin))
    return replace(problem, volunteers=people, sessions=sessions, schools=schools)


def better_first(values: dict[str, int]) -> tuple[int, ...]:
    """A plan's values turned so that more is better in every tier, to be compared as they stand."""
    return tuple(values[tier] if tier.maximised else -values[tier] for tier in REPAIR_TIERS if tier in values)
