from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from matcher.publishing.file_names import file_names


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["V1", "S01-Y5.b_c"], ["V1", "S01-Y5.b_c"]),
        (["V 1", "V/2", "Ж3", "../x"], ["V_1", "V_2", "_3", ".._x"]),
        (["v1", "V1"], ["v1-2", "V1"]),
        (["a b", "a/b", "a_b"], ["a_b-2", "a_b-3", "a_b"]),
        (["a", "A", "A-2"], ["a-3", "A", "A-2"]),
        ([".", ".."], [".", ".."]),
        (["CON", "nul", "CON-2"], ["CON", "nul", "CON-2"]),
    ],
)
def test_examples(ids: list[str], names: list[str]) -> None:
    assert list(file_names(ids)[each] for each in ids) == names  # noqa: C400


def test_a_very_long_id_fits_and_stays_its_own() -> None:
    """A name on disk may have 255 bytes, the calendar's ending included."""
    names = file_names(["x" * 5000, "x" * 4999, "y" * 240])
    assert len(set(names.values())) == 3
    assert max(map(len, names.values())) <= 240
    assert names["y" * 240] == "y" * 240


@given(st.lists(st.text("aAbB-23_ ./Ж", min_size=1, max_size=4), unique=True))
def test_safe_distinct_in_any_case_and_whatever_the_order(ids: list[str]) -> None:
    names = file_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(set(name) <= set("aAbB-0123456789_.") for name in names.values())
    assert file_names(reversed(ids)) == names
