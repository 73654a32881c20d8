"""The commands of keeping a workspace safe."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from matcher import usecases
from matcher.cli.options import DEFAULT_DB, Database, Yes
from matcher.cli.shared import agree, in_words
from matcher.errors import MatcherError
from matcher.wording import counted, one_line

app = typer.Typer()


@app.command(short_help="Copy the workspace to a file")
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, a workspace itself: look at it with --db FILE.")],
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Copies the whole workspace to a file, while others work. It holds names: keep it to yourself."""
    if file.is_file():
        agree(f"{file} is there already. Replace it?", yes, instead="Say --yes to replace it, or name another file.")
    with usecases.open_workspace(db) as workspace:
        held = usecases.safekeeping.back_up(workspace, file, replace=file.is_file())
    print(f"{file} holds {held}.")


@app.command(short_help="Read everything, and say what is damaged")
def verify(
    path: Annotated[
        str | None, typer.Argument(help="A workspace, a backup, or a folder with a plan; the workspace unless said.")
    ] = None,
    db: Database = DEFAULT_DB,
) -> None:
    """Reads everything and says what is damaged; changes nothing."""
    verdict = usecases.safekeeping.verify(path or db)
    for line in verdict.damage:
        print(one_line(in_words(line, verdict.mend)))
    for error in verdict.remarks:
        print(one_line(in_words(error)))
    if not verdict.is_well:
        raise MatcherError(f"{counted(len(verdict.damage) + len(verdict.remarks), 'thing')} to be put right.")
    print(f"All is well: {verdict.looked_at}.")


@app.command(short_help="Put a backup in the workspace's place")
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Puts a backup in the place of the workspace, of which a copy is kept."""
    seen = usecases.safekeeping.plan_restore(file, db)
    print(f"The backup holds {seen.backup}.")
    for error in seen.verdict.remarks:
        print(one_line(in_words(error)))
    if seen.is_there:
        print(f"It would replace {seen.there or 'what is there now, which cannot be read'}.")
        agree("Put the backup in its place?", yes)
    kept = usecases.safekeeping.restore(seen, datetime.now())
    print("The backup is in place." + (f" What was there is kept in {kept}" if kept else ""))
    print(
        "What was sent, published, answered or written to feeds since the backup is not known to it: letters that went "
        "would go again, and versions and events be numbered again as they were. Look at `matcher outbox` before "
        "`matcher send`, and publish with numbers above the old ones (--sequence-from). Whoever was erased or withdrew "
        "consent since is in it again: import today's spreadsheet, and see matcher forget --from FILE."
    )
