"""The command line: translates requests into the planner's use cases, and errors into words. Nothing else."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer
from rich.markup import escape
from rich.table import Table

from matcher import planner, publication
from matcher.authoring.generate import generate
from matcher.authoring.template import write_template
from matcher.authoring.write import write_folder, write_workbook
from matcher.console import Reporter, Voice, change_table, new_console, new_table, news_lines, plan_tables, readable
from matcher.domain import TierScore
from matcher.errors import MatcherError, OutputError
from matcher.mail.smtp import Delivery, Server
from matcher.planner import Made
from matcher.publication import TO_DO, Held
from matcher.publishing.feeds import FeedKind
from matcher.publishing.published import Answer, Letter, LetterState
from matcher.publishing.text import counted, one_line
from matcher.rules import GOALS, MUST_RULES
from matcher.solving.progress import Settings
from matcher.store import Workspace, summary
from matcher.times import time_text

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed

app = typer.Typer(
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
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Run = Annotated[int | None, typer.Option(min=1, help="The number of a run; the newest unless said.")]

WORKERS = os.cpu_count() or 1
CHANGES_SHOWN = 60
DEFAULT_DB = "matcher.db"
OUT_OF_MEMORY = (
    "There is not enough memory for this term, so no plan was written. Plan fewer schools at a time, such as those of "
    "one town, or use a machine with more memory."
)


def main() -> None:
    """Runs the command line. Exit 0: done; 1: it cannot be done, and why is said; 2: wrong usage; 130: Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the output has no letters for is no reason to fail
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except MatcherError as error:
        _end(str(error))
    except BrokenPipeError:
        _hush(sys.stdout)
        sys.exit(1)
    except (MemoryError, OSError, RuntimeError, ImportError) as error:
        if not _out_of_memory(error):
            raise
        _end(OUT_OF_MEMORY)


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
) -> None:
    """Makes the term's plan from a scenario, with a report and calendars. Ctrl-C ends with the best plan so far."""
    voice = Voice.of(quiet=quiet, as_json=as_json)
    settings = Settings(time_limit, workers, seed, deterministic)
    with Reporter(voice) as reporter:
        made = planner.run(scenario, out, settings, reporter.progress, reporter.warn)
    _conclude(voice, made, out=out)


@app.command()
def demo(
    out: Out = Path("matcher-demo"),
    time_limit: TimeLimit = 60,
    workers: Workers = WORKERS,
) -> None:
    """Plans a whole autumn term for 33 primary schools in Derby, and says what to open."""
    scenario = _scenarios() / "derby"
    voice = Voice.of(quiet=False, as_json=False)
    print(f"An autumn term in Derby: {scenario.name}, from {scenario}\nPlanning for at most {time_limit:g} seconds.")
    with Reporter(voice) as reporter:
        settings = Settings(time_limit, workers)
        made = planner.run(scenario, out, settings, reporter.progress, reporter.warn)
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
    time_limit: TimeLimit = 60,
    workers: Workers = WORKERS,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Makes a plan of the workspace's term, and keeps it as a run."""
    voice = Voice.of(quiet=quiet, as_json=as_json)
    with Workspace.open(db) as workspace:
        with Reporter(voice) as reporter:
            settings = Settings(time_limit, workers, seed, deterministic)
            number, made = planner.solve_workspace(workspace, settings, reporter.progress, reporter.warn)
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
    console.print(_scores(result.tiers))
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
        found = planner.runs(workspace)
    table = new_table("run", "made (UTC)", "status", "delivered", "assignments", "reach", "role models", "scenario")
    for each in found:
        values = {score.tier: score.value for score in each.tiers}
        table.add_row(
            str(each.number),
            f"{each.made:%Y-%m-%d %H:%M}",
            each.status.value,
            str(each.delivered),
            str(each.assignments),
            *(f"{value:,}" for value in list(values.values())[:2]),
            "current" if each.is_current else "older",
        )
    new_console().print(table if found else "No runs yet. Make one with: matcher solve")


@app.command()
def export(out: Out, db: Database = DEFAULT_DB, run: Run = None) -> None:
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
    table = new_table("tier", f"run {first}", f"run {second}", "better")
    decided = False
    for old, new in zip(before.tiers, after.tiers, strict=True):
        better = ""
        if old.value != new.value and not decided:
            decided = True
            better = f"run {second if (new.value > old.value) == new.tier.maximised else first}"
        table.add_row(str(old.tier), f"{old.value:,}", f"{new.value:,}", better)
    console = new_console()
    console.print(table)
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
    templates: Annotated[Path | None, typer.Option(help="A folder with the programme's own letter templates.")] = None,
) -> None:
    """Makes a run what people are told: the next version, after showing what changes for whom."""
    with Workspace.open(db) as workspace:
        seen = publication.preview(workspace, run, with_letters=not no_letters, templates=templates)
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
) -> None:
    """Lists the letters that are to be sent, or shows one."""
    with Workspace.open(db) as workspace:
        letters = publication.outbox(workspace)
    if number is not None:
        if number > len(letters):
            raise MatcherError(f"There is no letter {number}: the outbox holds {len(letters)}. See: matcher outbox")
        letter = letters[number - 1]
        print(letter.content.decode(errors="replace") if source else readable(letter))
        return
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


