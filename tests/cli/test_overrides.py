"""A rule set aside knowingly: the plan has what it forbids, and says so beside it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.cli.program import FIRST_STEPS, here, well_here

REASON = "She is in town that week, and asked for it."


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """First steps, with somebody kept at a school that is too far away for her."""
    folder = Path(shutil.copytree(FIRST_STEPS, tmp_path / "scenario"))
    (folder / "pins.csv").write_text("session_id,volunteer_id,decision\nOAK-2,LENA,keep\n")
    return folder


def set_aside(scenario: Path, rule: str = "mode and distance") -> None:
    (scenario / "overrides.csv").write_text(
        f'session_id,volunteer_id,rule,reason\nOAK-2,LENA,{rule},"{REASON}"\n', encoding="utf-8"
    )


def test_without_it_the_pin_cannot_be_kept_and_with_it_the_plan_says_why(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    assert here("run", scenario, "--out", out, "--deterministic").code == 1
    set_aside(scenario)
    well_here("run", scenario, "--out", out, "--deterministic")
    assert ("OAK-2", "LENA") in {(row["session_id"], row["volunteer_id"]) for row in rows(out / "plan.csv")}
    (row,) = rows(out / "overrides.csv")
    assert row == {"session_id": "OAK-2", "volunteer_id": "LENA", "rule": "mode and distance", "reason": REASON}
    assert "All is well" in well_here("verify", out).out
    well_here("run", FIRST_STEPS, "--out", out, "--deterministic")
    assert not (out / "overrides.csv").exists(), "a plan that needs none has none"


def test_a_kept_plan_is_exported_with_it(scenario: Path, tmp_path: Path) -> None:
    set_aside(scenario)
    db = tmp_path / "matcher.db"
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--deterministic", "--quiet")
    well_here("export", "--db", db, "--out", tmp_path / "plan")
    assert [row["reason"] for row in rows(tmp_path / "plan" / "overrides.csv")] == [REASON]
    assert "All is well" in well_here("verify", "--db", db).out


@pytest.mark.parametrize("rule", ["safeguarding", "available"])
def test_what_is_never_overridden_is_refused_where_it_stands(scenario: Path, tmp_path: Path, rule: str) -> None:
    set_aside(scenario, rule)
    said = here("run", scenario, "--out", tmp_path / "plan")
    assert said.code == 1
    assert f'overrides.csv, row 2, column rule: found "{rule}"' in said.err
    assert not (tmp_path / "plan").exists()
