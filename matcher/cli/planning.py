"""The commands of planning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from matcher import usecases
from matcher.cli.console import (
    Reporter,
    Voice,
    comparison_table,
    new_console,
    new_table,
    plan_tables,
    score_table,
)
from matcher.cli.options import (
    DEFAULT_DB,
    WORKERS,
    Database,
    Deterministic,
    Json,
    NothingToAsk,
    Out,
    Quiet,
    Run,
    Scenario,
    Seed,
    TimeLimit,
    Workers,
)
from matcher.cli.shared import ENDING, staleness, warn_of
from matcher.domain import TierName
from matcher.errors import OutputError
from matcher.times import time_text
from matcher.wording import one_line

if TYPE_CHECKING:
    from matcher.usecases.planning import Made
    from matcher.usecases.told import Gap

app = typer.Typer()


@app.command(short_help="Plan a spreadsheet's term, once")
def run(
    scenario: Scenario,
    out: Out,
    time_limit: TimeLimit = 60,
    workers: Workers = WORKERS,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    quiet: Quiet = False,
    as_json: Json = False,
    yes: NothingToAsk = False,
) -> None:
    """Makes the term's plan from a scenario, with a report and calendars. Ctrl-C ends with the best plan so far."""
    voice = Voice.of(quiet=quiet, as_json=as_json)
    settings = usecases.planning.Settings(time_limit, workers, seed, deterministic)
    with Reporter(voice) as reporter:
        made = usecases.planning.run(scenario, out, settings, reporter.progress, reporter.warn, ENDING.asked_to_stop)
    _conclude(voice, made, out=out)


@app.command(short_help="Plan a term for 33 schools in Derby")
def demo(
    out: Out = Path("matcher-demo"),
    time_limit: TimeLimit = 60,
    workers: Workers = WORKERS,
    yes: NothingToAsk = False,
) -> None:
    """Plans a whole autumn term for 33 primary schools in Derby, and says what to open."""
    scenario = _scenarios() / "derby"
    voice = Voice.of(quiet=False, as_json=False)
    print(f"An autumn term in Derby: {scenario.name}, from {scenario}\nPlanning for at most {time_limit:g} seconds.")
    with Reporter(voice) as reporter:
        settings = usecases.planning.Settings(time_limit, workers)
        made = usecases.planning.run(scenario, out, settings, reporter.progress, reporter.warn, ENDING.asked_to_stop)
    _conclude(voice, made, out=out)
    busiest = max(_calendars(out / "calendars" / "volunteers"), key=lambda file: file.stat().st_size)
    print(
        "\nOpen these:\n"
        f"  {out / 'report.html'}    the plan on a page, in any browser\n"
        f"  {out / 'plan.csv'}    who goes where, in Excel\n"
        f"  {busiest}    one volunteer's calendar: import it into Outlook, Google or Apple"
    )


@app.command(short_help="Plan the workspace's term; kept as a run")
def solve(
    db: Database = DEFAULT_DB,
    time_limit: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds to search for: 60, or with --resume what was left.")
    ] = None,
    workers: Workers = WORKERS,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    quiet: Quiet = False,
    as_json: Json = False,
    yes: NothingToAsk = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the plan of a solve that was broken off.")
    ] = False,
) -> None:
    """Makes a plan of the workspace's term, and keeps it as a run. Ctrl-C ends with the best plan so far."""
    voice = Voice.of(quiet=quiet, as_json=as_json)
    with usecases.open_workspace(db) as workspace:
        with Reporter(voice) as reporter:
            taken_up = usecases.planning.to_take_up(workspace) if resume else None
            limit = time_limit if time_limit is not None else usecases.planning.time_left(taken_up)
            number, made = usecases.planning.solve_workspace(
                workspace,
                usecases.planning.Settings(limit, workers, seed, deterministic),
                reporter.progress,
                reporter.warn,
                ENDING.asked_to_stop,
                taken_up=taken_up,
                tell=reporter.tell,
            )
        _conclude(voice, made, number=number)


@app.command(short_help="Show a run: who goes where, and what is missing")
def show(
    db: Database = DEFAULT_DB,
    run: Run = None,
    school: Annotated[str | None, typer.Option(help="Only this school, by its id.")] = None,
    volunteer: Annotated[str | None, typer.Option(help="Only this volunteer, by their id.")] = None,
) -> None:
    """Shows a run: its scores, who goes where, and what is not delivered and why."""
    with usecases.open_workspace(db) as workspace:
        shown = usecases.planning.show(workspace, run, school=school, volunteer=volunteer)
    warn_of(shown.held)
    saved, problem, result = shown.run, shown.problem, shown.result
    console = new_console()
    console.print(f"Run {saved.number}, made {saved.made:%Y-%m-%d %H:%M} UTC" + staleness(saved))
    console.print(score_table(problem, result.plan, result.tiers))
    for table in plan_tables(problem, result, school, volunteer):
        console.print(table)
    if shown.gaps:
        console.print(_gap_table(shown.gaps))


