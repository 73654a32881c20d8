"""A plan that is not what the solver says it is never leaves the program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import cli
from matcher.domain import Plan, Problem, TierName, Visit
from matcher.errors import AuditRefused
from matcher.intake import read_scenario
from matcher.solving import search
from matcher.solving.progress import OnProgress, Settings
from matcher.solving.search import Solution, solve
from matcher.store import Workspace
from matcher.usecases.planning import make_plan
from tests.planning.random_terms import REPEATABLE

FIRST_STEPS = Path(__file__).parents[2] / "scenarios" / "first-steps"

Spoil = Callable[[Solution], Solution]


def claims(tier: TierName, more: int) -> Spoil:
    """A value that the plan does not have (and a bound that goes with it)."""
    return lambda found: replace(
        found,
        tiers=tuple(
            replace(score, value=score.value + more, bound=score.value + more) if score.tier is tier else score
            for score in found.tiers
        ),
    )


def bounds(tier: TierName, bound: Callable[[int], int]) -> Spoil:
    return lambda found: replace(
        found,
        tiers=tuple(replace(s, bound=bound(s.value)) if s.tier is tier else s for s in found.tiers),
    )


def double_books(found: Solution) -> Solution:
    """Dee, who is at OAK-1 on Monday 09:30 to 10:30, in ELM-1 on Monday at 10:00 as well."""
    elm = read_scenario(FIRST_STEPS).problem.sessions["ELM-1"]
    visits = {**found.plan.visits, "ELM-1": Visit(elm.slots[0], found.plan.visits["ELM-1"].team)}
    return replace(found, plan=Plan(visits))


def leaves_one_out(found: Solution) -> Solution:
    return replace(found, plan=Plan({name: visit for name, visit in found.plan.visits.items() if name != "OAK-2"}))


SPOILS = {
    "a better reach": (claims(TierName.REACH, 120), "reach: the solver says"),
    "a worse load": (claims(TierName.LOAD, 1), "load: the solver says"),
    "other role models": (claims(TierName.ROLE_MODELS, -1), "role_models: the solver says"),
    "a bound below the value": (bounds(TierName.PREFERENCES, lambda value: value - 1), "beyond the bound"),
    "a bound above what travel is": (bounds(TierName.TRAVEL, lambda value: value + 1), "beyond the bound"),
    "a double booking": (double_books, "one place at a time: "),
    "a session fewer than counted": (leaves_one_out, "reach: the solver says"),
}


@pytest.fixture(params=SPOILS.values(), ids=list(SPOILS))
def expected(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A solver that cheats, and what the audit says of it."""
    spoil, words = request.param

    def cheating(
        problem: Problem, settings: Settings, on_progress: OnProgress, *_: object, **_more: object
    ) -> Solution:
        found: Solution = spoil(solve(problem, settings, on_progress))
        return found

    monkeypatch.setattr(search, "solve", cheating)
    return str(words)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """The exit code of a command in this very process, where the solver is the cheating one."""
    monkeypatch.setattr(sys, "argv", ["matcher", *arguments])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return exit_.value.code


def test_a_plan_is_refused(expected: str) -> None:
    with pytest.raises(AuditRefused, match=expected):
        make_plan(read_scenario(FIRST_STEPS).problem, REPEATABLE, lambda progress: None)


def test_run_says_so_and_writes_nothing(
    expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "run", str(FIRST_STEPS), "--out", str(tmp_path / "plan"), "--deterministic") == 1
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "plan").exists()


def test_run_leaves_an_older_plan_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    arguments = ("run", str(FIRST_STEPS), "--out", str(out), "--deterministic", "--quiet")
    assert run(monkeypatch, *arguments) == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    monkeypatch.setattr(search, "solve", lambda *given, **more: double_books(solve(*given, **more)))
    assert run(monkeypatch, *arguments) == 1
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


def test_solve_says_so_and_keeps_no_run(
    expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = str(tmp_path / "matcher.db")
    with Workspace.open(db, create=True) as workspace:
        workspace.replace_tables(read_scenario(FIRST_STEPS).tables, "first-steps")
    assert run(monkeypatch, "solve", "--db", db, "--deterministic") == 1
    assert expected in capsys.readouterr().err
    with Workspace.open(db) as workspace:
        assert not workspace.runs()
