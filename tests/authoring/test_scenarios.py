"""The scenarios that come with the program: they read without a problem, and first-steps' README is right."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import pytest

from matcher.authoring.derby import derby
from matcher.authoring.write import write_folder, write_workbook
from matcher.domain import Plan, Problem, Session, Visit
from matcher.intake import read_scenario
from tests.oracle import score, violations

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BESIDE = Path(__file__).parents[3] / "shared" / "data" / "england_primary_schools.csv"
REGISTER = Path(os.environ.get("MATCHER_REGISTER", BESIDE))


def visits(problem: Problem, session: Session) -> Iterator[Visit | None]:
    """Not delivered, or delivered in any way that breaks no rule by itself."""
    yield None
    for slot in session.slots:
        for size in range(session.min_volunteers, session.max_volunteers + 1):
            for team in combinations(problem.volunteers, size):
                visit = Visit(slot, team)
                if not violations(problem, Plan({session.session_id: visit})):
                    yield visit


def every_plan(problem: Problem) -> Iterator[Plan]:
    """Every plan that breaks no rule (there are no `keep` pins)."""
    for choice in product(*(list(visits(problem, session)) for session in problem.sessions.values())):
        plan = Plan({key: visit for key, visit in zip(problem.sessions, choice, strict=True) if visit is not None})
        if not violations(problem, plan):
            yield plan


def test_first_steps_is_as_its_readme_says() -> None:
    problem = read_scenario(SCENARIOS / "first-steps").problem
    scored = []
    for plan in every_plan(problem):
        tiers = score(problem, plan)
        scored.append(
            ((tiers["reach"], tiers["role_models"], tiers["preferences"], -tiers["load"], -tiers["travel"]), plan)
        )
    scored.sort(key=lambda item: item[0], reverse=True)
    (best, plan), (second, _) = scored[:2]
    assert best == (39_600, 754_160, 3, -8, -210)
    assert second < best, "the best plan is unique"
    assert {key: (f"{visit.slot.start:%a %d %b}", set(visit.team)) for key, visit in plan.visits.items()} == {
        "OAK-1": ("Mon 05 Oct", {"DEE", "FRED"}),
        "OAK-2": ("Wed 07 Oct", {"ADA", "RAFI"}),
        "ELM-1": ("Tue 06 Oct", {"DEE", "LENA", "NICK"}),
    }
    readme = (SCENARIOS / "first-steps" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\*\*([\d,]+)\*\*", readme) == ["39,600", "754,160", "3", "8", "210"]
    assert f"({len(scored)} of them)" in readme


def test_derby_reads_the_same_in_both_forms() -> None:
    folder, workbook = read_scenario(SCENARIOS / "derby"), read_scenario(SCENARIOS / "derby.xlsx")
    assert folder.tables == workbook.tables
    assert folder.problem == workbook.problem
    assert len(folder.problem.schools) == 33
    assert len(folder.problem.sessions) == 200
    assert len(folder.problem.volunteers) == 300


def test_every_figure_of_derby_names_its_source() -> None:
    tables = read_scenario(SCENARIOS / "derby").tables
    for row in (*tables.rows["sectors"], *tables.rows["occupations"]):
        assert re.match("ONS|WISE|GMC|assumption", str(row["source"]))


def test_derbys_people_cannot_be_written_to_by_mistake() -> None:
    problem = read_scenario(SCENARIOS / "derby").problem
    addresses = [person.email for person in problem.volunteers.values()]
    addresses += [school.contact_email for school in problem.schools.values()]
    assert all(address.endswith(("@example.org", ".example")) and address.isascii() for address in addresses)


@pytest.mark.skipif(not REGISTER.exists(), reason="no shared data: the national register stands beside this repository")
def test_derby_is_made_again_to_the_last_byte(tmp_path: Path) -> None:
    tables = derby(REGISTER)
    write_folder(tables, tmp_path / "derby")
    write_workbook(tables, tmp_path / "derby.xlsx")
    assert (tmp_path / "derby.xlsx").read_bytes() == (SCENARIOS / "derby.xlsx").read_bytes()
    for file in (tmp_path / "derby").iterdir():
        assert file.read_bytes() == (SCENARIOS / "derby" / file.name).read_bytes()
