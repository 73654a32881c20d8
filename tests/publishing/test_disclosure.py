"""Nobody can be worked out from all the figures that are let through, however they are added and subtracted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from matcher.domain import EthnicGroup, GoalName, GoalSetting, Plan, TierName, TierScore
from matcher.publishing.alternatives import Figure
from matcher.publishing.disclosure import NOT_SHOWN, Told, could_count, how_good, may_say_which_is_better, safe_figures
from matcher.rules.tiny import only, plan, problem, session, volunteer
from tests.counting import calls_made

WOMEN = GoalName.WOMEN_IN_MALE_DOMINATED


def figure(people: str, most: int | None = None) -> Figure:
    return Figure({person: people.count(person) for person in people}, most)


def shown(figures: Sequence[Figure], counting: str, told: Sequence[Told] = ()) -> list[bool]:
    answers = {letter: letter in counting for letter in "abcdefghijklmnop"}
    return safe_figures(figures, answers, [False, True], told)


@pytest.mark.parametrize(
    ("figures", "counting", "verdicts"),
    [
        ([""], "", [True]),
        (["abcde"], "ab", [False]),  # only four beside anybody
        (["abcdef"], "ab", [True]),
        (["abcdef"], "a", [False]),
        (["abcdef"], "", [False]),
        (["abcdef"], "abcde", [False]),
        (["abcdef"], "abcd", [True]),
        (["abcdef", "ghijkl"], "abgh", [True, True]),
        (["abcdef", "abcdef"], "ab", [True, True]),
        (["abcdefg", "abcdef"], "ab", [True, False]),  # g, by subtraction
        (["abcdefghijkl", "abcdef"], "abgh", [True, True]),
        (["abcdefghijkl", "abcdef"], "abcg", [True, False]),  # 4 less 3: one of the other six
        (["abcdef", "bcdefg"], "ag", [False, False]),
        (["abcdef", "bcdefg"], "abc", [True, False]),  # 3 and 2: a and not g
        (["abcdef", "ghijkl", "abcdefghijklm"], "abgh", [True, True, False]),  # the sum of two gives m away
        (["aabbccddeeff"], "ab", [True]),
        (["aabcdef"], "ab", [False]),  # 3 of 7: a and one other, or three: whoever knows b knows a
    ],
)
def test_examples(figures: list[str], counting: str, verdicts: list[bool]) -> None:
    assert shown([figure(each) for each in figures], counting) == verdicts


@given(
    figures=st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 2), min_size=5), max_size=4),
    most=st.sampled_from([None, 2]),
    counting=st.sets(st.sampled_from("abcdefgh")),
)
def test_for_everybody_both_answers_remain_possible_to_whoever_knows_one_other(
    figures: list[dict[str, int]], most: int | None, counting: set[str]
) -> None:
    """Every way in which people could have answered is tried against the figures shown."""
    asked = [Figure(each, most) for each in figures]
    kept = [each for each, safe in zip(asked, shown(asked, "".join(counting)), strict=True) if safe]
    truth = {letter: letter in counting for letter in "abcdefgh"}
    fitting = []
    for choice in product((False, True), repeat=8):
        said = dict(zip("abcdefgh", choice, strict=True))
        if all(each.value(said) == each.value(truth) for each in kept):
            fitting.append(said)
    for person in {person for each in kept for person in each.people}:
        for knower in {*"abcdefgh"} - {person}:
            assert {said[person] for said in fitting if said[knower] == truth[knower]} == {False, True}


@given(
    figures=st.lists(st.sets(st.sampled_from("abcdefg"), min_size=6), max_size=2),
    groups=st.lists(st.sampled_from((*list(EthnicGroup)[:3], None)), min_size=7, max_size=7),
    most=st.sampled_from([2, 3]),
)
@settings(max_examples=60, deadline=None)
def test_for_everybody_every_group_remains_possible_to_whoever_knows_one_other(
    figures: list[set[str]], groups: list[EthnicGroup | None], most: int
) -> None:
    truth = dict(zip("abcdefg", groups, strict=True))
    cells = [Figure(dict.fromkeys(each, 1), most, of_kinds=True) for each in figures]
    possible = list(EthnicGroup)[:3]
    kept = [each for each, safe in zip(cells, safe_figures(cells, truth, possible), strict=True) if safe]
    values = [each.value(truth) for each in kept]
    left = {(knower, person): set(possible) for knower, person in product("abcdefg", repeat=2) if knower != person}
    for choice in product(possible, repeat=7):
        # Those who said nothing may be known to have said nothing, unless it is about them.
        said = dict(zip("abcdefg", choice, strict=True))
        if [each.value(said) for each in kept] == values:
            for (knower, person), groups_left in left.items():
                if truth[knower] in (None, said[knower]):
                    groups_left.discard(said[person])
    concerned = {person for each in kept for person in each.people}
    assert not any(left[knower, person] for knower, person in left if person in concerned)


def test_what_stands_on_an_earlier_page_counts() -> None:
    earlier = Told(WOMEN, figure("abcdef").people, None, 3)
    assert shown([figure("bcdefg")], "abc") == [True]
    assert shown([figure("bcdefg")], "abc", [earlier]) == [False]
    assert shown([figure("abcdef"), figure("ghijkl")], "abcgh", [earlier]) == [True, True]


def test_an_earlier_figure_that_is_not_true_any_more_keeps_its_people_out() -> None:
    earlier = Told(WOMEN, figure("abcdef").people, None, 3)
    assert shown([figure("abcdef"), figure("fghijk"), figure("ghijkl")], "abgh", [earlier]) == [False, False, True]
    gone = Told(WOMEN, figure("abcdez").people, None, 3)
    assert shown([figure("abcdef")], "abc", [gone]) == [False]


def test_classes_that_meet_many_of_the_same_people_take_little_work() -> None:
    """As many as a term for a whole town, with teams put together at random."""
    random = Random(1)
    people = [f"V{n}" for n in range(300)]
    cells = [
        Figure(dict.fromkeys(people, 1)),
        *(Figure(dict.fromkeys(random.sample(people, 10), 1), 2) for _ in range(130)),
    ]
    said = {person: random.random() < 0.4 for person in people}
    verdicts: list[bool] = []
    calls_made(lambda: verdicts.extend(safe_figures(cells, said, [False, True])), at_most=6_000_000)  # 1.6 today
    assert sum(verdicts) > 40


# role_models


def role_models(value: int, bound: int | None) -> TierScore:
    return TierScore(TierName.ROLE_MODELS, value, bound)


@pytest.mark.parametrize(
    ("value", "bound", "people", "words"),
    [
        (754_160, 754_160, 6, NOT_SHOWN),
        (754_160, 754_160, 9, NOT_SHOWN),
        (754_160, 754_160, 10, "at most 50 % below the best possible"),
        (754_160, 754_160, 40, "at most 10 % below the best possible"),
        (754_160, 754_160, 300, "at most 1 % below the best possible"),
        (995, 1000, 300, "at most 1 % below the best possible"),
        (990, 1000, 5000, "at most 1 % below the best possible"),
        (989, 1000, 5000, "at most 2 % below the best possible"),
        (499, 1000, 5000, "may be less than half of the best possible"),
        (0, 0, 5000, "at most 1 % below the best possible"),
        (5, None, 5000, NOT_SHOWN),
    ],
)
def test_role_models_is_told_in_steps_that_no_few_people_make_up(
    value: int, bound: int | None, people: int, words: str
) -> None:
    assert how_good(role_models(value, bound), people) == words


def test_who_could_count_is_what_everybody_knows() -> None:
    team = [volunteer("V1", share_women=0.1), volunteer("V2", share_women=0.5), volunteer("V3", share_women=0.9)]
    made = plan(S1="V1 V2 V3")
    assert could_count(problem([session("S1", team=(1, 3))], team), made) == 3
    women = problem([session("S1", team=(1, 3))], team, goals=only(WOMEN, GoalSetting(2, 4)))
    assert could_count(women, made) == 1
    assert could_count(women, Plan({})) == 0


def test_of_plans_that_differ_in_few_people_it_is_not_said_which_is_better() -> None:
    many = " ".join(f"V{n}" for n in range(50))
    assert not may_say_which_is_better(plan(S1="V1 V2"), plan(S1="V1 V3"))
    assert not may_say_which_is_better(plan(S1=many), plan(S1=many))
    assert may_say_which_is_better(plan(S1=many), plan(S1="V50"))
