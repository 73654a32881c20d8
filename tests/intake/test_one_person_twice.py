"""One person under two ids is pointed out with both rows, and is never planned for two places at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_scenario import Scenario, warnings_of

from matcher.domain import Volunteer
from matcher.people_alike import same_people

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])
NFC, NFD = "Zo\u00eb Ali", "Zoe\u0308 Ali"


def person(volunteer_id: str, name: str, email: str = "") -> Volunteer:
    return Volunteer(volunteer_id, name, "Rail", 3, 2, email=email)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("V1", NFC, "zoe@example.org"), person("V2", NFD, "zoe@example.org")),
        (person("V1", NFC, "zoe@example.org"), person("V2", "ZOE  ALI", "Zoe@Example.ORG")),
        (person("V1", NFC, "zoe@example.org"), person("V2", "Zoe Ali ", "zoe+visits@example.org")),
        (person("V1", NFC), person("v1", NFD)),
        (person("V1", NFC, "zoe@example.org"), person("v1", NFC, "ali@example.org")),
        (person("Zo\u00eb", NFC), person("Zoe\u0308", NFC)),
    ],
)
def test_these_are_one_person(one: Volunteer, other: Volunteer) -> None:
    assert same_people([one, person("X", "Somebody"), other]) == [(one.volunteer_id, other.volunteer_id)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("V1", "Sam Lee", "sam@example.org"), person("V2", "Sam Lee", "lee@example.org")),
        (person("V1", "Sam Lee"), person("V2", "Sam Lee")),
        (person("V1", "Sam Lee", "office@example.org"), person("V2", "Ana Lee", "office@example.org")),
        (person("V1", "Sam Lee"), person("v1", "Ana Lee")),
        (person("V1", "Sam Lee", "sam@example.org"), person("V2", "Sam Lee", "sam@example.com")),
        (person("V1", "Sam Lee", "+a@example.org"), person("V2", "Sam Lee", "+b@example.org")),
    ],
)
def test_these_are_two_people(one: Volunteer, other: Volunteer) -> None:
    assert same_people([one, other]) == []


def test_three_ids_are_one_person_also_by_way_of_one_of_them() -> None:
    people = [
        person("V1", "Zo", "a@example.org"),
        person("V7", "Zo", "b@example.org"),
        person("v1", "Zo", "B@example.org"),
    ]
    assert same_people(people) == [("V1", "V7", "v1")]


@given(st.lists(st.tuples(st.sampled_from("abA\u00e4"), st.sampled_from(["Zo", "ZO", "Sam"]), st.sampled_from("xy "))))
def test_nobody_is_in_two_groups_and_all_keep_their_order(facts: list[tuple[str, str, str]]) -> None:
    people = [person(f"{key}{n // 2}", name, f"{box}@example.org") for n, (key, name, box) in enumerate(facts)]
    unique = list({one.volunteer_id: one for one in people}.values())
    order = [one.volunteer_id for one in unique]
    grouped = [volunteer_id for group in same_people(unique) for volunteer_id in group]
    assert len(grouped) == len(set(grouped))
    for group in same_people(unique):
        assert len(group) > 1
        assert list(group) == sorted(group, key=order.index)


def listed_twice(name: str = NFD, volunteer_id: str = "v1", email: str = "Zoe+x@example.org") -> Scenario:
    scenario = Scenario()
    scenario.put("volunteers", 2, "email", "zoe@example.org")
    scenario.add(
        "volunteers",
        volunteer_id=volunteer_id,
        name=name,
        email=email,
        sector="Rail",
        latitude="52.9",
        longitude="-1.4",
    )
    scenario.add("availability", volunteer_id=volunteer_id, weekday="wed")
    return scenario


@FORMS
@pytest.mark.parametrize("volunteer_id", ["v1", "V7"])
def test_one_person_twice_is_one_warning_that_names_both_rows(volunteer_id: str, form: str, tmp_path: Path) -> None:
    (warning,) = warnings_of(listed_twice(volunteer_id=volunteer_id).write(form, tmp_path))
    assert f'as "V1" and "{volunteer_id}" in rows 2 and 4' in warning.found
    assert "never planned for two places at once" in warning.action


@FORMS
def test_a_mailbox_that_several_share_is_a_warning_too(form: str, tmp_path: Path) -> None:
    (warning,) = warnings_of(listed_twice("Ana Lee", "V7").write(form, tmp_path))
    assert warning.column == "email"
    assert '"V1" and "V7" in rows 2 and 4' in warning.found


def test_ids_that_look_the_same_are_a_warning_too(tmp_path: Path) -> None:
    (warning,) = warnings_of(listed_twice("Ana Lee", "v1", "").to_folder(tmp_path / "s"))
    assert "ids that look the same" in warning.found


def test_namesakes_with_mailboxes_of_their_own_are_no_matter(tmp_path: Path) -> None:
    assert warnings_of(listed_twice(NFC, "V7", "ali@example.org").to_folder(tmp_path / "s")) == []
