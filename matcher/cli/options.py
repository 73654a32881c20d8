"""The arguments and options that several commands take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

Scenario = Annotated[Path, typer.Argument(help="A folder of CSV files with programme.toml, or an .xlsx workbook.")]
NewScenario = Annotated[Path, typer.Argument(help="A name ending in .xlsx for a workbook, else a folder.")]
Out = Annotated[Path, typer.Option(help="The folder to write to; made if it is not there.")]
Database = Annotated[
    str, typer.Option("--db", envvar="MATCHER_DB", help="The workspace: a file, or an SQLAlchemy URL.")
]
TimeLimit = Annotated[float, typer.Option(min=0.1, help="Seconds to search for.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Solvers at a time; one a processor unless said.")]
Seed = Annotated[int, typer.Option(min=0, max=2**30, help="Another seed takes another way through the search.")]
Deterministic = Annotated[
    bool, typer.Option(help="The same plan for the same input and seed; seconds are then the solvers' own.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but warnings and errors.")]
Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON object a line, for programs; with exact role_models, so for you alone."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
NothingToAsk = Annotated[bool, typer.Option("--yes", help="Taken as everywhere; nothing is asked here.")]
TemplatesOption = Annotated[Path | None, typer.Option(help="A folder with the programme's own letter templates.")]
ClockIsRight = Annotated[
    bool, typer.Option("--clock-is-right", help="Take this machine's clock for right, however far from the term.")
]
Now = Annotated[
    str | None,
    typer.Option("--now", metavar="MOMENT", help="Instead of the machine's clock, for rehearsals: 2026-10-14T09:30."),
]
By = Annotated[
    str | None, typer.Option("--by", envvar="MATCHER_BY", help="Who does it, for the journal, such as your name.")
]
Why = Annotated[str | None, typer.Option("--why", help="Why, for the journal, such as: rang on Monday, has flu.")]
Run = Annotated[int | None, typer.Option(min=1, help="The number of a run; the newest unless said.")]
WORKERS = os.cpu_count() or 1
DEFAULT_DB = "matcher.db"
