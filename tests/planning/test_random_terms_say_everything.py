"""Whatever a rule reads differs between random terms, or the tests that plan them would prove nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from random import Random

from matcher.domain import (
    Availability,
    Cohort,
    Encounter,
    GoalSetting,
    Limits,
    Pin,
    Problem,
    Programme,
    School,
    Session,
    Volunteer,
)
from tests.planning.random_terms import SMALL, random_term

# What no rule reads: what things are called, what people are told, and for how long that is kept.
WORDS: dict[type, set[str]] = {
    Programme: {
        *("name", "timezone", "organiser_name", "organiser_email", "reply_to", "what_to_bring", "letters_kept_days")
    },
    School: {"name", "postcode", "address", "ward", "urn", "contact_name", "contact_email"},
    Cohort: {"name", "year_group", "pupils"},
    Session: {"title", "format", "what_to_bring"},
    Volunteer: {"name", "email", "role", "occupation"},
    Encounter: {"session_id"},
    Pin: {"place"},
}
# The same in every random term on purpose: terms of two days with everything in them say more than long ones.
FIXED: dict[type, set[str]] = {Programme: {"first_day", "last_day", "closed"}}
TERMS = 300


def facts(problem: Problem) -> Iterator[object]:
    yield problem.programme
    yield problem.programme.limits
    yield from problem.programme.goals.values()
    for group in (problem.schools, problem.cohorts, problem.sessions, problem.volunteers):
        yield from group.values()
    for volunteer in problem.volunteers.values():
        yield from volunteer.availability
    yield from (*problem.encounters, *problem.pins)


def test_each_fact_that_a_rule_could_read_takes_more_than_one_value() -> None:
    kinds = (Programme, Limits, GoalSetting, School, Cohort, Session, Volunteer, Availability, Encounter, Pin)
    seen: dict[tuple[type, str], set[object]] = {
        (kind, field.name): set()
        for kind in kinds
        for field in fields(kind)
        if field.name not in WORDS.get(kind, set()) | FIXED.get(kind, set())
    }
    for seed in range(TERMS):
        for fact in facts(random_term(Random(seed), SMALL, pins=2)):
            for kind, name in seen:
                if type(fact) is kind:
                    seen[kind, name].add(repr(getattr(fact, name)))
    alike = [f"{kind.__name__}.{name}" for (kind, name), values in seen.items() if len(values) < 2]
    assert not alike, "say it in tests/planning/random_terms.py, or here that no rule reads it"
