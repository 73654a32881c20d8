"""A spreadsheet and what was edited beside it become one term, and nothing that either side changed is lost."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.edits import added, apply, changed, find, removed
from matcher.merging import Side, merge
from matcher.store import diff
from matcher.tables import TABLES, Row, Tables
from tests.terms.random_edits import TERM, random_edits

seeds = st.integers(0, 2**32)
SIDES = list(Side)


def same(a: Tables, b: Tables) -> bool:
    return diff(a, b) == ()


def has_no_home(row: Row, tables: Tables) -> bool:
    """Whether it is about a session or a volunteer that is gone."""
    homes = (("sessions", "session_id"), ("volunteers", "volunteer_id"))
    return any(
        row.values.get(name) is not None and find(tables, home, {name: row[name]}) is None for home, name in homes
    )


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from(SIDES))
def test_what_only_one_side_changed_is_taken(seed: int, side: Side) -> None:
    _, edited = random_edits(TERM, Random(seed), 6)
    for merged in (merge(TERM, TERM, edited, side), merge(TERM, edited, TERM, side), merge(TERM, edited, edited, side)):
        assert not merged.conflicts
        assert same(merged.tables, merge(TERM, edited, edited, side).tables)
    kept = merge(TERM, TERM, edited, side).tables
    for table in TABLES:
        for row in edited.rows[table.name]:
            assert has_no_home(row, kept) or find(kept, table.name, row.values) is not None


@settings(max_examples=80, deadline=None)
@given(seeds, seeds)
def test_both_sides_are_treated_alike(one: int, other: int) -> None:
    _, a = random_edits(TERM, Random(one), 6)
    _, b = random_edits(TERM, Random(other), 6)
    there, back = merge(TERM, a, b, Side.THEIRS), merge(TERM, b, a, Side.MINE)
    assert same(there.tables, back.tables)
    assert len(there.conflicts) == len(back.conflicts)


@settings(max_examples=80, deadline=None)
@given(seeds, seeds, st.sampled_from(SIDES))
def test_no_edit_is_lost_but_in_a_conflict(one: int, other: int, side: Side) -> None:
    edits, mine = random_edits(TERM, Random(one), 6)
    _, theirs = random_edits(TERM, Random(other), 6)
    merged = merge(TERM, theirs, mine, side)
    disputed = {(each.table, each.row) for each in merged.conflicts}
    for edit in edits:
        row, now = find(mine, edit.table, edit.key), find(merged.tables, edit.table, edit.key)
        if edit.do != "set" or row is None or has_no_home(row, merged.tables):
            continue
        (key, *_) = (str(value) for value in edit.key.values())
        if not any(table == edit.table and key in name for table, name in disputed):
            assert now is not None
            assert all(now[column] == row[column] for column in edit.after)


@settings(max_examples=60, deadline=None)
@given(seeds, seeds, st.sampled_from(SIDES))
def test_to_merge_the_same_again_changes_nothing(one: int, other: int, side: Side) -> None:
    _, mine = random_edits(TERM, Random(one), 6)
    _, theirs = random_edits(TERM, Random(other), 6)
    merged = merge(TERM, theirs, mine, side).tables
    again = merge(theirs, theirs, merged)
    assert not again.conflicts
    assert same(again.tables, merged)


def test_the_same_cell_changed_on_both_sides_is_a_conflict_and_the_side_that_counts_has_it() -> None:
    row = TERM.rows["schools"][0]
    a, b = (apply(TERM, [changed("schools", row, {"name": name})]) for name in ("Ash", "Beech"))
    for side, name in ((Side.THEIRS, "Ash"), (Side.MINE, "Beech")):
        merged = merge(TERM, a, b, side)
        (conflict,) = merged.conflicts
        assert (conflict.table, conflict.theirs, conflict.mine) == ("schools", "Ash", "Beech")
        assert merged.tables.rows["schools"][0]["name"] == name
    assert not merge(TERM, a, a).conflicts


def test_a_row_removed_on_one_side_and_changed_on_the_other_is_a_conflict() -> None:
    row = TERM.rows["volunteers"][0]
    gone = apply(TERM, [removed("volunteers", row)])
    renamed = apply(TERM, [changed("volunteers", row, {"name": "Tom"})])
    for side, is_there in ((Side.THEIRS, False), (Side.MINE, True)):
        merged = merge(TERM, gone, renamed, side)
        assert [each.column for each in merged.conflicts] == [None]
        assert (find(merged.tables, "volunteers", {"volunteer_id": row["volunteer_id"]}) is not None) is is_there
    assert not merge(TERM, gone, TERM).conflicts


def test_edits_about_a_session_go_with_it_and_that_is_said() -> None:
    session = TERM.rows["sessions"][0]
    slot = next(row for row in TERM.rows["slots"] if row["session_id"] == session["session_id"])
    later = added("slots", {**slot.values, "what": None})
    mine = apply(TERM, [added("pins", {"session_id": session["session_id"], "decision": "keep"}), later])
    merged = merge(TERM, apply(TERM, [removed("sessions", session)]), mine)
    assert {each.table for each in merged.left_out} >= {"pins"}
    assert all(row["session_id"] != session["session_id"] for row in merged.tables.rows["slots"])
