"""The command line: translates requests into the planner's use cases, and errors into words. Nothing else."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from matcher import planner, publication, safekeeping
from matcher.authoring.generate import generate
from matcher.authoring.template import write_template
from matcher.authoring.write import write_folder, write_workbook
from matcher.console import (
    Reporter,
    Voice,
    change_table,
    comparison_table,
    new_console,
    new_table,
    news_lines,
    plan_tables,
    readable,
    score_table,
)
from matcher.domain import Problem, TierName
from matcher.endings import Ended, Ending
from matcher.errors import MatcherError, OutputError
from matcher.mail.login import unencrypted_host
from matcher.mail.replies import Question
from matcher.mail.smtp import Delivery, Server
from matcher.planner import Made
from matcher.publication import TO_DO, Held
from matcher.publishing.feeds import FeedKind
from matcher.publishing.published import Answer, Letter, LetterState
from matcher.publishing.text import counted, listed, one_line
from matcher.rules import GOALS, MUST_RULES
from matcher.secrecy import holds_login, is_address, redacted
from matcher.solving.progress import Settings
from matcher.store import Workspace, summary
from matcher.times import time_text

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed

UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or that of the click inside newer typers


@contextmanager
def _discreetly() -> Iterator[None]:
    """Inside, what is wrong with the usage is said without the passwords in addresses on the command line."""
    try:
        yield
    except UsageError as error:
        error.message = redacted(error.message, sys.argv[1:])
        raise


class Commands(TyperGroup):
    """The commands; none of them, nor what is wrong with their usage, repeats a password."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _discreetly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _discreetly():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    help="Plans which people from the world of work meet which primary-school classes, when and where.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

