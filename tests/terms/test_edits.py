"""Small edits of a term's tables: each can be taken back, and kept as text."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.edits import DoesNotFit, added, apply, as_data, changed, from_data, inverse, removed, touches
from matcher.store import diff, fingerprint
from tests.terms.random_edits import TERM, random_edits

seeds = st.integers(0, 2**32)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_edits_taken_back_give_the_tables_back(seed: int) -> None:
    edits, after = random_edits(TERM, Random(seed), 8)
    assert diff(TERM, apply(after, inverse(edits))) == ()
    assert fingerprint(apply(after, inverse(edits))) == fingerprint(TERM)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_edits_in_any_order_that_do_not_touch_each_other_give_the_tables_back(seed: int) -> None:
    dice = Random(seed)
    edits, tables = random_edits(TERM, dice, 8)
    left = list(edits)
    while left:  # taken back in any order, but for one that a later one rests on
        free = [
            place for place, each in enumerate(left) if not any(touches(each, later) for later in left[place + 1 :])
        ]
        tables = apply(tables, inverse([left.pop(dice.choice(free))]))
    assert diff(TERM, tables) == ()


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_edits_are_the_same_when_read_back_from_text(seed: int) -> None:
    edits, _ = random_edits(TERM, Random(seed), 8)
    assert list(from_data(json.loads(json.dumps(as_data(edits))))) == edits


def test_an_edit_of_something_that_is_another_thing_now_does_not_fit() -> None:
    row = TERM.rows["schools"][0]
    rename = changed("schools", row, {"name": "Ash Primary"})
    with pytest.raises(DoesNotFit):
        apply(apply(TERM, [rename]), [rename])
    with pytest.raises(DoesNotFit):
        apply(apply(TERM, [removed("schools", row)]), [rename])
    with pytest.raises(DoesNotFit):
        apply(TERM, [added("schools", row.values)])


@pytest.mark.parametrize("kept", [None, 3, [{"do": "set"}], [{"do": "fly", "table": "schools"}], [{"table": 1}]])
def test_what_is_no_edit_is_not_read_as_one(kept: object) -> None:
    with pytest.raises(ValueError):
        from_data(kept)
