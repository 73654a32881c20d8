"""Handing over a plan: tables for programs, calendars for people, a report for the coordinator."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from matcher.domain import Problem, Result
from matcher.publishing.calendars import calendar_files
from matcher.publishing.files import ensure_writable, put_in_place
from matcher.publishing.plan_files import plan_csv, scores_json, sessions_csv
from matcher.publishing.report import report_html

__all__ = ["ensure_writable", "write_outputs"]


def write_outputs(problem: Problem, result: Result, out: Path, stamp: datetime) -> None:
    """Write the files of the contract's section 5 into the folder `out`, all of them or none.

    `stamp` is when the plan was made, with a zone. Raises OutputError.
    """
    contents = {
        "plan.csv": plan_csv(problem, result),
        "sessions.csv": sessions_csv(problem, result),
        "scores.json": scores_json(result),
        "report.html": report_html(problem, result, stamp),
        **calendar_files(problem, result.plan, stamp),
    }
    put_in_place(out, contents, folders={"calendars": ("volunteers", "schools")})
