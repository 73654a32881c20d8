"""What differs between two scenarios, in words."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from store_scenarios import row, scenario

from matcher.store import What, diff, fingerprint, summary
from matcher.tables import Row, Tables, Value


def said(old: Tables, new: Tables) -> list[str]:
    return [str(change) for change in diff(old, new)]


def volunteer(**values: Value) -> Row:
    return row("volunteers", **{"volunteer_id": "V7", "name": "Zoë", "sector": "Rail", **values})


def one(**values: Value) -> Tables:
    return scenario(volunteers=(volunteer(**values),))


def test_nothing_has_changed() -> None:
    assert said(scenario(), scenario()) == []


def test_from_nothing_everything_is_added() -> None:
    changes = diff(None, scenario())
    assert {change.what for change in changes} == {What.ADDED}
    assert summary(changes) == (
        "programme: 5 added",
        "schools: 1 added",
        "cohorts: 1 added",
        "sessions: 1 added",
        "slots: 2 added",
        "volunteers: 2 added",
        "availability: 2 added",
        "preferences: 1 added",
    )


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"employer": None}, {"employer": "Toyota"}, 'employer from blank to "Toyota"'),
        ({"employer": "Toyota"}, {"employer": ""}, 'employer from "Toyota" to ""'),
        ({"role": "a\nb\x1b[1m"}, {"role": "‮c"}, r'role from "a\nb\x1b[1m" to "\u202ec"'),
        ({"max_distance_km": 5.0}, {"max_distance_km": 7.5}, "max_distance_km from 5.0 to 7.5"),
        ({"max_sessions": 3}, {"max_sessions": None}, "max_sessions from 3 to blank"),
        ({"modes": ("virtual",)}, {"modes": ("in_person", "virtual")}, "modes from virtual to in_person;virtual"),
        ({"checked_until": date(2026, 9, 1)}, {"checked_until": None}, "checked_until from 2026-09-01 to blank"),
        (
            {"name": "Zoe", "email": "a@b.example"},
            {"name": "Zoë"},
            'name from "Zoe" to "Zoë"; email from "a@b.example" to blank',
        ),
    ],
)
def test_a_changed_row_says_which_columns_from_what_to_what(
    before: dict[str, Value], after: dict[str, Value], text: str
) -> None:
    assert said(one(**before), one(**after)) == [f"volunteers: changed V7: {text}"]


def test_the_value_of_a_demographic_is_never_told() -> None:
    before, after = one(gender="SECRET", sector="Rail"), one(gender=None, ethnicity="SECRET", sector="Health")
    (change,) = diff(before, after)
    assert str(change) == 'volunteers: changed V7: sector from "Rail" to "Health"; gender changed; ethnicity changed'
    assert "SECRET" not in repr(change)


def test_an_encounter_is_named_without_demographics() -> None:
    def met(**values: Value) -> Tables:
        return scenario(encounters=(row("encounters", cohort_id="S1-Y5", sector="Rail", **values),))

    assert said(scenario(), met(gender="SECRET")) == ["encounters: added S1-Y5, sector Rail"]
    assert said(met(gender="SECRET"), met(gender="SECRET2")) == [
        "encounters: changed S1-Y5, sector Rail: gender changed"
    ]
    assert "SECRET" not in repr(diff(met(gender="SECRET"), met(ethnicity="SECRET")))


def test_rows_without_a_key_are_the_same_if_their_values_are() -> None:
    monday = row("availability", volunteer_id="V1", weekday="mon", from_=540, to=1440)
    late = row("availability", volunteer_id="V1", weekday="mon", from_=600, available="no")
    assert said(scenario(availability=(monday,)), scenario(availability=(monday, late, monday, monday))) == [
        "availability: added V1, weekday mon, from 09:00, to 24:00 (2 times)",
        "availability: added V1, weekday mon, from 10:00, available no",
    ]


def test_a_slot_that_moves_is_one_added_and_one_removed() -> None:
    def at(hour: int) -> Tables:
        start, end = datetime(2026, 10, 14, hour), datetime(2026, 10, 14, hour, 45, 30)
        return scenario(slots=(row("slots", session_id="S1-1", start=start, end=end),))

    assert said(at(9), at(10)) == [
        "slots: added S1-1, start 2026-10-14T10:00, end 2026-10-14T10:45:30",
        "slots: removed S1-1, start 2026-10-14T09:00, end 2026-10-14T09:45:30",
    ]


def test_changes_of_the_programme_are_told() -> None:
    old = Tables({"name": "Autumn", "closed": (), "limits.same_employer": 2, "limits.travel_kmh": 30})
    new = Tables(
        {"name": "Spring", "closed": (date(2026, 10, 26),), "limits.max_sessions": 4, "limits.travel_kmh": 30.0}
    )
    assert said(old, new) == [
        "programme: added limits.max_sessions: from blank to 4",
        'programme: changed name: from "Autumn" to "Spring"',
        "programme: changed closed: from none to 2026-10-26",
        "programme: removed limits.same_employer: from 2 to blank",
    ]


def test_a_row_with_two_keys_is_named_by_both() -> None:
    preferred = row("preferences", volunteer_id="V1", session_id="S1-1", score=2)
    assert said(scenario(), scenario(preferences=(preferred,))) == ["preferences: changed V1, S1-1: score from -3 to 2"]


def test_a_column_that_is_new_and_blank_does_not_change_the_fingerprint() -> None:
    full = one()
    narrow = {name: value for name, value in full.rows["volunteers"][0].values.items() if value is not None}
    assert fingerprint(full) == fingerprint(scenario(volunteers=(Row(2, narrow),)))
    assert diff(full, scenario(volunteers=(Row(2, narrow),))) == ()


def test_the_fingerprint_is_the_same_in_every_process_and_version() -> None:
    # it is in people's workspaces: if it changed, the next import of each would look like one of another scenario
    assert fingerprint(scenario()) == "ccd73011e113e63177b71405311ef4837a48683e61c30d868eaf53bc189e43f4"
