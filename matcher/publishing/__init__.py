"""Handing over a plan: tables for programs, calendars for people, a report for the coordinator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from matcher.domain import Problem, Result
from matcher.publishing.answered import AnswersSoFar
from matcher.publishing.disclosure import Told
from matcher.publishing.files import ensure_writable, put_in_place

__all__ = ["ensure_writable", "write_outputs"]


def write_outputs(
    problem: Problem,
    result: Result,
    out: Path,
    stamp: datetime,
    told: Sequence[Told] = (),
    tell: Callable[[Sequence[Told]], None] = lambda figures: None,
    heard: AnswersSoFar | None = None,
) -> None:
    """Write the files of the contract's section 5 into the folder `out`, all of them or none.

    `stamp` is when the plan was made, with a zone. `told` are the figures about people on earlier pages of the same
    term; those of this page are handed to `tell` before it is written. `heard` is what people answered; None:
    nobody was told. Raises OutputError.
    """
    from matcher.publishing.calendars import calendar_files
    from matcher.publishing.plan_files import overrides_csv, plan_csv, scores_json, sessions_csv
    from matcher.publishing.report import report_and_figures  # which draws, and takes long to load

    page, figures = report_and_figures(problem, result, stamp, told, heard)
    contents = {
        "plan.csv": plan_csv(problem, result),
        "sessions.csv": sessions_csv(problem, result),
        "scores.json": scores_json(result),
        "report.html": page,
        **calendar_files(problem, result.plan, stamp),
    }
    if problem.overrides:
        contents["overrides.csv"] = overrides_csv(problem)
    tell(figures)
    put_in_place(
        out,
        contents,
        folders={"calendars": ("volunteers", "schools")},
        gone=() if problem.overrides else ("overrides.csv",),  # of an earlier plan: it would excuse what it must not
    )
