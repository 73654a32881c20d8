"""What is read all the same, and pointed out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from intake_scenario import Scenario, read, warnings_of

from matcher.domain import EthnicGroup, Gender
from matcher.intake.ethnicity import LABELS, ethnic_group

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])


@dataclass(frozen=True)
class Odd:
    """What is done to the scenario, and where and in which words it is pointed out."""

    name: str
    change: Callable[[Scenario], object]
    table: str
    row: int | None
    column: str
    words: tuple[str, ...]


def put_all(*cells: tuple[str, int, str, str]) -> Callable[[Scenario], None]:
    def change(scenario: Scenario) -> None:
        for one in cells:
            scenario.put(*one)

    return change


ODD = [
    Odd(
        "a slot on a closed day",
        put_all(("slots", 4, "start", "2026-10-26T09:30"), ("slots", 4, "end", "2026-10-26T10:30")),
        "slots",
        4,
        "start",
        ("2026-10-26, a day that is closed", "not used"),
    ),
    Odd(
        "a slot on a day on which its school is closed",
        lambda s: s.put("schools", 3, "closed", "2026-10-15"),
        "slots",
        4,
        "start",
        ('2026-10-15, a day on which "Beech Primary School" is closed', "not used"),
    ),
    Odd(
        "what took place of a session that is not in the spreadsheet",
        lambda s: s.add("visits", session_id="C", happened="yes"),
        "visits",
        4,
        "session_id",
        ("not in the table sessions", "row 4", "The row is kept"),
    ),
    Odd(
        "people who came and are not in the spreadsheet",
        lambda s: (
            s.add("visits", session_id="B", happened="yes", came="V8"),
            put_all(("visits", 2, "came", "V1;V9"))(s),
        ),
        "visits",
        2,
        "came",
        ("not in the table volunteers, in rows 2 and 4", "The row is kept"),
    ),
    Odd(
        "what took place of a cohort that takes no part",
        lambda s: s.put("visits", 2, "cohort_id", "S2-Y5"),
        "visits",
        2,
        "cohort_id",
        ('"S2-Y5", which does not take part in "A"',),
    ),
    Odd(
        "a slot outside the term",
        put_all(("slots", 4, "start", "2026-12-19T09:30"), ("slots", 4, "end", "2026-12-19T10:30")),
        "slots",
        4,
        "start",
        ("outside the term, 2026-09-07 to 2026-12-18",),
    ),
    Odd(
        "the same slot twice",
        lambda s: s.add("slots", session_id="A", start="2026-10-13 09:30", end="2026-10-13 10:30"),
        "slots",
        5,
        "start",
        ("as in row 3", "used once"),
    ),
    Odd(
        "a session without slots",
        lambda s: s.tables["slots"].pop(),
        "sessions",
        3,
        "session_id",
        ('no slot for "B"', "cannot be delivered"),
    ),
    Odd(
        "a volunteer who is never free",
        lambda s: s.tables["availability"].pop(),
        "volunteers",
        3,
        "volunteer_id",
        ('when "V2" is free',),
    ),
    Odd(
        "a volunteer with nothing but a no",
        lambda s: s.put("availability", 4, "available", "no"),
        "volunteers",
        3,
        "volunteer_id",
        ("available = yes",),
    ),
    Odd(
        "a volunteer without a position",
        put_all(("volunteers", 2, "latitude", ""), ("volunteers", 2, "longitude", "")),
        "volunteers",
        2,
        "latitude",
        ("taken to be 10 km",),
    ),
    Odd(
        "a school without a position",
        put_all(("schools", 2, "latitude", ""), ("schools", 2, "longitude", "")),
        "schools",
        2,
        "latitude",
        ("taken to be 10 km",),
    ),
    Odd(
        "an ethnicity that is not the census's",
        put_all(("volunteers", 2, "ethnicity", "Yorkshire")),
        "volunteers",
        2,
        "ethnicity",
        ("not one of the census's", "unknown"),
    ),
    Odd(
        "genders in letters",
        put_all(("volunteers", 2, "gender", "F")),
        "volunteers",
        None,
        "gender",
        ("1 of 1 values", "write these two out"),
    ),
    Odd(
        "a column that is not known",
        put_all(("volunteers", 1, "e-mial", "e-mial")),
        "volunteers",
        1,
        "e-mial",
        ("Did you mean email?", "not used"),
    ),
    Odd(
        "shares in a column of per cents",
        put_all(("schools", 2, "pupil_premium_percent", "0.355")),
        "schools",
        None,
        "pupil_premium_percent",
        ("write 0.35 as 35",),
    ),
    Odd(
        "a key that is not known",
        lambda s: s.programme.update({"limits.same_employers": 3}),
        "programme",
        None,
        "",
        ("Did you mean limits.same_employer?", "not used"),
    ),
    Odd("a table without rows", lambda s: s.tables["preferences"].clear(), "", None, "", ()),
]


@FORMS
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_what_is_odd_is_pointed_out_once_and_where_it_stands(odd: Odd, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    odd.change(scenario)
    found = warnings_of(scenario.write(form, tmp_path))
    if not odd.table:
        assert found == []
        return
    assert len(found) == 1, [str(warning) for warning in found]
    (warning,) = found
    place = warning.file if form == "folder" else warning.sheet
    assert place.removesuffix(".csv").removesuffix(".toml") == odd.table
    assert warning.column == odd.column
    if odd.table != "programme":
        assert warning.row == odd.row
    for words in odd.words:
        assert words in str(warning)


@FORMS
@pytest.mark.parametrize(
    ("start", "why"),
    [("2026-10-26T09:30", "a day that is closed"), ("2027-01-12T09:30", "outside the term, 2026-09-07 to 2026-12-18")],
)
def test_to_rule_out_a_start_that_is_never_used_changes_nothing(
    start: str, why: str, form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.put("pins", 3, "start", start)
    scenario.put("slots", 3, "start", start)
    scenario.put("slots", 3, "end", start.replace("09:30", "10:30"))
    intake = read(scenario.write(form, tmp_path))
    slot, pin = intake.warnings
    assert (slot.row, pin.row, pin.column) == (3, 3, "start")
    assert why in pin.found
    assert "The pin changes nothing" in pin.action
    assert [pin.volunteer_id for pin in intake.problem.pins] == ["V1"]


def test_only_those_who_travel_need_a_position(tmp_path: Path) -> None:
    scenario = Scenario()
    for table, row in (("volunteers", 3), ("schools", 3)):  # a virtual volunteer, a school with a virtual session only
        scenario.put(table, row, "latitude", "")
        scenario.put(table, row, "longitude", "")
    assert warnings_of(scenario.to_folder(tmp_path / "s")) == []


def test_files_and_sheets_that_are_not_known_are_named(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "prefrences.csv").write_text("x")
    (warning,) = warnings_of(folder)
    assert warning.file == "prefrences.csv"
    assert "Did you mean preferences?" in warning.action
    book = Scenario().workbook()
    book.create_sheet("Sheet1")
    book.save(tmp_path / "s.xlsx")
    (warning,) = warnings_of(tmp_path / "s.xlsx")
    assert warning.where == "s.xlsx, sheet Sheet1"


def test_a_slot_that_is_never_used_stays_with_its_session(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("slots", 4, "start", "2026-10-26T09:30")
    scenario.put("slots", 4, "end", "2026-10-26T10:30")
    problem = read(scenario.to_folder(tmp_path / "s")).problem
    assert [slot.day for slot in problem.sessions["B"].slots] == [date(2026, 10, 26)]
    assert problem.open_slots(problem.sessions["B"]) == []


def test_no_consent_no_warning(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 3, "gender", "M")
    scenario.put("volunteers", 3, "ethnicity", "Yorkshire")
    assert warnings_of(scenario.to_folder(tmp_path / "s")) == []


def test_a_persons_own_word_is_a_gender_that_is_known(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 3, "matching_consent", "yes")
    scenario.put("volunteers", 2, "gender", "non-binary")
    problem = read(scenario.to_folder(tmp_path / "s")).problem
    assert [person.gender for person in problem.volunteers.values()] == [Gender.OTHER, Gender.MAN]


# ------------------------------------------------------------------------------------------------------- the census


def test_there_are_nineteen_labels() -> None:
    assert sum(map(len, LABELS.values())) == 19


@pytest.mark.parametrize(("group", "label"), [(group, label) for group, labels in LABELS.items() for label in labels])
def test_a_label_of_the_census_names_its_group_in_any_case(group: EthnicGroup, label: str) -> None:
    assert ethnic_group(label) is group
    assert ethnic_group(f"  {label.upper()} ") is group


@pytest.mark.parametrize("group", EthnicGroup)
def test_a_group_names_itself(group: EthnicGroup) -> None:
    assert ethnic_group(group.value) is group
    assert ethnic_group(group.value.title()) is group


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ("Asian, Asian British or Asian Welsh", EthnicGroup.ASIAN),
        ("Asian, Asian British or Asian Welsh: Indian", EthnicGroup.ASIAN),
        ("Asian, Asian British or Asian Welsh: Other Asian", EthnicGroup.ASIAN),
        ("Any other Asian background", EthnicGroup.ASIAN),
        ("Black, Black British, Black Welsh, Caribbean or African: African", EthnicGroup.BLACK),
        ("Black, Black British, Black Welsh, Caribbean or African: Other Black", EthnicGroup.BLACK),
        ("Any other Black, Black British, or Caribbean background", EthnicGroup.BLACK),
        ("Mixed or Multiple ethnic groups: White and Black Caribbean", EthnicGroup.MIXED),
        ("Mixed or Multiple ethnic groups: Other Mixed or Multiple ethnic groups", EthnicGroup.MIXED),
        ("Mixed/Multiple ethnic groups", EthnicGroup.MIXED),
        ("White & Asian", EthnicGroup.MIXED),
        ("White: English, Welsh, Scottish, Northern Irish or British", EthnicGroup.WHITE),
        ("English / Welsh / Scottish / Northern Irish / British", EthnicGroup.WHITE),
        ("White: Gypsy or Irish Traveller", EthnicGroup.WHITE),
        ("White: Other White", EthnicGroup.WHITE),
        ("Any other White background", EthnicGroup.WHITE),
        ("Other ethnic group", EthnicGroup.OTHER),
        ("Other ethnic group: Arab", EthnicGroup.OTHER),
        ("Other ethnic group: Any other ethnic group", EthnicGroup.OTHER),
    ],
)
def test_the_long_forms_are_known(words: str, group: EthnicGroup) -> None:
    assert ethnic_group(words) is group


@pytest.mark.parametrize(
    "words", ["", "group", "British", "African American", "White: Asian", "prefer not to say", "?"]
)
def test_nothing_is_guessed(words: str) -> None:
    assert ethnic_group(words) is None


# -------------------------------------------------------------------------------------------------- what took place


def test_a_session_of_an_earlier_term_is_known_by_whom_its_classes_met(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.add("visits", session_id="last-year-1", happened="yes", came="V1")
    folder = scenario.to_folder(tmp_path / "s")
    assert warnings_of(folder) == []
    assert "last-year-1" in {record.session_id for record in read(folder).problem.records}
