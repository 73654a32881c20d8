"""The commands of a term's data."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import usecases
from matcher.cli.console import Reporter, Voice
from matcher.cli.options import DEFAULT_DB, Database, NewScenario, NothingToAsk, Now, Quiet, Scenario, Seed, Yes
from matcher.cli.shared import agree, warn_of
from matcher.errors import BadInput, Refused
from matcher.wording import counted, one_line

if TYPE_CHECKING:
    from matcher.merging import Conflict, LeftOut, Side
    from matcher.tables import Column
    from matcher.usecases.terms import Importing

app = typer.Typer()

LINES_SHOWN = 60
IDS_SHOWN = 10


@app.command("import", short_help="Bring a spreadsheet into the workspace")
def import_(
    scenario: Scenario,
    db: Database = DEFAULT_DB,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    consent: Annotated[
        list[str] | None, typer.Option("--consent", metavar="ID", help="Consents again, after a no; several times.")
    ] = None,
    again: Annotated[
        list[str] | None, typer.Option("--again", metavar="ID", help="Was erased, and is a volunteer again.")
    ] = None,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="Where the spreadsheet and an edit differ, the spreadsheet counts.")
    ] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="Where the spreadsheet and an edit differ, the edit counts.")
    ] = False,
    renamed: Annotated[
        list[str] | None,
        typer.Option("--renamed", metavar="ID", help="Is another person or school now, though appointments were told."),
    ] = None,
    yes: Yes = False,
    quiet: Quiet = False,
) -> None:
    """Brings a scenario into the workspace, after saying what was added, changed and removed.

    What was edited in the workspace since the last import stays, but for what the spreadsheet changed.
    """
    if theirs and mine:
        raise BadInput("Say --theirs or --mine, not both: either the spreadsheet counts, or what was edited here.")
    reporter = Reporter(Voice.of(quiet=quiet, as_json=False))
    tables = usecases.terms.read(scenario, reporter.warn).tables
    if dry_run and usecases.is_missing(db):
        print(f"{scenario} can be imported; there is no workspace yet, so everything in it would be new.")
        return
    with usecases.open_workspace(db, create=True) as workspace:
        sides = usecases.terms.Side
        side = sides.THEIRS if theirs else sides.MINE if mine else None
        seen = usecases.terms.compare(workspace, scenario, tables, consent or (), again or (), side=side)
        _say_what_is_not_taken(seen)
        _warn_of_ids_used_before(seen)
        if seen.conflicts and not dry_run:
            side = _whose_counts(seen.conflicts)
            seen = usecases.terms.compare(workspace, scenario, tables, consent or (), again or (), side=side)
        if not seen.changes and not seen.conflicts:
            if not dry_run:
                usecases.terms.take(workspace, seen)
            print("Nothing has changed since the last import.")
            return
        if not quiet or dry_run:
            lines = seen.lines()
            print("\n".join(lines[:LINES_SHOWN]))
            if len(lines) > LINES_SHOWN:
                print(f"... and {len(lines) - LINES_SHOWN} more changes")
        for line in (*seen.told, *(_left_out(each) for each in seen.left_out)):
            print(line)
        if dry_run:
            print("\n".join(f"changed on both sides:{_conflict(each)}" for each in seen.conflicts))
            print("Nothing was imported: this was a dry run.")
            return
        for each in seen.renamed:
            if each.key not in (renamed or ()):
                agree(
                    f"Is {one_line(each.key)} {each.after} now?",
                    False,
                    f"{one_line(each.key)} was {each.before}, who was told of "
                    f"{counted(each.appointments, 'appointment')}, and is {each.after} now, at another address. "
                    "Was the spreadsheet sorted under its row numbers?",
                    f"--renamed {shlex.quote(each.key)}",
                )
        if not seen.is_first:
            agree("Take these changes?", yes)
        usecases.terms.take(workspace, seen)
        if not quiet:
            print(f"Imported into {workspace.where}. Next: matcher solve")
        warn_of(usecases.told.held(workspace))


def _warn_of_ids_used_before(seen: Importing) -> None:
    if seen.used_before:
        some = ", ".join(map(one_line, seen.used_before[:IDS_SHOWN]))
        more = f" and {len(seen.used_before) - IDS_SHOWN} more" if len(seen.used_before) > IDS_SHOWN else ""
        print(
            f"warning: people were told of {counted(len(seen.used_before), 'session')} of an earlier term under an id "
            f"that this spreadsheet uses again: {some}{more}. Give each session an id of its own. Under the old one "
            "its calendar events take the place of the earlier ones (they are numbered above what was sent), and whom "
            "classes met at the earlier visit is passed over.",
            file=sys.stderr,
            flush=True,
        )


def _say_what_is_not_taken(seen: Importing) -> None:
    """On standard error: nothing is left out in silence."""
    for ids, what, option in (
        (seen.passed_over, "was erased, and is passed over", "--again"),
        (
            seen.stays_off,
            "withdrew consent to matching, which this spreadsheet turns on: it stays off",
            "--consent",
        ),
    ):
        for each in ids:
            print(
                f"warning: {one_line(each)} {what}. If it is meant: matcher import ... {option} {shlex.quote(each)}",
                file=sys.stderr,
                flush=True,
            )


def _whose_counts(conflicts: Sequence[Conflict]) -> Side:
    """Asks whose changes count; raises where nobody is there to be asked."""
    lines = "\n".join(_conflict(each) for each in conflicts)
    what = f"Both the spreadsheet and an edit in the workspace changed {counted(len(conflicts), 'thing')}:\n{lines}"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            f"{what}\nNothing was imported. Say --theirs where the spreadsheet counts, --mine where the edits count."
        )
    print(what)
    sides = usecases.terms.Side
    keep_mine = typer.confirm("Does what was edited here count (otherwise the spreadsheet does)?", default=True)
    return sides.MINE if keep_mine else sides.THEIRS


def _conflict(each: Conflict) -> str:
    where = f"  {each.table}, {one_line(each.row)}" + (f", {each.column.name}" if each.column else "")
    if each.column is not None and (each.column.personal or each.column.name == "matching_consent"):
        return f"{where}: changed on both sides"
    if each.column is None and each.table != "programme":
        gone, changed = ("the spreadsheet", "here") if each.theirs is None else ("an edit here", "in the spreadsheet")
        return f"{where}: removed by {gone}, and changed {changed}"
    before, new, mine = (_cell(each.column, value) for value in (each.before, each.theirs, each.mine))
    return f"{where}: was {before}; {new} in the spreadsheet, {mine} here"


def _cell(column: Column | None, value: object) -> str:
    return one_line(usecases.terms.cell(column, value)) or "blank"


def _left_out(each: LeftOut) -> str:
    return f"{each.table}: an edit about {one_line(each.gone)} goes, since {one_line(each.gone)} is gone."


@app.command(short_help="Write today's term as a workbook to go on in")
def workbook(
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook to write; nothing is overwritten.")],
    db: Database = DEFAULT_DB,
    yes: NothingToAsk = False,
) -> None:
    """Writes today's term, edits included, as a workbook: go on in it, and import it again. Nothing is lost."""
    if out.suffix.lower() != ".xlsx":
        raise BadInput(f"{one_line(str(out))} is no name of a workbook: expected one that ends in .xlsx.")
    with usecases.open_workspace(db) as workspace:
        usecases.terms.write_workbook_of_today(workspace, out)
    print(f"Today's term is in {out}. Change it, and then: matcher import {shlex.quote(str(out))}")


