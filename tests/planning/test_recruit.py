"""Whom to ask for: what is said of new people is what a plan with them is worth, and none would bring more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from matcher.advice.recruit import candidates, recruit
from matcher.audit import audit
from matcher.domain import EthnicGroup, Gender, Plan, Problem, TierName, Volunteer
from matcher.solving.search import solve
from tests.planning.random_terms import REPEATABLE, SMALL, TINY, Size, random_term

REACH = TierName.REACH


def terms(count: int, size: Size, first: int = 0) -> Iterator[tuple[Problem, Plan]]:
    for seed in range(first, first + count):
        problem = random_term(Random(seed), size, pins=0)
        yield problem, solve(problem, REPEATABLE).plan


def with_people(problem: Problem, *people: Volunteer) -> Problem:
    return replace(problem, volunteers={**problem.volunteers, **{each.volunteer_id: each for each in people}})


def test_a_plan_with_the_people_asked_for_keeps_every_rule_and_is_worth_what_is_said() -> None:
    helped = 0
    for problem, plan in terms(40, SMALL):
        found = recruit(problem, plan, 2)
        asked = candidates(problem, found.before)
        new = {each for visit in found.plan.visits.values() for each in visit.team} - problem.volunteers.keys()
        assert len(new) == len(found.people) <= 2
        term = with_people(problem, *(asked[each][1] for each in new))
        judged = audit(term, found.plan)
        assert not judged.findings
        assert judged.values[REACH] == found.reach <= found.bound
        assert len(found.plan.visits) - len(found.before.visits) == found.more_visits >= 0
        assert all(each in found.plan.visits for wanted in found.people for each in wanted.session_ids)
        helped += found.more_visits > 0
    assert helped >= 5


def test_nobody_of_all_the_kinds_tried_brings_more_than_the_bound_says() -> None:
    proven = tried = 0
    for problem, plan in terms(40, TINY, 100):
        asked = candidates(problem, recruit(problem, plan, 1).before)
        if not 0 < len(asked) <= 40:
            continue
        found = recruit(problem, plan, 1)
        for _, person in asked.values():
            solution = solve(with_people(problem, person), REPEATABLE)
            (reach,) = (score.value for score in solution.tiers if score.tier is REACH)
            assert reach <= found.bound
            tried += 1
        proven += found.bound == found.reach
    assert proven >= 5 and tried >= 50


def test_two_people_are_found_together_and_bring_no_less_than_one_after_the_other() -> None:
    for problem, plan in terms(20, SMALL, 200):
        first = recruit(problem, plan, 1)
        both = recruit(problem, plan, 2)
        asked = candidates(problem, first.before)
        new = {each for visit in first.plan.visits.values() for each in visit.team} - problem.volunteers.keys()
        term = with_people(problem, *(asked[each][1] for each in new))
        second = recruit(term, first.plan, 1)
        assert both.reach >= second.reach or both.bound > both.reach
        assert both.reach >= first.reach


def test_what_takes_place_with_nobody_new_is_no_merit_of_theirs() -> None:
    gained = 0
    for problem, plan in terms(20, SMALL, 400):
        fewer = Plan(dict(list(plan.visits.items())[1:]))  # somebody dropped out, and a visit with them
        found, nobody = recruit(problem, fewer, 2), recruit(problem, fewer, 0)
        assert not nobody.people and not nobody.more_visits
        assert found.more_visits <= len(found.plan.visits) - len(nobody.plan.visits)
        assert not any(each in nobody.plan.visits for wanted in found.people for each in wanted.delivers)
        gained += found.more_visits
    assert gained


def test_whom_to_ask_for_reach_does_not_depend_on_what_people_said_about_themselves() -> None:
    for problem, plan in terms(15, SMALL, 300):
        others = {
            key: replace(person, gender=Gender.MAN, ethnic_group=EthnicGroup.WHITE)
            for key, person in problem.volunteers.items()
        }
        alike = replace(problem, volunteers=others)
        a, b = recruit(problem, plan, 2), recruit(alike, plan, 2)
        assert (a.reach, a.bound, a.more_visits, a.kinds) == (b.reach, b.bound, b.more_visits, b.kinds)
