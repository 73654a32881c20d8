"""The commands of living with a plan: small edits, what took place, the journal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from matcher import usecases
from matcher.cli.console import new_console, new_table
from matcher.cli.options import DEFAULT_DB, By, Database, NothingToAsk, Now, Why
from matcher.errors import BadInput
from matcher.wording import one_line

if TYPE_CHECKING:
    from matcher.usecases.living import Noted

app = typer.Typer()

Who = Annotated[str, typer.Argument(metavar="VOLUNTEER", help="The volunteer's id or name, or a part of it.")]
Which = Annotated[str, typer.Argument(metavar="SESSION", help="The visit's id, or what only it is called.")]
Start = Annotated[str, typer.Argument(metavar="START", help="Such as 2026-10-14T09:30, on the school's clock.")]
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="A table of the spreadsheet, such as volunteers.")]
CELLS = "COLUMN=VALUE…"


def _say(noted: Noted) -> None:
    print(f"Noted as number {noted.number}: {noted.text}")
    for each in noted.warnings:
        print(f"warning: {each}", file=sys.stderr, flush=True)
    print(f"Next: matcher {'repair' if noted.is_told else 'solve'}; to take it back: matcher undo {noted.number}")


def _cells(words: list[str]) -> list[tuple[str, str]]:
    found = []
    for each in words:
        heading, equals, text = each.partition("=")
        if not equals:
            raise BadInput(f"{one_line(each)!r} is no cell: write it as COLUMN=VALUE. Nothing was done.")
        found.append((heading, text))
    return found


@app.command(short_help="Somebody cannot come")
def drop(
    volunteer: Who,
    session: Annotated[str | None, typer.Argument(help="The visit that they cannot come to; else all days.")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From this day; else from today.")] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="To this day; else to the term's end.")
    ] = None,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Notes that somebody cannot come to a visit, or to none from day to day."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.drop(workspace, volunteer, session, first=first, last=last, actor=by, why=why, now=now))


@app.command(short_help="A visit does not take place")
def cancel(
    session: Which,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Cancels a visit: it keeps its row, and has no time any more."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.cancel(workspace, session, actor=by, why=why, now=now))


@app.command(short_help="A visit is at another time")
def move(
    session: Which,
    start: Start,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Moves a visit to this start, and to no other; it lasts as long as before."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.move(workspace, session, start, actor=by, why=why, now=now))


@app.command(short_help="A visit could be at more times")
def offer(
    session: Which,
    starts: Annotated[list[str], typer.Argument(metavar="START…", help="Each such as 2026-10-14T09:30.")],
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Notes times at which a visit could be, too; it lasts as long as before."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.offer(workspace, session, starts, actor=by, why=why, now=now))


@app.command(short_help="Decide that somebody goes to a visit")
def assign(
    volunteer: Who,
    session: Which,
    override: Annotated[
        str | None, typer.Option(metavar="REASON", help="Set rules that forbid it aside, for this reason.")
    ] = None,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Decides that somebody is at a visit, and says at once what that breaks."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.assign(workspace, volunteer, session, override=override, actor=by, why=why, now=now))


@app.command(short_help="Decide that somebody does not go to a visit")
def unassign(
    volunteer: Who,
    session: Which,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Decides that somebody is not at a visit."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.unassign(workspace, volunteer, session, actor=by, why=why, now=now))


@app.command(short_help="Decide when a visit is")
def pin(
    session: Which,
    start: Start,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Decides that a visit is at this one of its times."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.pin(workspace, session, start, actor=by, why=why, now=now))


@app.command(short_help="Leave open again when a visit is")
def unpin(
    session: Which,
    start: Start,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Takes away what was pinned of this time of a visit."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.unpin(workspace, session, start, actor=by, why=why, now=now))


@app.command("set", short_help="Change cells of a row")
def set_(
    table: TableName,
    key: Annotated[str, typer.Argument(help="The row: its id, or the name of a person, school, class or visit.")],
    cells: Annotated[list[str], typer.Argument(metavar=CELLS, help="The new cells, such as employer=Toyota.")],
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    yes: NothingToAsk = False,
) -> None:
    """Changes cells of a row of the data; they are read as a spreadsheet's are."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.set_cells(workspace, table, key, _cells(cells), actor=by, why=why))


@app.command(short_help="Add a row")
def add(
    table: TableName,
    cells: Annotated[list[str], typer.Argument(metavar=CELLS, help="Its cells, such as name='Kim Li'.")],
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    yes: NothingToAsk = False,
) -> None:
    """Adds a row to the data; its cells are read as a spreadsheet's are."""
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.add_row(workspace, table, _cells(cells), actor=by, why=why))


@app.command(short_help="Remove a row")
def remove(
    table: TableName,
    key: Annotated[
        list[str],
        typer.Argument(metavar="KEY", help="Its id or name; where rows have none, COLUMN=VALUE of its cells."),
    ],
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    yes: NothingToAsk = False,
) -> None:
    """Removes a row of the data; with a visit its times, with a volunteer when they are free."""
    named = key[0] if len(key) == 1 and "=" not in key[0] else _cells(key)
    with usecases.open_workspace(db) as workspace:
        _say(usecases.living.remove_row(workspace, table, named, actor=by, why=why))


@app.command(short_help="Note who came to a visit")
def attended(
    session: Which,
    absent: Annotated[
        list[str] | None, typer.Option(metavar="VOLUNTEER", help="Who did not come; several with the option again.")
    ] = None,
    instead: Annotated[
        list[str] | None, typer.Option(metavar="VOLUNTEER", help="Who came all the same; several as before.")
    ] = None,
    pupils: Annotated[int | None, typer.Option(min=0, max=100_000, help="How many pupils were there.")] = None,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    now: Now = None,
    yes: NothingToAsk = False,
) -> None:
    """Notes that a visit took place, with whom it was planned but for those who were absent."""
    with usecases.open_workspace(db) as workspace:
        _say(
            usecases.living.attended(
                workspace,
                session,
                absent=absent or (),
                instead=instead or (),
                pupils=pupils,
                actor=by,
                why=why,
                now=now,
            )
        )


@app.command(short_help="List what was changed by hand, by whom and why")
def journal(db: Database = DEFAULT_DB) -> None:
    """Lists all that was changed beside the spreadsheets; of gender and ethnicity only that they were."""
    with usecases.open_workspace(db) as workspace:
        lines = usecases.living.journal(workspace)
    table = new_table("number", "when (UTC)", "who", "what", "why", "undone")
    for each in lines:
        undone = "" if each.undone_by is None else f"by {each.undone_by}"
        words = (each.actor or "", each.text, each.why, undone)
        table.add_row(str(each.number), f"{each.made:%Y-%m-%d %H:%M}", *(escape(one_line(word)) for word in words))
    if lines:
        new_console().print(table)
    else:
        print("Nothing was changed beside the spreadsheets.")


@app.command(short_help="Take a change back")
def undo(
    number: Annotated[int | None, typer.Argument(min=1, help="Its number in the journal; the last one else.")] = None,
    db: Database = DEFAULT_DB,
    why: Why = None,
    by: By = None,
    yes: NothingToAsk = False,
) -> None:
    """Takes one change back, wherever it stands, unless later ones rest on it."""
    with usecases.open_workspace(db) as workspace:
        noted = usecases.living.undo(workspace, number, actor=by, why=why)
    print(f"{noted.text}")
    print(f"Next: matcher {'repair' if noted.is_told else 'solve'}")