@app.command(short_help="List the runs")
def runs(db: Database = DEFAULT_DB) -> None:
    """Lists the runs that the workspace keeps."""
    with usecases.open_workspace(db) as workspace:
        found, unfinished = usecases.planning.runs(workspace), usecases.planning.unfinished(workspace)
    table = new_table("run", "made (UTC)", "status", "delivered", "assignments", "reach", "scenario")
    for each in found:
        table.add_row(
            str(each.number),
            f"{each.made:%Y-%m-%d %H:%M}",
            each.status.value,
            str(each.delivered),
            str(each.assignments),
            next(f"{score.value:,}" for score in each.tiers if score.tier is TierName.REACH),
            ("current" if each.is_current else "older") + (", erased since" if each.erased else ""),
        )
    new_console().print(table if found else "No runs yet. Make one with: matcher solve")
    for text, is_current in unfinished:
        what_to_do = "To go on from the last one: matcher solve --resume" if is_current else "It is for other data."
        print(f"{text} is kept, too. {what_to_do}")


@app.command(short_help="Write a run's plan, report and calendars")
def export(out: Out, db: Database = DEFAULT_DB, run: Run = None, yes: NothingToAsk = False) -> None:
    """Writes a run's plan, report and calendars to a folder, as the command run does."""
    with usecases.open_workspace(db) as workspace:
        saved = usecases.planning.export(workspace, out, run)
    print(f"Run {saved.number} is in {out}{staleness(saved)}")


@app.command(short_help="Compare two runs")
def compare(
    first: Annotated[int, typer.Argument(min=1, help="The number of a run.")],
    second: Annotated[int, typer.Argument(min=1, help="The number of another.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Compares two runs: their scores, and what the second does differently."""
    with usecases.open_workspace(db) as workspace:
        compared = usecases.planning.compare(workspace, first, second)
    table, left_open = comparison_table(compared.before, compared.after, compared.tiers)
    difference = compared.difference
    console = new_console()
    console.print(table)
    if left_open:
        console.print(
            "Which is better in role_models, and so altogether, is not shown: where the plans differ in few people, it "
            "could tell what these said about themselves. scores.json of an export has both."
        )
    if difference.is_empty:
        console.print("The two plans are the same.")
    for what, ids in (("only in", difference.delivered), ("only in", difference.dropped)):
        if ids:
            number = second if ids is difference.delivered else first
            console.print(f"Delivered {what} run {number}: {escape(', '.join(ids))}")
    for move in difference.moved:
        console.print(
            f"{escape(move.session_id)} moves: {time_text(move.before.start)} to {time_text(move.after.start)}"
        )
    if difference.added or difference.removed:
        console.print(
            f"{len(difference.added)} assignments only in run {second}, {len(difference.removed)} only in run {first}."
        )


@app.command(short_help="Print every rule and goal in plain words")
def rules() -> None:
    """Prints every rule and goal in plain words, with its examples."""
    must_rules, goals = usecases.planning.rules()
    titled = (("Rules that every plan keeps", must_rules), ("What makes one plan better than another", goals))
    for title, group in titled:
        print(f"{title}\n{'=' * len(title)}")
        for rule in group:
            says = " ".join((rule.__doc__ or "").split())
            print(f"\n{rule.name}\n  {says}")
            for example in rule.examples:
                print(f"  - {example.text}: {example.amount or 'fine' if group is must_rules else example.amount}")
        print()


def _gap_table(gaps: Sequence[Gap]) -> Table:
    table = new_table("when", "session", "school", "who said no", "still coming", title="Gaps: volunteers who declined")
    for gap in gaps:
        table.add_row(
            time_text(gap.entry.start),
            escape(one_line(gap.entry.session_id)),
            escape(one_line(gap.school.name)),
            escape(one_line(gap.volunteer.name)),
            f"{gap.still_coming}, at least {gap.wanted} wanted",
        )
    return table


def _conclude(
    voice: Voice,
    made: Made,
    *,
    out: Path | None = None,
    number: int | None = None,
) -> None:
    result = made.result
    delivered, asked = len(result.plan.visits), len(result.plan.visits) + len(result.reasons)
    if voice is Voice.JSON:
        facts = {
            "event": "result",
            "out": str(out) if out else None,
            "run": number,
            "status": result.status.value,
            "seconds": round(result.seconds, 3),
            "first_plan_seconds": round(made.first_plan_seconds, 3),
            "interrupted": made.interrupted,
            "delivered": delivered,
            "sessions": asked,
            "tiers": [{**asdict(score), "proven": score.proven} for score in result.tiers],
        }
        print(json.dumps(facts))
    elif voice is not Voice.QUIET:
        new_console().print(score_table(made.problem, result.plan, result.tiers))
        where = (
            f"Written to {out}." if out else f"Kept as run {number}. Next: matcher show, or matcher export --out DIR"
        )
        sessions = "session is" if asked == 1 else "sessions are"
        print(f"{delivered} of {asked} {sessions} delivered. {where}")


def _scenarios() -> Path:
    """The scenarios that come with matcher: in the package once installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_scenarios", package.parent / "scenarios"):
        if (place / "derby").is_dir():
            return place
    raise OutputError("The Derby scenario is not part of this installation. Install matcher again from its repository.")


def _calendars(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.ics"))
