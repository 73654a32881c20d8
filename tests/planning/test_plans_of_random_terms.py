"""Whatever the term: the plan keeps every rule, is worth what it claims, and nothing beats what is called a bound."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from matcher.authoring.generate import generate
from matcher.domain import TIERS, Problem
from matcher.errors import PinsImpossible
from matcher.intake import build_problem
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.solving.cpsat import Effort
from matcher.solving.greedy import greedy
from matcher.solving.pins import plan_for_pins
from matcher.solving.progress import Settings
from matcher.solving.search import Solution, solve
from tests import oracle
from tests.planning.random_terms import REPEATABLE, TINY, better_first, every_plan, problems

T = TypeVar("T")


def checked(problem: Problem, settings: Settings = REPEATABLE) -> Solution:
    """The solution, held against the contract read afresh."""
    solution = solve(problem, settings)
    assert not oracle.violations(problem, solution.plan)
    assert [score.tier for score in solution.tiers] == list(TIERS)
    assert {str(score.tier): score.value for score in solution.tiers} == oracle.score(problem, solution.plan)
    for score in solution.tiers:
        if score.bound is not None:
            assert score.value <= score.bound if score.tier.maximised else score.value >= score.bound
    return solution


@given(problem=problems())
@settings(max_examples=60)
def test_the_plan_is_right(problem: Problem) -> None:
    solution = checked(problem)
    assert all(score.proven for score in solution.tiers)
    event(f"{len(solution.plan.visits)} sessions delivered")


@given(problem=problems(pins=3))
@settings(max_examples=40)
def test_the_plan_is_right_with_pins(problem: Problem) -> None:
    try:
        checked(problem)
    except PinsImpossible:
        event("the pins clash")


@given(problem=problems(), seed=st.integers(0, 3))
@settings(max_examples=10)
def test_the_plan_is_right_on_the_wall_clock(problem: Problem, seed: int) -> None:
    checked(problem, Settings(time_limit=2, workers=2, seed=seed))


@given(problem=problems(TINY, pins=1))
@settings(max_examples=50)
def test_no_plan_of_all_is_better_and_none_beats_a_bound(problem: Problem) -> None:
    plans = every_plan(problem)
    assume(plans)
    assert plans is not None
    event(f"fewer than {10 ** len(str(len(plans)))} plans")
    solution = checked(problem)
    worth = [better_first(oracle.score(problem, plan)) for plan in plans]
    mine = better_first({str(score.tier): score.value for score in solution.tiers})
    assert mine == max(worth)
    for place, score in enumerate(solution.tiers):
        assert score.bound is not None
        bound = score.bound if score.tier.maximised else -score.bound
        as_good_before = [
            each for each in worth if all(a >= b for a, b in zip(each[:place], mine[:place], strict=True))
        ]
        assert max(each[place] for each in as_good_before) <= bound


@given(problem=problems(TINY))
@settings(max_examples=15)
def test_a_search_cut_short_claims_nothing_that_is_not_so(problem: Problem) -> None:
    plans = every_plan(problem)
    assume(plans)
    assert plans is not None
    solution = checked(problem, replace(REPEATABLE, time_limit=0.0001))
    worth = [better_first(oracle.score(problem, plan)) for plan in plans]
    mine = better_first({str(score.tier): score.value for score in solution.tiers})
    for place, score in enumerate(solution.tiers):
        if score.bound is not None:
            bound = score.bound if score.tier.maximised else -score.bound
            held = [each for each in worth if all(a >= b for a, b in zip(each[:place], mine[:place], strict=True))]
            assert max(each[place] for each in held) <= bound


def relabelled(problem: Problem, order: random.Random) -> Problem:
    """The same term under other ids, with the rows of every table in another order."""

    def ids(old: Mapping[str, object], letter: str) -> dict[str, str]:
        numbers = order.sample(range(100, 1000), len(old))
        return {name: f"{letter}{number}" for name, number in zip(old, numbers, strict=True)}

    def shuffled(values: Iterable[T]) -> list[T]:
        found = list(values)
        return order.sample(found, len(found))

    schools, cohorts = ids(problem.schools, "x"), ids(problem.cohorts, "y")
    sessions, people = ids(problem.sessions, "z"), ids(problem.volunteers, "w")
    return Problem(
        problem.programme,
        {schools[k]: replace(v, school_id=schools[k]) for k, v in shuffled(problem.schools.items())},
        {
            cohorts[k]: replace(v, cohort_id=cohorts[k], school_id=schools[v.school_id])
            for k, v in shuffled(problem.cohorts.items())
        },
        {
            sessions[k]: replace(
                v,
                session_id=sessions[k],
                school_id=schools[v.school_id],
                cohort_ids=tuple(shuffled([cohorts[each] for each in v.cohort_ids])),
            )
            for k, v in shuffled(problem.sessions.items())
        },
        {
            people[k]: replace(
                v,
                volunteer_id=people[k],
                excluded_schools=frozenset(schools[each] for each in v.excluded_schools),
                availability=tuple(shuffled(v.availability)),
            )
            for k, v in shuffled(problem.volunteers.items())
        },
        tuple(
            replace(each, cohort_id=cohorts[each.cohort_id], volunteer_id=people.get(each.volunteer_id, "nobody"))
            if each.volunteer_id
            else replace(each, cohort_id=cohorts[each.cohort_id])
            for each in shuffled(problem.encounters)
        ),
        tuple(
            replace(
                each,
                session_id=sessions[each.session_id],
                volunteer_id=None if each.volunteer_id is None else people[each.volunteer_id],
            )
            for each in shuffled(problem.pins)
        ),
        {(people[v], sessions[s]): score for (v, s), score in shuffled(problem.preferences.items())},
    )


@given(problem=problems(pins=1), order=st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_neither_ids_nor_the_order_of_rows_change_the_scores(problem: Problem, order: random.Random) -> None:
    try:
        before = checked(problem)
    except PinsImpossible:
        assume(False)
    after = checked(relabelled(problem, order))
    assert before.tiers == after.tiers


@given(problem=problems(pins=1), seed=st.integers(0, 2**30))
@settings(max_examples=10)
def test_the_same_input_and_seed_make_the_same_plan(problem: Problem, seed: int) -> None:
    try:
        first, second = (checked(problem, replace(REPEATABLE, seed=seed)) for _ in range(2))
    except PinsImpossible:
        assume(False)
    assert (first.plan, first.tiers) == (second.plan, second.tiers)


@given(problem=problems(pins=2))
@settings(max_examples=60)
def test_greedy_alone_keeps_every_rule(problem: Problem) -> None:
    model = Model(problem, [*MUST_RULES, *GOALS])
    try:
        pinned = model.columns_of(plan_for_pins(problem, Effort(10)))
    except PinsImpossible:
        assume(False)
    columns = greedy(model, pinned)
    assert model.feasible(columns)
    plan = model.plan_of(columns)
    assert not oracle.violations(problem, plan)
    assert {str(tier): model.value(tier, columns) for tier in TIERS} == oracle.score(problem, plan)


@pytest.mark.parametrize(
    "how",
    [Settings(0.5, 1, 0, True), Settings(0.3, 2, 7, True), Settings(1, 2), Settings(0.1, 1)],
    ids=["deterministic", "deterministic, two workers", "wall clock", "hardly any time"],
)
@pytest.mark.parametrize("schools", [2, 8])
def test_the_plan_of_a_larger_term_is_right_when_its_search_is_cut_short(schools: int, how: Settings) -> None:
    problem, _ = build_problem(generate(schools, seed=5))
    assert checked(problem, how).plan.visits


@pytest.mark.parametrize("seed", [101, 103, 105])
def test_a_search_that_begins_with_a_plan_never_ends_with_a_worse_one(seed: int) -> None:
    problem, _ = build_problem(generate(6, seed=5))
    good = solve(problem, replace(REPEATABLE, time_limit=3, seed=seed - 100))
    again = solve(problem, replace(REPEATABLE, time_limit=1, seed=seed), start=good.plan)
    before, after = (better_first({str(score.tier): score.value for score in each.tiers}) for each in (good, again))
    assert after >= before
