"""Workspaces with first steps published, many years on, so that every visit is still to come."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli.program import FIRST_STEPS, well_here
from tests.cli.test_odd_names import rewrite

YEARS = timedelta(weeks=52 * 20)  # the same weekdays


def scenario_later(folder: Path, changes: dict[str, dict[str, dict[str, str]]] | None = None) -> Path:
    """First steps many years on; `changes` rewrites columns of some rows of some tables."""
    scenario = folder / "scenario"
    shutil.copytree(FIRST_STEPS, scenario)
    for file in scenario.iterdir():
        if file.suffix in (".csv", ".toml"):
            text = file.read_text(encoding="utf-8")
            text = re.sub(r"20\d\d-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + YEARS), text)
            file.write_text(text, encoding="utf-8")
    for table, rows in (changes or {}).items():
        rewrite(scenario / f"{table}.csv", rows)
    return scenario


@cache
def _published() -> bytes:
    with TemporaryDirectory() as name:
        db = Path(name, "matcher.db")
        well_here("import", scenario_later(Path(name)), "--db", db, "--quiet")
        well_here("solve", "--db", db, "--deterministic", "--quiet")
        well_here("publish", "--db", db, "--yes", "--no-letters")
        return db.read_bytes()


def publish_later(folder: Path) -> Path:
    """A copy of such a workspace."""
    db = folder / "matcher.db"
    db.write_bytes(_published())
    db.chmod(0o600)
    return db
