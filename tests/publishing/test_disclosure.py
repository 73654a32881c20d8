"""Nobody can be worked out from all the figures that are let through, however they are added and subtracted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from random import Random
from time import perf_counter

import hypothesis.strategies as st
import pytest
from hypothesis import given

from matcher.publishing.disclosure import count_gap, kinds_gap, safe_figures


def once(people: str) -> dict[str, int]:
    return dict.fromkeys(people, 1)


def shown(figures: list[Mapping[str, int]], counting: str) -> list[bool]:
    def alike_enough(people: Iterable[str]) -> bool:
        group = list(people)
        return len(group) >= 3 and 0 < sum(person in counting for person in group) < len(group)

    return safe_figures(figures, {letter: letter in counting for letter in "abcdefgh"}, count_gap, alike_enough)


@pytest.mark.parametrize(
    ("figures", "counting", "verdicts"),
    [
        ([once("")], "", [True]),
        ([once("ab")], "a", [False]),
        ([once("abc")], "a", [True]),
        ([once("abc")], "", [False]),
        ([once("abc")], "abc", [False]),
        ([once("abc"), once("def")], "ad", [True, True]),
        ([once("abc"), once("abc")], "a", [True, True]),
        ([once("abcd"), once("abc")], "ab", [True, False]),  # d, by subtraction
        ([once("abcdef"), once("abc")], "ad", [True, True]),
        ([once("abcdef"), once("abc")], "ab", [True, False]),  # 2 less 2: none of d, e, f
        ([{"a": 2, "b": 1, "c": 1, "d": 1}], "ab", [True]),  # 3: a and another, or all but a
        ([{"a": 2, "b": 1, "c": 1}], "b", [False]),  # 1: not a, who would count twice
        ([once("abc"), once("def"), once("abcdefg")], "ad", [True, True, False]),  # the sum of two gives g away
        ([once("abc"), once("bcd")], "ab", [True, False]),  # 2 and 1: a and not d
        ([once("abc"), once("bcd")], "ad", [True, True]),  # 1 and 1: a and d, or b, or c
    ],
)
def test_examples(figures: list[Mapping[str, int]], counting: str, verdicts: list[bool]) -> None:
    assert shown(figures, counting) == verdicts


@given(
    figures=st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 2), max_size=8), max_size=5),
    counting=st.sets(st.sampled_from("abcdefgh")),
)
def test_for_everybody_both_answers_remain_possible(figures: list[dict[str, int]], counting: set[str]) -> None:
    """Every way in which people could have answered is tried against the figures shown."""
    kept = [each for each, safe in zip(figures, shown(list(figures), "".join(counting)), strict=True) if safe]
    truth = [sum(count for person, count in each.items() if person in counting) for each in kept]
    answers: dict[str, set[bool]] = {person: set() for each in kept for person in each}
    for choice in product((False, True), repeat=8):
        said = dict(zip("abcdefgh", choice, strict=True))
        if truth == [sum(count for person, count in each.items() if said[person]) for each in kept]:
            for person in answers:
                answers[person].add(said[person])
    assert all(possible == {False, True} for possible in answers.values())


@given(
    figures=st.lists(st.sets(st.sampled_from("abcdef"), max_size=6), max_size=4),
    groups=st.lists(st.sampled_from(("x", "y", "z", None)), min_size=6, max_size=6),
)
def test_for_everybody_another_group_remains_possible(figures: list[set[str]], groups: list[str | None]) -> None:
    said = dict(zip("abcdef", groups, strict=True))
    cells = [dict.fromkeys(each, 1) for each in figures]

    def alike_enough(people: Iterable[str]) -> bool:
        found = [said[person] for person in people]
        return len(found) >= 4 and 1 < len({*found} - {None}) < len(found)

    verdicts = safe_figures(cells, said, kinds_gap, alike_enough)
    kept = [each for each, safe in zip(cells, verdicts, strict=True) if safe]
    truth = [len({said[person] for person in each} - {None}) for each in kept]
    answers: dict[str, set[str]] = {person: set() for each in kept for person in each}
    for choice in product("xyz", repeat=6):
        # Those who said nothing may be known to have said nothing.
        tried = {person: new if said[person] else None for person, new in zip("abcdef", choice, strict=True)}
        if truth == [len({tried[person] for person in each} - {None}) for each in kept]:
            for person in answers:
                answers[person].add(tried[person] or "")
    assert all(len(answers[person]) > 1 for person in answers if said[person])


def test_classes_that_meet_many_of_the_same_people_take_little_time() -> None:
    """As many as a term for a whole town, with teams put together at random."""
    random = Random(1)
    people = [f"V{n}" for n in range(300)]
    cells = [dict.fromkeys(people, 1), *(dict.fromkeys(random.sample(people, 10), 1) for _ in range(130))]
    said = {person: random.random() < 0.4 for person in people}

    def alike_enough(group: Iterable[str]) -> bool:
        return sum(said[person] for person in group) > 0

    start = perf_counter()
    verdicts = safe_figures(cells, said, count_gap, alike_enough)
    assert perf_counter() - start < 30
    assert sum(verdicts) > 40