feed = typer.Typer(help="Calendars to subscribe to.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(feed, name="feed")

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
Run = Annotated[int | None, typer.Option(min=1, help="The number of a run; the newest unless said.")]


class Word(StrEnum):
    """What a volunteer says, in a word."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


ANSWERS = {Word.YES: Answer.ACCEPTED, Word.NO: Answer.DECLINED, Word.MAYBE: Answer.TENTATIVE}
WORKERS = os.cpu_count() or 1
CHANGES_SHOWN = 60
HIGHEST_SEQUENCE = 1_000_000
DEFAULT_DB = "matcher.db"
ENDING = Ending()
OUTPUT_LOST = (
    "Standard output cannot be written to any more ({why}), so the rest was not said. What was asked for is done"
)
OUT_OF_MEMORY = (
    "There is not enough memory for this term, so no plan was written. Plan fewer schools at a time, such as those of "
    "one town, or use a machine with more memory."
)


def main() -> None:
    """Runs the command line.

    Exit 0: done, also where a signal ended a search and its plan is kept; 1: it cannot be done, and why is said, or
    standard output cannot be written to; 2: wrong usage; 128 and the signal's number: ended by one before it was done.
    """
    _refuse_misplaced_logins(sys.argv[1:])
    with ENDING:
        code = _run()
        sys.stdout.flush()
        if ENDING.lost is not None and not code:
            how = ", with the best plan that stood by then." if ENDING.cut_short else "."
            _say(OUTPUT_LOST.format(why=ENDING.lost.strerror or ENDING.lost) + how)
            code = 1
    sys.exit(code)


def _run() -> int | str | None:
    """The exit code, after what went wrong was said."""
    try:
        app()
    except SystemExit as exit_:
        return exit_.code
    except Ended as ended:
        _say(str(ended))
        return ended.exit_code
    except MatcherError as error:
        _say(str(error))
    except (MemoryError, OSError, RuntimeError, ImportError, SystemError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _say(f"The disk is full ({error.filename or error.strerror}). Make room, then try again.")
        elif _out_of_memory(error):
            _say(OUT_OF_MEMORY)
        else:
            raise
    else:
        return 0
    return 1


@app.command()
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
    settings = Settings(time_limit, workers, seed, deterministic)
    with Reporter(voice) as reporter:
        made = planner.run(scenario, out, settings, reporter.progress, reporter.warn, ENDING.asked_to_stop)
    _conclude(voice, made, out=out)


@app.command()
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
        settings = Settings(time_limit, workers)
        made = planner.run(scenario, out, settings, reporter.progress, reporter.warn, ENDING.asked_to_stop)
    _conclude(voice, made, out=out)
    busiest = max(_calendars(out / "calendars" / "volunteers"), key=lambda file: file.stat().st_size)
    print(
        "\nOpen these:\n"
        f"  {out / 'report.html'}    the plan on a page, in any browser\n"
        f"  {out / 'plan.csv'}    who goes where, in Excel\n"
        f"  {busiest}    one volunteer's calendar: import it into Outlook, Google or Apple"
    )


@app.command("import")
def import_(
    scenario: Scenario,
    db: Database = DEFAULT_DB,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    yes: Yes = False,
    quiet: Quiet = False,
) -> None:
    """Brings a scenario into the workspace, after saying what was added, changed and removed."""
    reporter = Reporter(Voice.of(quiet=quiet, as_json=False))
    tables = planner.read(scenario, reporter.warn).tables
    if dry_run and Workspace.is_missing(db):
        print(f"{scenario} can be imported; there is no workspace yet, so everything in it would be new.")
        return
    with Workspace.open(db, create=True) as workspace:
        first = workspace.load_tables() is None
        changes = planner.changes(workspace, tables)
        if not changes:
            print("Nothing has changed since the last import.")
            return
        if not quiet or dry_run:
            lines = list(summary(changes)) if first else [*summary(changes), *map(str, changes)]
            print("\n".join(lines[:60]))
            if len(lines) > 60:
                print(f"... and {len(lines) - 60} more changes")
        if dry_run:
            print("Nothing was imported: this was a dry run.")
            return
        if not first:
            _agree("Take these changes?", yes)
        planner.take(workspace, tables, str(scenario), changes)
        if not quiet:
            print(f"Imported into {workspace.where}. Next: matcher solve")
        _warn_of(publication.held(workspace))


@app.command()
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
    with Workspace.open(db) as workspace:
        with Reporter(voice) as reporter:
            taken_up = planner.to_take_up(workspace) if resume else None
            limit = time_limit if time_limit is not None else planner.time_left(taken_up)
            number, made = planner.solve_workspace(
                workspace,
                Settings(limit, workers, seed, deterministic),
                reporter.progress,
                reporter.warn,
                ENDING.asked_to_stop,
                taken_up=taken_up,
                tell=reporter.tell,
            )
        _conclude(voice, made, number=number)


@app.command()
def show(
    db: Database = DEFAULT_DB,
    run: Run = None,
    school: Annotated[str | None, typer.Option(help="Only this school, by its id.")] = None,
    volunteer: Annotated[str | None, typer.Option(help="Only this volunteer, by their id.")] = None,
) -> None:
    """Shows a run: its scores, who goes where, and what is not delivered and why."""
    with Workspace.open(db) as workspace:
        saved, problem, result = planner.load_run(workspace, run)
        gaps = publication.gaps(workspace)
        stopped = publication.held(workspace) if run is None else ()
    _warn_of(stopped)
    known = [*problem.schools, *problem.volunteers]
    for asked, ids, what in ((school, problem.schools, "school"), (volunteer, problem.volunteers, "volunteer")):
        if asked is not None and asked not in ids:
            near = next((name for name in known if name.casefold() == asked.casefold()), None)
            hint = f" Did you mean {near}?" if near else ""
            raise MatcherError(f"There is no {what} with the id {asked} in run {saved.number}.{hint}")
    console = new_console()
    console.print(f"Run {saved.number}, made {saved.made:%Y-%m-%d %H:%M} UTC" + _staleness(saved.is_current))
    console.print(score_table(problem, result.plan, result.tiers))
    for table in plan_tables(problem, result, school, volunteer):
        console.print(table)
    asked_for = [
        gap
        for gap in gaps
        if school in (None, gap.school.school_id) and volunteer in (None, gap.volunteer.volunteer_id)
    ]
    if asked_for:
        console.print(_gap_table(asked_for))


@app.command()
def runs(db: Database = DEFAULT_DB) -> None:
    """Lists the runs that the workspace keeps."""
    with Workspace.open(db) as workspace:
        found, unfinished = planner.runs(workspace), planner.unfinished(workspace)
    table = new_table("run", "made (UTC)", "status", "delivered", "assignments", "reach", "scenario")
    for each in found:
        table.add_row(
            str(each.number),
            f"{each.made:%Y-%m-%d %H:%M}",
            each.status.value,
            str(each.delivered),
            str(each.assignments),
            next(f"{score.value:,}" for score in each.tiers if score.tier is TierName.REACH),
            "current" if each.is_current else "older",
        )
    new_console().print(table if found else "No runs yet. Make one with: matcher solve")
    for text in unfinished:
        print(f"{text} is kept, too. To go on from the last one: matcher solve --resume")


@app.command()
def export(out: Out, db: Database = DEFAULT_DB, run: Run = None, yes: NothingToAsk = False) -> None:
    """Writes a run's plan, report and calendars to a folder, as the command run does."""
    with Workspace.open(db) as workspace:
        saved = planner.export(workspace, out, run)
    print(f"Run {saved.number} is in {out}{_staleness(saved.is_current)}")


@app.command()
def compare(
    first: Annotated[int, typer.Argument(min=1, help="The number of a run.")],
    second: Annotated[int, typer.Argument(min=1, help="The number of another.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Compares two runs: their scores, and what the second does differently."""
    with Workspace.open(db) as workspace:
        before, after, difference = planner.compare(workspace, first, second)
    table, left_open = comparison_table(before, after)
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


@app.command()
def template(
    out: NewScenario,
    yes: NothingToAsk = False,
) -> None:
    """Writes an empty scenario to fill in, with a line of help and an example for each column."""
    write_template(out)
    print(f"Fill in {out}, overwrite its examples, and then: matcher run {out} --out plan")


@app.command()
def scenario(
    out: NewScenario,
    schools: Annotated[int, typer.Option(min=1, max=5000, help="How many schools.")] = 33,
    volunteers: Annotated[
        int | None, typer.Option(min=1, help="How many volunteers; in proportion unless said.")
    ] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, help="How many sessions; about 6 a school unless said.")
    ] = None,
    seed: Seed = 1,
    register: Annotated[Path | None, typer.Option(help="A CSV file of real schools, as the national register.")] = None,
    authority: Annotated[str | None, typer.Option(help="Only schools of this local authority.")] = None,
    yes: NothingToAsk = False,
) -> None:
    """Invents a scenario of any size, to try things out; with a register, at real schools."""
    tables = generate(schools, seed, volunteers=volunteers, sessions=sessions, register=register, authority=authority)
    (write_workbook if out.suffix.lower() == ".xlsx" else write_folder)(tables, out)
    count = {name: len(rows) for name, rows in tables.rows.items()}
    print(f"{count['schools']} schools, {count['sessions']} sessions and {count['volunteers']} volunteers are in {out}")


@app.command()
def rules() -> None:
    """Prints every rule and goal in plain words, with its examples."""
    for title, group in (
        ("Rules that every plan keeps", MUST_RULES),
        ("What makes one plan better than another", GOALS),
    ):
        print(f"{title}\n{'=' * len(title)}")
        for rule in group:
            says = " ".join((rule.__doc__ or "").split())
            print(f"\n{rule.name}\n  {says}")
            for example in rule.examples:
                print(f"  - {example.text}: {example.amount or 'fine' if group is MUST_RULES else example.amount}")
        print()


# Publishing


@app.command()
def publish(
    run: Annotated[int | None, typer.Argument(min=1, help="The number of a run; the newest unless said.")] = None,
    db: Database = DEFAULT_DB,
    yes: Yes = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, however many.")] = False,
    no_letters: Annotated[
        bool, typer.Option("--no-letters", help="Write to nobody: you tell everybody yourself.")
    ] = False,
    templates: TemplatesOption = None,
    sequence_from: Annotated[
        int,
        typer.Option(min=0, max=HIGHEST_SEQUENCE, help="Number events from here, above those of a lost workspace."),
    ] = 0,
    clock_is_right: ClockIsRight = False,
) -> None:
    """Makes a run what people are told: the next version, after showing what changes for whom."""
    with Workspace.open(db) as workspace:
        seen = publication.preview(
            workspace, run, with_letters=not no_letters, templates=templates, sequence_from=sequence_from
        )
        _agree_to_the_clock(publication.clock_doubt(workspace, seen.problem, seen.stamp), clock_is_right)
        if seen.begun:
            visits = counted(len({entry.session_id for entry in seen.begun}), "visit")
            print(f"{visits} no longer in the plan began already, and will be left as they were published.")
        if not seen.changes:
            print(
                f"Nothing to publish: version {seen.version - 1} says the same as run {seen.run.number}. "
                "Nobody will be written to."
            )
            return
        print(f"Version {seen.version}, from run {seen.run.number}{_staleness(seen.run.is_current)}:")
        print("\n".join(news_lines(seen.problem, seen.changes)))
        console = new_console()
        table, hidden = change_table(seen.problem, seen.changes, None if everything else CHANGES_SHOWN)
        console.print(table)
        if hidden:
            print(f"... and {hidden} more; --all shows them all")
        for each in seen.untold:
            print(f"Please tell {one_line(each.name)} yourself: {each.why}.")
        if seen.overtaken:
            print(f"{counted(seen.overtaken, 'letter')} not sent yet will not go: this version changes what they tell.")
        print(f"{counted(len(seen.letters), 'letter')} will wait in the outbox.")
        if seen.version == 1 and not sequence_from:
            print(
                f"This is this workspace's first version. If {one_line(seen.problem.programme.name)} was published "
                "before, from a workspace that is lost, these events may stand in calendars already, and calendars "
                "then ignore what does not count on: say --sequence-from 100 to number above them."
            )
        _agree(f"Publish this as version {seen.version}?", yes)
        number = publication.publish(workspace, seen)
    print(f"Version {number} is published." + (" Next: matcher outbox, and matcher send" if seen.letters else ""))


@app.command()
def versions(db: Database = DEFAULT_DB) -> None:
    """Lists the versions that were published."""
    with Workspace.open(db) as workspace:
        found = publication.versions(workspace)
    table = new_table("version", "published (UTC)", "run", "events changed", "letters", "not sent")
    for each in found:
        count = sum(each.letters.values())
        table.add_row(
            str(each.number),
            f"{each.made:%Y-%m-%d %H:%M}",
            str(each.run_number),
            str(each.changed),
            str(count),
            str(count - each.letters.get(LetterState.SENT, 0) - each.letters.get(LetterState.OVERTAKEN, 0)),
        )
    new_console().print(table if found else "Nothing is published yet. Publish the newest run with: matcher publish")


@app.command("diff")
def diff_(
    first: Annotated[int, typer.Argument(min=1, help="The number of a version.")],
    second: Annotated[int, typer.Argument(min=1, help="The number of another.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Shows what changed for whom from one version to another."""
    with Workspace.open(db) as workspace:
        later, found = publication.diff(workspace, first, second)
    if not found:
        print("The two versions say the same.")
        return
    print(f"From version {min(first, second)} to version {max(first, second)}:")
    print("\n".join(news_lines(later.problem, found)))
    table, _ = change_table(later.problem, found, None)
    new_console().print(table)


@app.command()
def outbox(
    number: Annotated[int | None, typer.Argument(min=1, help="The number of a letter, to read it.")] = None,
    db: Database = DEFAULT_DB,
    everything: Annotated[bool, typer.Option("--all", help="List the letters that were sent, too.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The letter as it goes over the wire.")] = False,
    write: Annotated[
        int | None, typer.Option(min=1, metavar="VERSION", help="Write the letters that this version has not got yet.")
    ] = None,
    templates: TemplatesOption = None,
    clock_is_right: ClockIsRight = False,
    yes: Yes = False,
) -> None:
    """Lists the letters that are to be sent, or shows one; or writes those of a version published without."""
    if write is not None:
        return _write_late_letters(db, write, templates, clock_is_right, yes)
    with Workspace.open(db) as workspace:
        letters = publication.outbox(workspace)
    if number is not None:
        if number > len(letters):
            raise MatcherError(f"There is no letter {number}: the outbox holds {len(letters)}. See: matcher outbox")
        letter = letters[number - 1]
        print(letter.content.decode(errors="replace") if source else readable(letter))
        return None
    table = new_table("letter", "version", "to", "subject", "state", "attempts", "remark")
    for place, letter in enumerate(letters, start=1):
        if everything or letter.state not in (LetterState.SENT, LetterState.OVERTAKEN):
            state = "uncertain" if letter.state is LetterState.SENDING else letter.state.value
            words = (letter.recipient, letter.subject, state, str(letter.attempts), letter.remark)
            table.add_row(str(place), str(letter.version), *(escape(one_line(each)) for each in words))
    if table.row_count:
        new_console().print(table)
    sent = sum(letter.state is LetterState.SENT for letter in letters)
    print(
        f"{counted(len(letters), 'letter')}, {sent} of them sent." + (" Next: matcher send" if table.row_count else "")
    )
    return None


def _write_late_letters(db: str, version: int, templates: Path | None, clock_is_right: bool, yes: bool) -> None:
    with Workspace.open(db) as workspace:
        seen = publication.late_letters(workspace, version, templates=templates)
        _agree_to_the_clock(publication.long_over(seen.problem, seen.stamp), clock_is_right)
        for each in seen.untold:
            print(f"Please tell {one_line(each.name)} yourself: {each.why}.")
        if seen.left_out:
            print(
                f"Not written about: {counted(seen.left_out, 'event')} of version {version} that began, changed again "
                "since, or have a letter already."
            )
        if not seen.letters:
            print(f"Version {version} lacks no letters. Nothing was written.")
            return
        for letter in seen.letters:
            print(f"{one_line(letter.subject)}, to {letter.recipient}")
        _agree(f"Write these {counted(len(seen.letters), 'letter')} of version {version}?", yes)
        publication.write_late_letters(workspace, seen)
    print(f"{counted(len(seen.letters), 'letter')} wait in the outbox. Next: matcher outbox, and matcher send")


@app.command()
def send(
    url: Annotated[str, typer.Option("--smtp", help="The mail server, such as smtp+starttls://mail.example.org:587.")],
    db: Database = DEFAULT_DB,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    login_file: Annotated[
        Path | None, typer.Option(help="A file with user and password; else MATCHER_SMTP_USER and _PASSWORD.")
    ] = None,
    per_minute: Annotated[float, typer.Option(min=0, help="At most so many letters a minute; 0: no limit.")] = 60,
    yes: Yes = False,
) -> None:
    """Sends the letters that wait in the outbox; after a failure, run it again."""
    server = Server.at(url, login_file)
    if server.in_the_clear and not dry_run:
        _agree(
            "Send them all the same?",
            yes,
            f"Letters with names, times and places would go unencrypted to {server.host}, for all on the way to read; "
            "smtp+starttls:// or smtps:// encrypts them.",
        )

    def told(delivery: Delivery) -> None:
        remark = f" ({one_line(delivery.remark)})" if delivery.remark else ""
        state = "uncertain" if delivery.state is LetterState.SENDING else delivery.state.value
        print(f"{state}: {one_line(delivery.letter.subject)}, to {delivery.letter.recipient}{remark}", flush=True)

    stopped: list[Letter] = []

    def kept_back(letter: Letter, why: Sequence[Held]) -> None:
        stopped.append(letter)
        lines = [f"held: {one_line(letter.subject)}, to {letter.recipient}", *(f"  {each}" for each in why)]
        print("\n".join(lines), file=sys.stderr, flush=True)

    with Workspace.open(db) as workspace:
        outcome = publication.send(
            workspace, server, dry_run=dry_run, per_minute=per_minute, told=told, kept_back=kept_back
        )
    kept = f", {len(stopped)} held" if stopped else ""
    if dry_run:
        for delivery in outcome.deliveries:
            told(delivery)
        print(f"{counted(len(outcome.deliveries), 'letter')} would go to {server}{kept}. Nothing was sent.")
        if stopped:
            raise MatcherError(f"{counted(len(stopped), 'letter')} would be held, as above. {TO_DO}")
        return
    sent, refused = outcome.count(LetterState.SENT), outcome.count(LetterState.REFUSED)
    waiting = outcome.left + len(outcome.deliveries) - sent - refused
    print(f"{counted(sent, 'letter')} sent, {refused} refused, {waiting} still to be sent{kept}.")
    if outcome.stopped:
        raise MatcherError(f"{outcome.stopped} What is left waits in the outbox: send again.")
    if stopped:
        raise MatcherError(f"{counted(len(stopped), 'letter')} are held, as above. {TO_DO}")
    if refused or waiting:
        raise MatcherError("Not every letter went: matcher outbox says why.")


@app.command()
def reply(
    files: Annotated[
        list[Path], typer.Argument(help="Messages (.eml), calendar files (.ics), mbox files or Maildirs.")
    ],
    db: Database = DEFAULT_DB,
    quiet: Quiet = False,
    yes: Yes = False,
) -> None:
    """Reads the replies of volunteers, and records who accepted, is not sure, or declined.

    What may not be the invited person's own word is shown as a question; matcher answer takes it.
    """
    with Workspace.open(db) as workspace:
        heeded = publication.reply(workspace, files)
    if not quiet:
        for remark in heeded.remarks:
            print(f"ignored: {one_line(str(remark))}")
        for each in heeded.accepted:
            name = one_line(heeded.problem.volunteers[each.entry.attendee_id].name)
            mark = f" ({each.mark})" if each.mark else ""
            print(f"{each.reply.answer}: {name}, {each.entry.session_id} on {time_text(each.entry.start)}{mark}")
    for question in heeded.questions:
        print(_question_line(question, heeded.problem))
    print(
        f"{counted(heeded.messages, 'message')} read: {counted(len(heeded.accepted), 'new answer')}, "
        f"{counted(len(heeded.questions), 'question')}, {len(heeded.remarks)} ignored."
    )
    declined = sum(each.reply.answer is Answer.DECLINED for each in heeded.accepted)
    if declined:
        print(f"{counted(declined, 'volunteer')} declined. The plan is as it was; matcher show lists the gaps.")


@app.command("answer")
def answer_(
    volunteer: Annotated[str, typer.Argument(help="The volunteer's id, or a name that only one has.")],
    session: Annotated[str, typer.Argument(help="The session's id.")],
    said: Annotated[Word, typer.Argument(metavar="yes|no|maybe", help="What they said.")],
    note: Annotated[str | None, typer.Option(help="How you know, such as: rang on Monday.")] = None,
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Records what a volunteer told you of a visit; a later mail of theirs counts again."""
    with Workspace.open(db) as workspace:
        taken = publication.answer(workspace, volunteer, session, ANSWERS[said], note)
    when = f"{taken.entry.session_id} on {time_text(taken.entry.start)}"
    print(f"{taken.answer}: {one_line(taken.volunteer.name)}, {when} (on your word)")
    if taken.answer is Answer.DECLINED:
        print("The plan is as it was; matcher show lists the gaps.")


@feed.command("write")
def feed_write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, to be put on a web space as it is.")],
    db: Database = DEFAULT_DB,
    links: Annotated[Path | None, typer.Option(help="A CSV file to write, outside DIR: who has which feed.")] = None,
    yes: Yes = False,
) -> None:
    """Writes a calendar to subscribe to for each volunteer and school, and one of the whole programme."""
    with Workspace.open(db) as workspace, publication.only_one(workspace, "feeds", "writing the feeds") as keep:
        where = publication.place_feeds(workspace, folder)
        _ring(where.held)
        if where.readdressed:
            lost = counted(where.readdressed, "feed")
            print(f"{lost} with an address already are not in {folder}: whoever subscribed would need the new address.")
            _agree("Give them new addresses?", yes)
        keep()
        written = publication.write_feeds(workspace, where, links, keep)
    print(
        f"{counted(len(where.placed), 'feed')} in {folder}: {written.new} new, {written.rewritten} changed, "
        f"{written.unchanged} as they were." + (f" Who has which: {links}" if links else "")
    )
    if written.swept:
        files = counted(written.swept, "file")
        print(f"{files} that a broken-off writing or an earlier address had left are deleted: delete them from the web")
        print("space too.")
    if written.strange:
        files = counted(len(written.strange), "file")
        print(f"{files} in {folder} may be feeds of an earlier matcher or workspace, and are left as they are:")
        print(f"{listed(list(written.strange[:3]))}. Delete what nobody needs.")
    if written.new and not links:
        print("To learn which file is whose, write them again with --links FILE.")


@feed.command("reset")
def feed_reset(
    kind: Annotated[FeedKind, typer.Argument(help="Whose feed it is: a volunteer's, a school's, or the programme's.")],
    who: Annotated[str, typer.Argument(metavar="ID", help="The id of the volunteer or school; else: programme.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the feeds were written to.")],
    db: Database = DEFAULT_DB,
    yes: NothingToAsk = False,
) -> None:
    """Ends the address of one feed, as when it got into wrong hands; the next `feed write` makes a new one."""
    with Workspace.open(db) as workspace:
        was_there = publication.reset_feed(workspace, kind, who, folder)
    if was_there:
        print(f"The feed's file is deleted from {folder}. Delete it from the web space too.")
    else:
        print(f"The feed's file was not in {folder}: delete it wherever it is, or its old address goes on working.")
    print(f"Make the new one with: matcher feed write {folder}")


@app.command()
def push(
    url: Annotated[str, typer.Option("--caldav", help="The calendar server, such as https://cloud.example.org/dav.")],
    db: Database = DEFAULT_DB,
    login_file: Annotated[
        Path | None, typer.Option(help="A file with user and password; else MATCHER_CALDAV_USER and _PASSWORD.")
    ] = None,
    quiet: Quiet = False,
    yes: Yes = False,
) -> None:
    """Keeps the programme's and each school's calendar on a CalDAV server in step with what was published."""
    if host := unencrypted_host(url):
        _agree(
            "Push them all the same?",
            yes,
            f"Calendars with names, times and places would go unencrypted to {host}, for all on the way to read; "
            "https:// encrypts them.",
        )

    def told(calendar: Pushed) -> None:
        if not quiet and (calendar.put or calendar.deleted):
            print(f"{one_line(calendar.name)}: {calendar.put} put, {calendar.deleted} deleted", flush=True)

    with Workspace.open(db) as workspace:
        calendars = publication.push(workspace, url, login_file, told=told, kept_back=_ring)
    put, deleted = sum(each.put for each in calendars), sum(each.deleted for each in calendars)
    unchanged = sum(each.unchanged for each in calendars)
    print(
        f"{counted(len(calendars), 'calendar')} in step: {counted(put, 'event')} put, {deleted} deleted, "
        f"{unchanged} as they were."
    )


# Safekeeping


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, a workspace itself: look at it with --db FILE.")],
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Copies the whole workspace to a file, while others work. It holds names: keep it to yourself."""
    if file.is_file():
        _agree(f"{file} is there already. Replace it?", yes, instead="Say --yes to replace it, or name another file.")
    with Workspace.open(db) as workspace:
        held = safekeeping.back_up(workspace, file, replace=file.is_file())
    print(f"{file} holds {held}.")


@app.command()
def verify(
    path: Annotated[
        str | None, typer.Argument(help="A workspace, a backup, or a folder with a plan; the workspace unless said.")
    ] = None,
    db: Database = DEFAULT_DB,
) -> None:
    """Reads everything and says what is damaged; changes nothing."""
    verdict = safekeeping.verify(path or db)
    for line in (*verdict.damage, *verdict.remarks):
        print(one_line(line))
    if not verdict.is_well:
        raise MatcherError(f"{counted(len(verdict.damage) + len(verdict.remarks), 'thing')} to be put right.")
    print(f"All is well: {verdict.looked_at}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Puts a backup in the place of the workspace, of which a copy is kept."""
    seen = safekeeping.plan_restore(file, db)
    print(f"The backup holds {seen.backup}.")
    for line in seen.verdict.remarks:
        print(one_line(line))
    if seen.is_there:
        print(f"It would replace {seen.there or 'what is there now, which cannot be read'}.")
        _agree("Put the backup in its place?", yes)
    kept = safekeeping.restore(seen, datetime.now())
    print("The backup is in place." + (f" What was there is kept in {kept}" if kept else ""))
    print(
        "What was sent, published, answered or written to feeds since the backup is not known to it: letters that went "
        "would go again, and versions and events be numbered again as they were. Look at `matcher outbox` before "
        "`matcher send`, and publish with numbers above the old ones (--sequence-from)."
    )


# Ends

TAKES_ADDRESS = ("--db", "--smtp", "--caldav")
TAKES_TEXT = ("--note",)


def _refuse_misplaced_logins(arguments: Sequence[str]) -> None:
    """An address with a password in the place of a file would be repeated, and even become a folder's name."""
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if is_address(argument) and holds_login(argument) and before not in (*TAKES_ADDRESS, *TAKES_TEXT):
            options = f"{', '.join(TAKES_ADDRESS[:-1])} or {TAKES_ADDRESS[-1]}"
            print(
                f"matcher: an address with a login in it stands where none is expected; it belongs after {options}.",
                file=sys.stderr,
            )
            sys.exit(2)


def _say(message: str) -> None:
    print(f"matcher: {message}", file=sys.stderr, flush=True)


def _out_of_memory(error: Exception) -> bool:
    """Whether the system had no more memory to give; it has several ways to say so."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # of a library that is loaded when it is first needed
        return "failed to map segment" in str(error)
    # A SystemError is what is left of a MemoryError where a C library forgot to say which.
    return isinstance(error, MemoryError | SystemError) or "start new thread" in str(error)


# Words


def _agree(
    question: str,
    yes: bool,
    warning: str = "",
    option: str = "--yes",
    instead: str = "Say --yes to take these changes.",
) -> None:
    """Raises unless the user agrees to it, and to what they are warned of; never asks when nobody is there to answer.

    `option` is what they can say beforehand.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if warning:
            raise MatcherError(f"{warning} Nothing was done: nobody is there to be asked. Say {option} if it is right.")
        raise MatcherError(f"Nothing was changed: nobody is there to be asked. {instead}")
    if warning:
        print(warning)
    if not typer.confirm(question):
        raise MatcherError("Nothing was changed.")


def _agree_to_the_clock(doubt: str, clock_is_right: bool) -> None:
    """A wrong clock takes visits to come for over, or makes calendars take news for old."""
    if doubt:
        _agree("Is this machine's clock right?", clock_is_right, f"{doubt} Set the clock first.", "--clock-is-right")


def _question_line(question: Question, problem: Problem) -> str:
    """In one line: who says what for whom, why it is asked, and how to take it."""
    entry, word = question.entry, next(word for word, said in ANSWERS.items() if said is question.reply.answer)
    name = one_line(problem.volunteers[entry.attendee_id].name)
    command = shlex.join(["matcher", "answer", entry.attendee_id, entry.session_id, word.value])
    return one_line(
        f"question: {question.reply.source}: {question.who} answers {word} ({question.reply.answer}) for {name} "
        f"({entry.attendee_id}), {entry.session_id} on {time_text(entry.start)}: {question.why}. "
        f"If it is theirs: {command}"
    )


def _warn_of(stopped: Sequence[Held]) -> None:
    """On standard error, where people were told of what cannot be any more."""
    if stopped:
        lines = "\n".join(f"  {each}" for each in stopped)
        print(
            f"warning: {counted(len(stopped), 'appointment')} that people were told of cannot be, by the data as it is "
            f"now:\n{lines}\nNext: matcher solve, then matcher publish; until then letters and calendars are held.",
            file=sys.stderr,
            flush=True,
        )


def _ring(stopped: Sequence[Held]) -> None:
    """On standard error, whom to ring about what calendars cannot go on showing."""
    if stopped:
        lines = "\n".join(f"  {each}\n    ring today: {each.ring}" for each in stopped)
        print(
            f"held: {counted(len(stopped), 'appointment')} cannot be, by the data as it is now. Where it stands in a "
            f"calendar already it is shown as to be confirmed, elsewhere it is left out.\n{lines}\n{TO_DO}",
            file=sys.stderr,
            flush=True,
        )


def _staleness(is_current: bool) -> str:
    return "" if is_current else " (the scenario has changed since)"


def _gap_table(gaps: Sequence[publication.Gap]) -> Table:
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
    here = Path(__file__).resolve().parent
    for place in (here / "_scenarios", here.parent / "scenarios"):
        if (place / "derby").is_dir():
            return place
    raise OutputError("The Derby scenario is not part of this installation. Install matcher again from its repository.")


def _calendars(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.ics"))
