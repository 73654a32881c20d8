"""A run keeps its verdict: reading it judges nothing, publishing judges again, and no change of rules shuts it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from matcher.domain import Finding, Plan, Problem
from matcher.rules.load_limit import LoadLimit
from matcher.store import Workspace
from matcher.usecases import planning
from tests.cli.program import here, well_here
from tests.cli.publishing_workspaces import publish_later


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return publish_later(tmp_path)


def edit(db: Path, sql: str) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql)


@pytest.fixture
def stricter(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule finds something in every plan that it did not find when `db` was made."""
    assert db.exists()

    def check(self: LoadLimit, problem: Problem, plan: Plan) -> Iterator[Finding]:
        yield Finding("load", (), 1, "Nobody may travel any more.")

    monkeypatch.setattr(LoadLimit, "check", check)


def ledger(db: Path) -> object:
    with Workspace.open(str(db)) as workspace:
        return planning.load_run(workspace, 1)[2].ledger


@pytest.mark.usefixtures("stricter")
def test_a_rule_that_changed_leaves_old_runs_readable(db: Path, tmp_path: Path) -> None:
    assert "run 1" in well_here("show", "--db", db).out
    well_here("export", "--db", db, "--out", tmp_path / "plan")
    assert (tmp_path / "plan" / "report.html").is_file()
    assert "All is well" in well_here("verify", "--db", db).out


@pytest.mark.usefixtures("stricter")
def test_what_the_rules_of_today_refuse_is_not_published(db: Path) -> None:
    said = here("publish", "1", "--db", db, "--yes", "--no-letters")
    assert said.code == 1
    assert "Run 1" in said.err and "Nobody may travel any more." in said.err and "matcher solve" in said.err
    assert "defect of matcher" not in said.err
    with Workspace.open(str(db)) as workspace:
        assert len(workspace.versions()) == 1


def test_a_ledger_is_kept_as_it_was_judged(db: Path, request: pytest.FixtureRequest) -> None:
    before = ledger(db)
    assert before
    request.getfixturevalue("stricter")
    assert ledger(db) == before


def test_a_run_kept_without_its_ledger_gets_one_when_it_is_first_read(db: Path) -> None:
    before = ledger(db)
    edit(db, "UPDATE runs SET ledger = NULL, seal = NULL")
    assert ledger(db) == before
    with closing(sqlite3.connect(db)) as connection:
        kept, seal = connection.execute("SELECT ledger, seal FROM runs").fetchone()
    assert json.loads(kept) and len(seal) == 64


def test_a_run_without_its_ledger_that_todays_rules_refuse_is_shown_without(
    db: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("stricter")
    edit(db, "UPDATE runs SET ledger = NULL, seal = NULL")
    assert ledger(db) == ()
    well_here("show", "--db", db)
    well_here("export", "--db", db, "--out", tmp_path / "plan")
    well_here("verify", "--db", db)
