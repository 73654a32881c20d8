"""What the program makes itself can be run: the template, invented terms, and the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.intake import read_scenario
from tests.cli.program import DERBY, assert_complete, here, on_terminal, well, well_here


@pytest.mark.parametrize("name", ["my-term.xlsx", "my-term"], ids=["workbook", "folder"])
def test_the_template_can_be_run_as_it_is(name: str, tmp_path: Path) -> None:
    said = well("template", tmp_path / name)
    assert f"matcher run {tmp_path / name} --out plan" in said.out
    well_here("run", tmp_path / name, "--out", tmp_path / "plan", "--quiet")
    assert assert_complete(tmp_path / "plan", read_scenario(tmp_path / name).problem).visits
    again = here("template", tmp_path / name)
    assert again.code == 1, "nobody's work is overwritten"


def test_an_invented_term_can_be_run_and_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one.xlsx", "other"):
        said = well_here("scenario", tmp_path / name, "--schools", 3, "--volunteers", 20, "--seed", 9)
        assert said.out.startswith("3 schools, ")
    one, other = (read_scenario(tmp_path / name) for name in ("one.xlsx", "other"))
    assert one.tables == other.tables
    assert len(one.problem.volunteers) == 20
    well_here("run", tmp_path / "other", "--out", tmp_path / "plan", "--time-limit", 3, "--quiet")
    assert assert_complete(tmp_path / "plan", other.problem).visits


def test_the_demo_ends_with_what_to_open(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    said = on_terminal(("demo", "--out", out, "--time-limit", 2), columns=300)
    assert said.code == 0, said.out
    assert_complete(out, read_scenario(DERBY).problem)
    told = said.out.split("Open these:")[1]
    named = [Path(line.split()[0]) for line in told.splitlines() if line.strip().startswith(str(out))]
    assert [file.name for file in named][:2] == ["report.html", "plan.csv"]
    assert named[2].suffix == ".ics"
    assert all(file.is_file() for file in named)
