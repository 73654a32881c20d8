"""The commands of publishing."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher import usecases
from matcher.cli.console import (
    CHANGES_SHOWN,
    begun_lines,
    change_table,
    new_console,
    new_table,
    news_lines,
)
from matcher.cli.options import DEFAULT_DB, ClockIsRight, Database, Now, TemplatesOption, Yes
from matcher.cli.shared import agree, agree_to_the_clock, staleness
from matcher.wording import counted, one_line

app = typer.Typer()

HIGHEST_SEQUENCE = 1_000_000


@app.command(short_help="Make a run what people are told")
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and publish nothing.")] = False,
    now: Now = None,
) -> None:
    """Makes a run what people are told: the next version, after showing what changes for whom."""
    with usecases.open_workspace(db) as workspace:
        seen = usecases.publishing.preview(
            workspace,
            run,
            usecases.today.moment(workspace, now),
            with_letters=not no_letters,
            templates=templates,
            sequence_from=sequence_from,
        )
        if now is None and not dry_run:
            agree_to_the_clock(usecases.publishing.clock_doubt(workspace, seen.problem, seen.stamp), clock_is_right)
        if seen.begun:
            visits = counted(len({entry.session_id for entry in seen.begun}), "visit")
            if seen.version == 1:
                print(f"{visits} began already, and nobody will be written to about them:")
                print("\n".join(begun_lines(seen.problem, seen.begun)))
            else:
                print(f"{visits} no longer in the plan began already, and will be left as they were published.")
        if not seen.changes and not (seen.version == 1 and seen.begun):
            print(
                f"Nothing to publish: version {seen.version - 1} says the same as run {seen.run.number}. "
                "Nobody will be written to."
            )
            return
        print(f"Version {seen.version}, from run {seen.run.number}{staleness(seen.run)}:")
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
        if dry_run:
            print("Nothing was published: this was a dry run.")
            return
        agree(f"Publish this as version {seen.version}?", yes)
        number = usecases.publishing.publish(workspace, seen)
    print(f"Version {number} is published." + (" Next: matcher outbox, and matcher send" if seen.letters else ""))


@app.command(short_help="List what was published")
def versions(db: Database = DEFAULT_DB) -> None:
    """Lists the versions that were published."""
    with usecases.open_workspace(db) as workspace:
        found = usecases.told.versions(workspace)
    erased = ["personal data erased"] if any(each.erased for each in found) else []
    table = new_table("version", "published (UTC)", "run", "events changed", "letters", "not sent", *erased)
    for each in found:
        table.add_row(
            str(each.number),
            f"{each.made:%Y-%m-%d %H:%M}",
            str(each.run_number),
            str(each.changed),
            str(each.letter_count),
            str(each.letters_open),
            *([f"{each.erased:%Y-%m-%d}" if each.erased else ""] if erased else []),
        )
    new_console().print(table if found else "Nothing is published yet. Publish the newest run with: matcher publish")


@app.command("diff", short_help="Show what changed between two versions")
def diff_(
    first: Annotated[int, typer.Argument(min=1, help="The number of a version.")],
    second: Annotated[int, typer.Argument(min=1, help="The number of another.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Shows what changed for whom from one version to another."""
    with usecases.open_workspace(db) as workspace:
        later, found = usecases.told.diff(workspace, first, second)
    if not found:
        print("The two versions say the same.")
        return
    print(f"From version {min(first, second)} to version {max(first, second)}:")
    print("\n".join(news_lines(later.problem, found)))
    table, _ = change_table(later.problem, found, None)
    new_console().print(table)