@app.command(short_help="Write an empty spreadsheet to fill in")
def template(
    out: NewScenario,
    yes: NothingToAsk = False,
) -> None:
    """Writes an empty scenario to fill in, with a line of help and an example for each column."""
    filled = "FILE" if out.suffix.lower() == ".xlsx" else "FOLDER"
    usecases.terms.write_template(out, f"matcher run {filled} --out plan")
    print(f"Fill in {out}, overwrite its examples, and then: matcher run {out} --out plan")


@app.command(short_help="Invent a term of any size, to try things out")
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
    count = usecases.terms.invent(
        out, schools, seed, volunteers=volunteers, sessions=sessions, register=register, authority=authority
    )
    print(f"{count['schools']} schools, {count['sessions']} sessions and {count['volunteers']} volunteers are in {out}")


@app.command("close-term", short_help="Go on to the next term with what took place")
def close_term(
    out: NewScenario,
    db: Database = DEFAULT_DB,
    now: Now = None,
    yes: NothingToAsk = False,
    quiet: Quiet = False,
) -> None:
    """Writes a scenario for the next term to go on from: what took place becomes its encounters and visits."""
    with usecases.open_workspace(db) as workspace:
        closed = usecases.terms.close_term(workspace, out, now)
    for note in closed.notes:
        print(f"warning: {note}", file=sys.stderr, flush=True)
    if not quiet:
        schools, volunteers = (
            counted(closed.counts["schools"], "school"),
            counted(closed.counts["volunteers"], "volunteer"),
        )
        print(
            f"{out} has {schools}, {volunteers} "
            f"and {counted(closed.counts['encounters'], 'encounter')}, {closed.met:,} of them at the "
            f"{counted(closed.took_place, 'visit')} of this term that took place.\n"
            f"Left out, as they are of this term alone: {', '.join(usecases.terms.LEFT_BEHIND)}.\n"
            f"It still says {closed.first_day} to {closed.last_day}: give it the next term's name and days, new "
            f"sessions with ids of their own, and when people are free. Then: matcher import {shlex.quote(str(out))}"
        )
