"""Edits of a term's tables: done, taken back in any order that is not refused, and written down."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.edits import (
    HOMES,
    Do,
    DoesNotFit,
    Operation,
    added,
    apply,
    as_data,
    changed,
    from_data,
    inverse,
    removed,
    rests_on,
    spec_of,
    touches,
)
from matcher.store import diff
from matcher.store.erasure import OTHER_IDS, PERSON_IDS
from matcher.tables import TABLES, Row, Tables

Edit = tuple[Operation, ...]
EMPTY = Tables({}, {table.name: () for table in TABLES})
IDS = ("V1", "V2", "V3")
TIMES = (datetime(2026, 10, 5, 9, 30), datetime(2026, 10, 6, 9, 30))


def one_edit(draw: st.DrawFn, tables: Tables) -> Edit | None:
    """Something that can be done to these tables; None where what was drawn cannot be."""
    people = tables.rows["volunteers"]
    match draw(st.sampled_from(["add", "set", "remove", "slot", "away", "pin", "unpin"])):
        case "add":
            new = draw(st.sampled_from(IDS))
            values = {"volunteer_id": new, "name": draw(st.sampled_from("AB")), "sector": "Rail"}
            return None if any(row["volunteer_id"] == new for row in people) else (added("volunteers", values),)
        case "set" if people:
            row = draw(st.sampled_from(people))
            cells = draw(
                st.sampled_from([{"employer": "X"}, {"employer": None}, {"role": "Y", "max_distance_km": 2.0}])
            )
            return (changed("volunteers", row, cells),)
        case "remove" if people:
            row = draw(st.sampled_from(people))
            along = [each for each in tables.rows["pins"] if each["volunteer_id"] == row["volunteer_id"]]
            return (*(removed("pins", each) for each in along), removed("volunteers", row))
        case "slot":
            start = draw(st.sampled_from(TIMES))
            return (added("slots", {"session_id": "S1", "start": start, "end": start.replace(hour=11)}),)
        case "away" if tables.rows["slots"]:
            return tuple(removed("slots", row) for row in tables.rows["slots"])
        case "pin" if people:
            who = draw(st.sampled_from(people))["volunteer_id"]
            return (added("pins", {"session_id": "S1", "volunteer_id": who, "decision": "keep"}),)
        case "unpin" if tables.rows["pins"]:
            return (removed("pins", draw(st.sampled_from(tables.rows["pins"]))),)
    return None


@st.composite
def histories(draw: st.DrawFn) -> list[Edit]:
    tables, found = EMPTY, []
    for _ in range(draw(st.integers(1, 12))):
        edit = one_edit(draw, tables)
        if edit is not None:
            tables = apply(tables, edit)
            found.append(edit)
    return found


def after(edits: list[Edit]) -> Tables:
    tables = EMPTY
    for edit in edits:
        tables = apply(tables, edit)
    return tables


@settings(deadline=None)
@given(histories())
def test_an_edit_and_what_takes_it_back_leave_everything_as_it_was(edits: list[Edit]) -> None:
    tables = EMPTY
    for edit in edits:
        then = apply(tables, edit)
        assert not diff(tables, apply(then, inverse(edit)))
        assert inverse(inverse(edit)) == edit
        tables = then


@settings(deadline=None)
@given(histories(), st.data())
def test_undone_in_any_order_that_is_not_refused_only_the_edits_that_stand_are_left(
    edits: list[Edit], data: st.DataObject
) -> None:
    tables, standing = after(edits), list(edits)
    for place in data.draw(st.permutations(range(len(edits)))):
        mine = edits[place]
        later = [each for each in edits[place + 1 :] if any(each is one for one in standing)]
        if not any(rests_on(each, mine) for each in later):
            tables = apply(tables, inverse(mine))
            standing = [each for each in standing if each is not mine]
            assert not diff(after(standing), tables)


@settings(deadline=None)
@given(histories())
def test_undone_one_after_the_other_from_the_last_nothing_is_ever_refused(edits: list[Edit]) -> None:
    tables = after(edits)
    for edit in reversed(edits):
        tables = apply(tables, inverse(edit))
    assert not diff(EMPTY, tables)


@settings(deadline=None)
@given(histories())
def test_what_is_written_down_is_read_again_as_it_was(edits: list[Edit]) -> None:
    for edit in edits:
        assert from_data(json.loads(json.dumps(as_data(edit)))) == edit


def test_days_moments_lists_and_numbers_are_written_down_as_what_they_are() -> None:
    values = {"volunteer_id": "V1", "name": "Ann", "sector": "Rail", "excluded_schools": ("S1", "S2")}
    cells = {"checked_until": date(2027, 7, 31), "latitude": 52.0, "max_sessions": 3, "modes": ("virtual",)}
    edit = (added("volunteers", {**values, **cells}), added("slots", {"session_id": "S", "start": TIMES[0]}))
    read = from_data(json.loads(json.dumps(as_data(edit))))
    assert read == edit
    assert [type(value) for value in read[0].after.values()] == [type(value) for value in edit[0].after.values()]


@pytest.mark.parametrize(
    "damaged",
    [
        5,
        [{"do": "set"}],
        [{"do": "mend", "table": "slots", "key": {}, "before": {}, "after": {}}],
        [{"do": "add", "table": "runs", "key": {}, "before": {}, "after": {}}],
        [{"do": "add", "table": "slots", "key": {}, "before": {}, "after": {"start": {"moment": "soon"}}}],
    ],
)
def test_what_was_never_written_down_is_refused(damaged: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_data(damaged)


ANN = Row(2, {"volunteer_id": "V1", "name": "Ann", "sector": "Rail", "employer": "X"})
WITH_ANN = Tables({}, {"volunteers": (ANN,)})


@pytest.mark.parametrize(
    "edit",
    [
        changed("volunteers", Row(2, {**ANN.values, "employer": "Y"}), {"employer": "Z"}),
        changed("volunteers", Row(2, {**ANN.values, "volunteer_id": "V2"}), {"employer": "Z"}),
        added("volunteers", ANN.values),
        removed("volunteers", Row(2, {**ANN.values, "employer": "Y"})),
        removed("slots", Row(2, {"session_id": "S1"})),
    ],
)
def test_an_edit_of_what_is_not_so_any_more_is_noticed(edit: Operation) -> None:
    with pytest.raises(DoesNotFit):
        apply(WITH_ANN, [edit])


def test_edits_of_other_cells_of_a_row_do_not_touch_one_another_and_those_of_the_row_do() -> None:
    employer, role = (changed("volunteers", ANN, {name: "Z"}) for name in ("employer", "role"))
    assert touches(employer, employer) and not touches(employer, role)
    assert touches(removed("volunteers", ANN), role) and touches(role, removed("volunteers", ANN))


def test_an_edit_rests_on_the_one_that_added_whom_it_names() -> None:
    new = [added("volunteers", ANN.values)]
    assert rests_on([added("pins", {"session_id": "S1", "volunteer_id": "V1", "decision": "keep"})], new)
    assert rests_on([added("visits", {"session_id": "S1", "happened": "yes", "came": ("V2", "V1")})], new)
    assert not rests_on([added("pins", {"session_id": "V1", "volunteer_id": "V2", "decision": "keep"})], new)
    assert not rests_on(inverse([added("pins", {"session_id": "S1", "volunteer_id": "V1", "decision": "keep"})]), new)


def test_it_is_known_of_every_column_of_ids_what_it_names() -> None:
    assert HOMES.keys() >= PERSON_IDS | OTHER_IDS
    for column, table in HOMES.items():
        assert len(spec_of(table).key) == 1, column
    assert {HOMES[column] for column in PERSON_IDS} == {"volunteers"}


def test_only_cells_that_are_set_say_what_was_before() -> None:
    assert changed("volunteers", ANN, {"employer": "Z"}).before == {"employer": "X"}
    assert {each.do for each in (added("slots", {}), removed("slots", Row(2, {})))} == {Do.ADD, Do.REMOVE}
