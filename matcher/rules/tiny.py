"""Builders for the tiny problems that rules show as examples: one day, everybody free and near, unless said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from matcher.domain import (
    Availability,
    Cohort,
    GoalName,
    GoalSetting,
    Limits,
    Plan,
    Problem,
    Programme,
    School,
    Session,
    Slot,
    Visit,
    Volunteer,
)
from matcher.times import Span

DAY = date(2026, 10, 1)  # a Thursday


def at(clock: str, day: date = DAY) -> datetime:
    """ "09:30" on the day."""
    return datetime.combine(day, time.fromisoformat(clock))


def slot(start: str = "09:00", end: str = "10:00", day: date = DAY) -> Slot:
    return Slot(at(start, day), at(end, day))


def free(start: str = "00:00", end: str = "23:59", day: date = DAY, *, available: bool = True) -> Availability:
    return Availability((Span(at(start, day), at(end, day)),), available)


ALWAYS = Availability((Span(datetime(2026, 9, 1), datetime(2027, 1, 1)),))


def volunteer(volunteer_id: str, **facts: Any) -> Volunteer:
    """Free all term, in the sector Rail, unless said."""
    plain = Volunteer(volunteer_id, volunteer_id, "Rail", 3, 2, availability=(ALWAYS,))
    return replace(plain, **facts)


def session(session_id: str, *slots: Slot, school: str = "A", team: tuple[int, int] = (1, 1), **facts: Any) -> Session:
    """For the only cohort of the school, unless said."""
    cohorts = facts.pop("cohort_ids", (f"{school}1",))
    return Session(session_id, school, cohorts, *team, slots=slots or (slot(),), **facts)


def problem(
    sessions: Sequence[Session],
    volunteers: Sequence[Volunteer],
    *,
    schools: Sequence[School] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    closed: Sequence[date] = (),
    goals: Any = None,
    **facts: Any,
) -> Problem:
    """The autumn term of 2026 with a school for each one named, and a cohort for each one named."""
    named = {each.school_id: each for each in schools}
    for each in sessions:
        named.setdefault(each.school_id, School(each.school_id, f"School {each.school_id}"))
    cohorts = {
        cohort_id: Cohort(cohort_id, each.school_id, f"Class {cohort_id}")
        for each in sessions
        for cohort_id in each.cohort_ids
    }
    programme = Programme("Tiny", date(2026, 9, 7), date(2026, 12, 18), closed=frozenset(closed), limits=limits)
    if goals is not None:
        programme = replace(programme, goals={**programme.goals, **goals})
    return Problem(
        programme,
        named,
        cohorts,
        {each.session_id: each for each in sessions},
        {each.volunteer_id: each for each in volunteers},
        **facts,
    )


def plan(**visits: str | tuple[Slot, str]) -> Plan:
    """`plan(S1="V1 V2")`: those volunteers in the default slot; `plan(S1=(slot(...), "V1"))`: in another."""
    found: dict[str, Visit] = {}
    for session_id, visit in visits.items():
        when, team = visit if isinstance(visit, tuple) else (slot(), visit)
        found[session_id] = Visit(when, tuple(sorted(team.split())))
    return Plan(found)


def only(goal: GoalName, wanted: GoalSetting) -> dict[GoalName, GoalSetting]:
    """Goals of which only one is worth anything."""
    return {name: GoalSetting(0, 0) for name in GoalName} | {goal: wanted}
