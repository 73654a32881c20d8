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
    CHANGES_SHOWN,
    Reporter,
    Voice,
    change_table,
    comparison_table,
    new_console,
    new_table,
    news_lines,
    plan_tables,
    score_table,
    trade_off_bars,
    trade_off_table,
)
from matcher.cli.options import (
    DEFAULT_DB,
    WORKERS,
    Database,
    Deterministic,
    Json,
    NothingToAsk,
    Now,
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
from matcher.errors import BadInput, OutputError
from matcher.times import time_text
from matcher.wording import counted, one_line

if TYPE_CHECKING:
    from matcher.usecases.planning import Made, Repaired
    from matcher.usecases.told import Gap

app = typer.Typer()

MOST_CHANGES = 10_000


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
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Plan all visits to come anew, whatever people were told of them.")
    ] = False,
    now: Now = None,
) -> None:
    """Makes a plan of the workspace's term, and keeps it as a run. Ctrl-C ends with the best plan so far.

    Once people were told of a plan, repair keeps what they were told; this plans afresh.
    """
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
                now=usecases.today.moment(workspace, now),
                afresh=afresh,
            )
        _conclude(voice, made, number=number)


@app.command(short_help="Mend the published plan with the fewest changes")
def repair(
    db: Database = DEFAULT_DB,
    time_limit: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds to search for: 60 for the fewest changes, then 3.")
    ] = None,
    changes: Annotated[
        int, typer.Option("--changes", min=0, max=MOST_CHANGES, help="Allow so many more than the fewest.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and keep nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, however many.")] = False,
    workers: Workers = WORKERS,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    quiet: Quiet = False,
    as_json: Json = False,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Mends the published plan: the fewest changes to what people were told, then the best plan among those.

    Shows who and what would change, and keeps the plan as a run; publish tells just those people.
    """
    voice = Voice.of(quiet=quiet, as_json=as_json)
    limit = usecases.planning.DEFAULT_SECONDS if time_limit is None else time_limit
    with usecases.open_workspace(db) as workspace:
        with Reporter(voice) as reporter:
            seen = usecases.planning.repair(
                workspace,
                usecases.planning.Settings(limit, workers, seed, deterministic),
                reporter.progress,
                ENDING.asked_to_stop,
                now=usecases.today.moment(workspace, now),
                allowed=changes,
                tier_seconds=time_limit,
                tell=reporter.tell,
            )
        is_text = voice in (Voice.LIVE, Voice.PLAIN)
        if is_text and seen.needless:
            print("Nothing to repair: what people were told can stay as it is. No run was kept.")
            return
        if is_text:
            _show_changes(seen, everything)
        if is_text and dry_run:
            print("Nothing was kept: this was a dry run.")
            return
        number = None if seen.needless or dry_run else usecases.planning.keep_repair(workspace, seen)
        _conclude(voice, seen.made, number=number, next_step="Next: matcher publish, which tells just these people")


@app.command("trade-off", short_help="Show what more changes would buy")
def trade_off(
    points: Annotated[
        str, typer.Option("--changes", help="How many changes more than the fewest, such as 0,1,2,5,10.")
    ] = "0,1,2,5,10",
    db: Database = DEFAULT_DB,
    time_limit: TimeLimit = 60,
    workers: Workers = WORKERS,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    now: Now = None,
) -> None:
    """Shows what plans would be worth that change more of what people were told than the fewest. Keeps nothing."""
    with usecases.open_workspace(db) as workspace:
        found = usecases.planning.trade_off(
            workspace,
            _points(points),
            usecases.planning.Settings(time_limit, workers, seed, deterministic),
            ENDING.asked_to_stop,
            now=usecases.today.moment(workspace, now),
        )
    console = new_console()
    console.print(trade_off_table(found))
    for line in trade_off_bars(found):
        console.print(line, highlight=False)


def _points(words: str) -> list[int]:
    """Whole numbers as they were typed, with commas between them."""
    try:
        found = [int(word) for word in words.replace(";", ",").split(",") if word.strip()]
    except ValueError:
        found = []
    if not found or min(found) < 0 or max(found) > MOST_CHANGES:
        wanted = f"whole numbers from 0 to {MOST_CHANGES}, such as 0,1,2,5,10"
        raise BadInput(f"--changes: found “{one_line(words)}”; expected {wanted}.")
    return found


def _show_changes(seen: Repaired, everything: bool) -> None:
    if not seen.changes:
        print("Nobody's appointments change; visits that nobody was told of are planned.")
        return
    print("What would change for whom:")
    print("\n".join(news_lines(seen.everybody, seen.changes)))
    table, hidden = change_table(seen.everybody, seen.changes, None if everything else CHANGES_SHOWN)
    new_console().print(table)
    if hidden:
        print(f"... and {hidden} more; --all shows them all")


@app.command(short_help="Show the plan: who goes where, and what is missing")
def show(
    db: Database = DEFAULT_DB,
    run: Annotated[int | None, typer.Option(min=1, help="The run of that number.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="The newest run, whatever people were told.")] = False,
    school: Annotated[str | None, typer.Option(help="Only this school, by name or id.")] = None,
    volunteer: Annotated[str | None, typer.Option(help="Only this volunteer, by name or id.")] = None,
    now: Now = None,
) -> None:
    """Shows what people were told last: who goes where, their answers, what is missing. Before that, the newest run.

    Of one school or volunteer, with their list to hand over.
    """
    if run is not None and draft:
        raise BadInput("--draft is the newest run, --run any other: say one of them.")
    with usecases.open_workspace(db) as workspace:
        moment = None if now is None else usecases.today.moment(workspace, now)
        shown = usecases.planning.show(workspace, run, draft=draft, school=school, volunteer=volunteer, now=moment)
    warn_of(shown.held)
    saved, problem, result = shown.run, shown.problem, shown.result
    console = new_console()
    what = f"Version {shown.version}, which people were told: run" if shown.version else "Run"
    untold = "" if shown.is_anything_told or run is not None else ". Nobody was told of a plan yet"
    console.print(f"{what} {saved.number}, made {saved.made:%Y-%m-%d %H:%M} UTC" + staleness(saved) + untold)
    if not shown.to_hand_over:
        console.print(score_table(problem, saved.plan, result.tiers))
    for table in plan_tables(problem, result, shown.answers, shown.school_id, shown.volunteer_id):
        console.print(table)
    if shown.begun and not shown.to_hand_over:
        begun = counted(shown.begun, "visit that has begun is", "visits that have begun are")
        console.print(f"{begun} not listed; matcher show --run {saved.number} lists all.")
    if shown.gaps:
        console.print(_gap_table(shown.gaps))
        for session_id in dict.fromkeys(gap.entry.session_id for gap in shown.gaps):
            print(f"Who could step in: matcher stand-in {one_line(session_id)}")
    if shown.to_hand_over:
        heading = "To hand over" if shown.version else "A draft, which nobody was told of"
        print(f"\n{heading}:\n\n{shown.to_hand_over}")


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
def export(
    out: Out,
    db: Database = DEFAULT_DB,
    run: Run = None,
    told: Annotated[bool, typer.Option("--told", help="The plan that people were told of last.")] = False,
    yes: NothingToAsk = False,
) -> None:
    """Writes a run's plan, report and calendars to a folder, as the command run does: the newest, published or not."""
    if run is not None and told:
        raise BadInput("--told is the run that people were told of, --run any other: say one of them.")
    with usecases.open_workspace(db) as workspace:
        saved = usecases.planning.export(workspace, out, run, of_what_was_told=told)
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
    next_step: str = "Next: matcher show, or matcher export --out DIR",
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
        where = f"Written to {out}." if out else f"Kept as run {number}. {next_step}"
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
