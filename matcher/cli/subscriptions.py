"""The commands of feeds and calendar servers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import usecases
from matcher.cli.options import DEFAULT_DB, Database, NothingToAsk, Quiet, Yes
from matcher.cli.shared import agree, ring
from matcher.wording import counted, listed, one_line

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed

app = typer.Typer()
feed = typer.Typer(help="Calendars to subscribe to.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(feed, name="feed", short_help="Calendars to subscribe to: write, reset")


class Whose(StrEnum):
    """Whose feed it is."""

    VOLUNTEER = "volunteer"
    SCHOOL = "school"
    PROGRAMME = "programme"


@feed.command("write", short_help="Write calendars to subscribe to")
def feed_write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, to be put on a web space as it is.")],
    db: Database = DEFAULT_DB,
    links: Annotated[Path | None, typer.Option(help="A CSV file to write, outside DIR: who has which feed.")] = None,
    yes: Yes = False,
) -> None:
    """Writes a calendar to subscribe to for each volunteer and school, and one of the whole programme."""
    with (
        usecases.open_workspace(db) as workspace,
        usecases.subscriptions.only_one(workspace, "feeds", "writing the feeds") as keep,
    ):
        where = usecases.subscriptions.place_feeds(workspace, folder)
        ring(where.held)
        if where.readdressed:
            lost = counted(where.readdressed, "feed")
            print(f"{lost} with an address already are not in {folder}: whoever subscribed would need the new address.")
            agree("Give them new addresses?", yes)
        keep()
        written = usecases.subscriptions.write_feeds(workspace, where, links, keep)
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


@feed.command("reset", short_help="End the address of one feed")
def feed_reset(
    kind: Annotated[Whose, typer.Argument(help="Whose feed it is: a volunteer's, a school's, or the programme's.")],
    who: Annotated[str, typer.Argument(metavar="ID", help="The id of the volunteer or school; else: programme.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the feeds were written to.")],
    db: Database = DEFAULT_DB,
    yes: NothingToAsk = False,
) -> None:
    """Ends the address of one feed, as when it got into wrong hands; the next `feed write` makes a new one."""
    with usecases.open_workspace(db) as workspace:
        was_there = usecases.subscriptions.reset_feed(workspace, kind.value, who, folder)
    if was_there:
        print(f"The feed's file is deleted from {folder}. Delete it from the web space too.")
    else:
        print(f"The feed's file was not in {folder}: delete it wherever it is, or its old address goes on working.")
    print(f"Make the new one with: matcher feed write {folder}")


@app.command(short_help="Keep calendars on a CalDAV server in step")
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
    if host := usecases.subscriptions.unencrypted_host(url):
        agree(
            "Push them all the same?",
            yes,
            f"Calendars with names, times and places would go unencrypted to {host}, for all on the way to read; "
            "https:// encrypts them.",
        )

    def told(calendar: Pushed) -> None:
        if not quiet and (calendar.put or calendar.deleted):
            print(f"{one_line(calendar.name)}: {calendar.put} put, {calendar.deleted} deleted", flush=True)

    with usecases.open_workspace(db) as workspace:
        calendars = usecases.subscriptions.push(workspace, url, login_file, told=told, kept_back=ring)
    put, deleted = sum(each.put for each in calendars), sum(each.deleted for each in calendars)
    unchanged = sum(each.unchanged for each in calendars)
    print(
        f"{counted(len(calendars), 'calendar')} in step: {counted(put, 'event')} put, {deleted} deleted, "
        f"{unchanged} as they were."
    )
