"""The commands of privacy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher import usecases
from matcher.cli.options import DEFAULT_DB, Database, Yes
from matcher.cli.shared import agree
from matcher.errors import MatcherError
from matcher.wording import counted, listed

app = typer.Typer()
TIDY_DAYS = 90

BEYOND_REACH = (
    "Not reached: backups and exports that you made yourself, files on web space and calendar servers, calendars and "
    "mailboxes of others, and the log of a PostgreSQL server. Delete them, or write them again: matcher export, "
    "matcher feed write, matcher push. For a backup: matcher forget --list FILE, then matcher forget --from FILE "
    "--db BACKUP."
)


@app.command(short_help="Erase a volunteer from everything kept")
def forget(
    volunteer: Annotated[str | None, typer.Argument(help="The volunteer's id, or a name that only one has.")] = None,
    list_to: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Write who was erased, by id, for old backups.")
    ] = None,
    from_list: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Erase again whoever is on such a list.")
    ] = None,
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Erases a volunteer from everything that is kept; old plans name a former volunteer instead."""
    if (volunteer is not None) + (list_to is not None) + (from_list is not None) != 1:
        raise MatcherError("Say one of three: whom to forget, --list FILE or --from FILE. Nothing was changed.")
    with usecases.open_workspace(db) as workspace:
        if list_to is not None:
            count = usecases.privacy.write_list(workspace, list_to)
            print(f"{counted(count, 'erased person is', 'erased people are')} in {list_to}")
            return
        if from_list is not None:
            people = usecases.privacy.leaving_again(workspace, from_list)
        else:
            assert volunteer is not None
            people = (usecases.privacy.leaving(workspace, volunteer),)
        if not people:
            print(f"Nobody on that list is in {workspace.where}. Nothing was changed.")
            return
        for who in people:
            for visit in who.coming:
                print(f"To come: {visit}")
        names = listed([who.name for who in people])
        agree(f"Erase {names} for good?", yes, instead=f"Say --yes to erase {names} for good.")
        for who in people:
            left = usecases.privacy.forget(workspace, who)
            print(f"Erased: {who.volunteer_id}, from {left}.")
            for line in left.trouble:
                print(f"Not done: {line}")
    if any(who.coming for who in people):
        print("The published plan has a gap now. Next: matcher solve, then matcher publish.")
    print(BEYOND_REACH)


@app.command(short_help="Delete old runs and old letters' words")
def tidy(
    days: Annotated[
        int, typer.Option("--older-than", min=0, metavar="DAYS", help="How old runs are that were never published.")
    ] = TIDY_DAYS,
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Deletes old runs that were never published, and what letters said after letters_kept_days of the programme."""
    with usecases.open_workspace(db) as workspace:
        seen = usecases.privacy.to_tidy(workspace, days)
        if not seen.runs and not seen.letters:
            print("There is nothing to tidy away.")
            return
        runs = f" ({', '.join(map(str, seen.runs))})" if seen.runs else ""
        what = f"{counted(len(seen.runs), 'run')}{runs} and what {counted(seen.letters, 'letter')} said"
        agree(f"Delete {what} for good?", yes, instead=f"Say --yes to delete {what} for good.")
        usecases.privacy.tidy(workspace, seen)
    print(f"Deleted: {what}.")