@app.command()
def send(
    url: Annotated[str, typer.Option("--smtp", help="The mail server, such as smtp+starttls://mail.example.org:587.")],
    db: Database = DEFAULT_DB,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    login_file: Annotated[
        Path | None, typer.Option(help="A file with user and password; else MATCHER_SMTP_USER and _PASSWORD.")
    ] = None,
    per_minute: Annotated[float, typer.Option(min=0, help="At most so many letters a minute; 0: no limit.")] = 60,
) -> None:
    """Sends the letters that wait in the outbox; after a failure, run it again."""
    server = Server.at(url, login_file)

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
) -> None:
    """Reads the replies of volunteers, and records who accepted, is not sure, or declined."""
    with Workspace.open(db) as workspace:
        heeded = publication.reply(workspace, files)
    if not quiet:
        for remark in heeded.remarks:
            print(f"ignored: {one_line(str(remark))}")
        for each in heeded.accepted:
            name = one_line(heeded.problem.volunteers[each.entry.attendee_id].name)
            print(f"{each.reply.answer}: {name}, {each.entry.session_id} on {time_text(each.entry.start)}")
    print(
        f"{counted(heeded.messages, 'message')} read: {counted(len(heeded.accepted), 'new answer')}, "
        f"{len(heeded.remarks)} ignored."
    )
    declined = sum(each.reply.answer is Answer.DECLINED for each in heeded.accepted)
    if declined:
        print(f"{counted(declined, 'volunteer')} declined. The plan is as it was; matcher show lists the gaps.")


@feed.command("write")
def feed_write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, to be put on a web space as it is.")],
    db: Database = DEFAULT_DB,
    links: Annotated[Path | None, typer.Option(help="A CSV file to write, outside DIR: who has which feed.")] = None,
    yes: Yes = False,
) -> None:
    """Writes a calendar to subscribe to for each volunteer and school, and one of the whole programme."""
    with Workspace.open(db) as workspace:
        where = publication.place_feeds(workspace, folder)
        _ring(where.held)
        if where.readdressed:
            lost = counted(where.readdressed, "feed")
            print(f"{lost} with an address already are not in {folder}: whoever subscribed would need the new address.")
            _agree("Give them new addresses?", yes)
        written = publication.write_feeds(workspace, where, links)
    print(
        f"{counted(len(where.placed), 'feed')} in {folder}: {written.new} new, {written.rewritten} changed, "
        f"{written.unchanged} as they were." + (f" Who has which: {links}" if links else "")
    )
    if written.new and not links:
        print("To learn which file is whose, write them again with --links FILE.")


@feed.command("reset")
def feed_reset(
    kind: Annotated[FeedKind, typer.Argument(help="Whose feed it is: a volunteer's, a school's, or the programme's.")],
    who: Annotated[str, typer.Argument(metavar="ID", help="The id of the volunteer or school; else: programme.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the feeds were written to.")],
    db: Database = DEFAULT_DB,
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
) -> None:
    """Keeps the programme's and each school's calendar on a CalDAV server in step with what was published."""

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


# Ends


def _end(message: str) -> NoReturn:
    try:
        print(f"matcher: {message}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        _hush(sys.stderr)
    sys.exit(1)


def _hush(stream: TextIO) -> None:
    """Nobody reads it any more, so what is left in it may go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _out_of_memory(error: Exception) -> bool:
    """Whether the system had no more memory to give; it has several ways to say so."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # of a library that is loaded when it is first needed
        return "failed to map segment" in str(error)
    return isinstance(error, MemoryError) or "start new thread" in str(error)


# Words


def _agree(question: str, yes: bool) -> None:
    """Raises unless the user agrees; never asks when nobody is there to answer."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MatcherError("Nothing was changed: nobody is there to be asked. Say --yes to take these changes.")
    if not typer.confirm(question):
        raise MatcherError("Nothing was changed.")


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


def _scores(tiers: Sequence[TierScore]) -> Table:
    table = new_table("tier", "value", "best possible", "")
    for score in tiers:
        bound = "unknown" if score.bound is None else f"{score.bound:,}"
        table.add_row(str(score.tier), f"{score.value:,}", bound, "proven" if score.proven else "")
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
        new_console().print(_scores(result.tiers))
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
