"""A workbook made to hurt is refused or read, with bounded work and within 300 MB, and the process lives."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import hostile_workbooks
import pytest
from intake_scenario import Scenario, problems_of, read

CALLS = 100_000_000  # the worst takes a third of that, 5 s on a quiet machine
PATIENCE = 240  # seconds until it is taken to hang; nothing is measured here
MEGABYTES = 300
REPOSITORY = Path(__file__).parents[2]

READING = f"""
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
from matcher.errors import InputProblems
from matcher.intake import read_scenario
from tests.counting import calls_made
def reading():
    try:
        read_scenario(Path(sys.argv[1]))
        print("read")
    except InputProblems as refused:
        print(len(refused.problems), refused.problems[0])
calls_made(reading, at_most={CALLS})
# not ru_maxrss: before it has changed its program, a child has the size of its parent
status = Path("/proc/self/status")
if status.exists():
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < {MEGABYTES}_000, peak
"""


def read_in_a_process_of_its_own(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READING, str(path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", hostile_workbooks.REFUSED)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    said = read_in_a_process_of_its_own(hostile_workbooks.REFUSED[name](tmp_path / "trap.xlsx"))
    assert "trap.xlsx" in said


@pytest.mark.parametrize("name", hostile_workbooks.READ)
def test_it_is_read(name: str, tmp_path: Path) -> None:
    assert read_in_a_process_of_its_own(hostile_workbooks.READ[name](tmp_path / "trap.xlsx")) == "read"


def test_a_limit_that_is_reached_ends_the_reading_with_one_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(hostile_workbooks.a_million_rows_of_one_cell(tmp_path / "s.xlsx"))
    assert (problem.sheet, problem.found) == ("volunteers", "more than 150,000 rows")


def test_a_cell_in_the_last_corner_is_said_to_stand_there(tmp_path: Path) -> None:
    (problem,) = problems_of(hostile_workbooks.a_cell_in_the_last_corner(tmp_path / "s.xlsx"))
    assert (problem.row, problem.column) == (1_048_576, "XFD")


@pytest.mark.parametrize("dimension", [b"A1", b"A1:B2", b"A1:XFD1048576", b"nonsense", b"ZZZZ1:A0"])
def test_what_a_sheet_says_of_its_size_does_not_matter(dimension: bytes, tmp_path: Path) -> None:
    path = hostile_workbooks.a_wrong_dimension(tmp_path / "s.xlsx", dimension)
    assert read(path).problem == read(Scenario().to_folder(tmp_path / "good")).problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"cohort_id,school_id\n", "not a workbook, whatever its name says"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "password-protected"),
        (b"PK\x05\x06" + bytes(18), "not a workbook"),
        (b"PK\x03\x04" + bytes(5000), "cut short"),
        (b"PK\x03\x04" + b"PK\x05\x06" * 2000, "damaged"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "s.xlsx").write_bytes(content)
    (problem,) = problems_of(tmp_path / "s.xlsx")
    assert words in problem.found


def test_another_kind_of_archive_is_no_workbook(tmp_path: Path) -> None:
    path = hostile_workbooks.written(
        tmp_path / "s.xlsx", {"mimetype": b"application/vnd.oasis", "content.xml": b"<x/>"}
    )
    (problem,) = problems_of(path)
    assert problem.found == "a zip archive that is not a workbook"


def test_a_folder_of_that_name_is_read_as_a_folder(tmp_path: Path) -> None:
    assert len(read(Scenario().to_folder(tmp_path / "s.xlsx")).problem.schools) == 2


# ------------------------------------------------------------------------------- workbooks that only look unusual


def good_in_another_form(path: Path, parts: dict[str, bytes]) -> None:
    hostile_workbooks.written(path, parts)
    assert read(path).problem == read(Scenario().to_folder(path.parent / "good")).problem


def test_texts_may_stand_in_a_part_of_their_own(tmp_path: Path) -> None:
    good_in_another_form(tmp_path / "s.xlsx", hostile_workbooks.with_shared_texts(hostile_workbooks.parts()))


def test_texts_may_be_in_pieces_and_have_a_reading_aid(tmp_path: Path) -> None:
    parts = hostile_workbooks.with_shared_texts(hostile_workbooks.parts())
    texts = parts["xl/sharedStrings.xml"].replace(
        "<t>Zoë Ali</t>".encode(),
        "<r><t>Zoë </t></r><r><rPr><b/></rPr><t>Ali</t></r><rPh><t>not read</t></rPh>".encode(),
    )
    assert texts != parts["xl/sharedStrings.xml"]
    good_in_another_form(tmp_path / "s.xlsx", {**parts, "xl/sharedStrings.xml": texts})


def test_every_element_may_have_a_prefix(tmp_path: Path) -> None:
    parts = hostile_workbooks.parts()
    for name, content in parts.items():
        if name.startswith("xl/") and name.endswith(".xml"):
            parts[name] = re.sub(rb"<(/?)(?=\w)", rb"<\1x:", content).replace(b"xmlns=", b"xmlns:x=")
    good_in_another_form(tmp_path / "s.xlsx", parts)


def test_cells_and_rows_may_leave_out_where_they_stand(tmp_path: Path) -> None:
    parts = hostile_workbooks.parts()
    name = hostile_workbooks.part_of("slots", parts)  # it has no blank cells
    parts[name] = re.sub(rb'(<(?:c|row)) r="\w+"', rb"\1", parts[name])
    good_in_another_form(tmp_path / "s.xlsx", parts)


def test_characters_that_xml_cannot_hold_are_read_and_half_characters_left_alone(tmp_path: Path) -> None:
    written = b"Zo\xc3\xab_x0007_ _x000A_b _x005F_x0041_ _xD83D_"
    path = hostile_workbooks.changed(
        tmp_path / "s.xlsx", "xl/sharedStrings.xml", lambda xml: xml.replace("Zoë Ali".encode(), written)
    )
    assert read(path).problem.volunteers["V1"].name == "Zoë\x07 \nb _x0041_ _xD83D_"
