"""What only resembles a column or table on which safety rests is refused; what means something else is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from headings import AT_HOME, OTHERS, misspelt
from intake_scenario import Scenario, problems_of, read, warnings_of

from matcher.intake.resemblance import resembles_column, resembles_table
from matcher.tables import TABLES

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])
HOMES = {column.name: table.name for table in TABLES for column in table.columns if column.safety}


def test_there_are_enough_headings_of_both_kinds() -> None:
    assert len(set(OTHERS)) >= 200
    assert len(set(misspelt())) >= 150


def test_every_column_on_which_safety_rests_is_marked() -> None:
    assert {*("supervised", "checked_until", "excluded_schools", "matching_consent", "available", "decision")} == set(
        HOMES
    )
    assert [table.name for table in TABLES if table.safety] == [
        *("sessions", "volunteers", "availability", "encounters", "pins")
    ]


@pytest.mark.parametrize(("heading", "column"), misspelt())
def test_a_misspelt_heading_is_known_for_what_it_resembles_in_every_table(heading: str, column: str) -> None:
    assert {table.name: resembles_column(heading, table.name) for table in TABLES} == {
        table.name: column for table in TABLES
    }


@pytest.mark.parametrize("column", [*HOMES, "relation"])
def test_any_letter_may_be_missing_doubled_wrong_or_swapped_with_the_next(column: str) -> None:
    for n, letter in enumerate(column):
        before, after = column[:n], column[n + 1 :]
        wrong = [before + after, before + 2 * letter + after, before + "x" + after, before + "q" + letter + after]
        wrong += [before + after[:1] + letter + after[1:]]
        for heading in set(wrong) - {column, column.replace("_", "")}:
            for text in (heading, f"is_{heading}", f"{heading} (yes/no)", heading.replace("_", "")):
                if text not in (column, column.replace("_", "")):
                    assert resembles_column(text, "schools") == column, text


@pytest.mark.parametrize("heading", OTHERS)
def test_a_heading_that_means_something_else_is_none_of_them(heading: str) -> None:
    at_home = [name for name in HOMES.values() if not (name == "pins" and "decision" in heading.casefold())]
    at_home += [table.name for table in TABLES if table.name not in HOMES.values()]
    if heading == "Exclusions":  # which are pupils', but in the table volunteers
        at_home = [name for name in at_home if name != "volunteers"]
    assert {name: resembles_column(heading, name) for name in at_home} == dict.fromkeys(at_home)


@pytest.mark.parametrize(
    ("table", "heading", "column"),
    [(table, heading, column) for table, (column, headings) in AT_HOME.items() for heading in headings],
)
def test_in_its_own_table_a_part_of_a_name_is_enough(table: str, heading: str, column: str) -> None:
    assert resembles_column(heading, table) == column
    assert resembles_column(heading, "cohorts") is None


@FORMS
@pytest.mark.parametrize(
    ("table", "heading"), [("sessions", "supervized"), ("schools", "Supervised"), ("slots", "isAvailable")]
)
def test_a_heading_that_resembles_one_of_them_ends_the_reading_with_what_to_do(
    table: str, heading: str, form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.put(table, 2, heading, "no")
    (problem,) = problems_of(scenario.write(form, tmp_path))
    column = resembles_column(heading, table)
    assert (problem.row, problem.column) == (1, heading)
    assert table in (problem.file.removesuffix(".csv"), problem.sheet)
    assert f"resembles the column {column}" in problem.found
    assert "safety" in problem.found
    assert "ignore_columns" in problem.action
    assert f'"{heading}"' in problem.action
    if table != HOMES[str(column)]:
        assert f"belongs into the table {HOMES[str(column)]}" in problem.action


@FORMS
def test_a_required_column_that_is_misspelt_is_one_problem(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables["pins"][0][-1] = "desicion"
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert "resembles the column decision" in problem.found


@FORMS
def test_other_headings_are_warned_of_as_ever(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("sessions", 2, "Supervisor", "Ms Oak")
    scenario.put("availability", 2, "unavailable", "yes")
    found = warnings_of(scenario.write(form, tmp_path))
    assert [(warning.column, warning.found) for warning in found] == [
        ("Supervisor", "a column that is not known"),
        ("unavailable", "a column that is not known"),
    ]


# -------------------------------------------------------------------------------------------------- the way out


@FORMS
@pytest.mark.parametrize("entry", ["supervised by", "Supervised_By", "sessions.supervised by"])
def test_columns_to_ignore_are_passed_over_without_a_word(entry: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("sessions", 2, "supervised by", "Ms Oak")
    scenario.put("schools", 2, "colour", "red")
    scenario.programme["ignore_columns"] = ["colour", entry]
    intake = read(scenario.write(form, tmp_path))
    assert intake.warnings == ()
    assert "ignore_columns" not in intake.tables.programme


@FORMS
def test_a_column_is_ignored_in_the_table_that_is_named_alone(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("schools", 2, "supervised", "no")
    scenario.put("cohorts", 2, "supervised", "no")
    scenario.programme["ignore_columns"] = ["schools.supervised"]
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert "cohorts" in problem.where


@FORMS
@pytest.mark.parametrize("entry", ["supervised", "Excluded Schools", "volunteers.checked_until", "name"])
def test_a_column_that_is_read_cannot_be_ignored(entry: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["ignore_columns"] = [entry]
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert problem.column == "ignore_columns"
    assert f'"{entry}", which is a column of the table' in problem.found


def test_what_is_to_be_ignored_is_text(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["ignore_columns"] = [True]
    (problem,) = problems_of(scenario.to_folder(tmp_path / "s"))
    assert "not text" in problem.found


# ------------------------------------------------------------------------------------------------- names of tables

NEARLY = [
    *(
        "pin",
        "Pin",
        "pinns",
        "pnis",
        "avalability",
        "availabilty",
        "availabilities",
        "encounter",
        "encouters",
        "volunteer",
    ),
    *("volunters", "volonteers", "session", "sesions", "Sessions.", "pins!"),
]
QUALIFIED = [
    *(
        "Pins (2)",
        "Copy of pins",
        "pins - Table 1",
        "pins 2026",
        "encounters_old",
        "Encounters (1)",
        "my pins",
        "pins new",
    ),
    *("pin list", "encounter data", "pins.csv"),
]
OTHER_NAMES = [
    *("notes", "help", "Sheet1", "Sheet 2", "session ideas", "session plans", "volunteer agreement", "waiting list"),
    *(
        "Volunteers waiting list",
        "contacts",
        "counters",
        "pics",
        "pens",
        "plans",
        "points",
        "sections",
        "seasons",
        "README",
    ),
    *(
        "mission",
        "unavailability",
        "Form responses 1",
        "Pivot",
        "Summary",
        "Dashboard",
        "lookup",
        "lists",
        "schools 2025",
    ),
    *("sectors old", "preferences2", "opening times", "encounters with wildlife", "pinboard", "spinning"),
]


@pytest.mark.parametrize("name", NEARLY)
def test_a_misspelt_name_of_a_table_is_known(name: str) -> None:
    table, misspelt = resembles_table(name) or ("", False)
    assert table
    assert misspelt


@pytest.mark.parametrize("name", QUALIFIED)
def test_a_name_of_a_table_with_more_words_is_known_too(name: str) -> None:
    table, misspelt = resembles_table(name) or ("", True)
    assert table
    assert not misspelt


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_that_means_something_else_is_no_table(name: str) -> None:
    assert resembles_table(name) is None


@FORMS
@pytest.mark.parametrize("name", ["pin", "Pins (2)", "pins - Table 1"])
def test_a_near_miss_of_an_absent_table_is_refused(name: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables[name] = scenario.tables.pop("pins")
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert name in problem.where
    assert "resembles pins" in problem.found
    assert "rename it to pins" in problem.action


@FORMS
def test_a_required_table_under_a_name_that_is_nearly_its_own_is_one_problem(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables["avalability"] = scenario.tables.pop("availability")
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert "resembles availability" in problem.found


@FORMS
def test_a_misspelt_table_beside_the_right_one_is_refused_but_an_old_copy_only_warned_of(
    form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.tables["Volunteers 2025"] = scenario.tables["volunteers"]
    (warning,) = warnings_of(scenario.write(form, tmp_path / "old"))
    assert "not used" in warning.action
    scenario.tables["volunters"] = scenario.tables.pop("Volunteers 2025")
    (problem,) = problems_of(scenario.write(form, tmp_path / "typo"))
    assert "There is a table volunteers too" in problem.action


@pytest.mark.parametrize("name", ["pins.xlsx", "Pins.txt", "pins.csv.txt", "pins (2).ods"])
def test_a_table_of_pins_in_another_form_is_refused_rather_than_passed_over(name: str, tmp_path: Path) -> None:
    scenario = Scenario()
    del scenario.tables["pins"]
    folder = scenario.to_folder(tmp_path / "s")
    (folder / name).write_bytes(b"x")
    (problem,) = problems_of(folder)
    assert problem.file == name
    assert "pins.csv" in problem.action


def test_other_files_beside_the_tables_stay_unasked(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    for name in ("README.txt", "volunteers.xlsx", "letter.docx", "notes.txt", "term.xlsx"):
        (folder / name).write_bytes(b"x")
    assert warnings_of(folder) == []


def test_a_row_of_thousands_of_long_headings_is_read(tmp_path: Path) -> None:
    book = Scenario().workbook()
    for column in range(100, 16_000):
        book["sectors"].cell(1, column, f"superv{column}visedx availability checked {column} " * 8)
    book.save(tmp_path / "s.xlsx")
    assert len(warnings_of(tmp_path / "s.xlsx")) > 10_000
