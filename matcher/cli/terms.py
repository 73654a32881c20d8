"""The commands of a term's data."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import usecases
from matcher.cli.console import Reporter, Voice
from matcher.cli.options import DEFAULT_DB, Database, NewScenario, NothingToAsk, Now, Quiet, Scenario, Seed, Yes
from matcher.cli.shared import agree, warn_of
from matcher.wording import counted, one_line

if TYPE_CHECKING:
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
    yes: Yes = False,
    quiet: Quiet = False,
) -> None:
    """Brings a scenario into the workspace, after saying what was added, changed and removed."""
    reporter = Reporter(Voice.of(quiet=quiet, as_json=False))
    tables = usecases.terms.read(scenario, reporter.warn).tables
    if dry_run and usecases.is_missing(db):
        print(f"{scenario} can be imported; there is no workspace yet, so everything in it would be new.")
        return
    with usecases.open_workspace(db, create=True) as workspace:
        seen = usecases.terms.compare(workspace, scenario, tables, consent or (), again or ())
        _say_what_is_not_taken(seen)
        _warn_of_ids_used_before(seen)
        if not seen.changes:
            if not dry_run:
                usecases.terms.take(workspace, seen)
            print("Nothing has changed since the last import.")
            return
        if not quiet or dry_run:
            lines = seen.lines()
            print("\n".join(lines[:LINES_SHOWN]))
            if len(lines) > LINES_SHOWN:
                print(f"... and {len(lines) - LINES_SHOWN} more changes")
        if dry_run:
            print("Nothing was imported: this was a dry run.")
            return
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
