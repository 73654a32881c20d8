"""What several commands do and say alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from matcher.cli.endings import Ending
from matcher.errors import MatcherError, Remedy
from matcher.wording import counted

if TYPE_CHECKING:
    from matcher.store import RunSummary
    from matcher.usecases.told import Held

ENDING = Ending()

REMEDIES = {
    Remedy.IMPORT: "Bring a scenario in first with `matcher import SCENARIO`.",
    Remedy.TEMPLATE: "`matcher template NAME` makes an empty one to fill in.",
    Remedy.SOLVE: "Make a new plan with `matcher solve`.",
    Remedy.REPAIR: (
        "`matcher repair` keeps what they were told, but for what cannot be; `matcher solve --afresh` plans all visits "
        "to come anew."
    ),
    Remedy.WHY: "`matcher why SESSION` says why it does not, and what would bring it.",
    Remedy.OVERRIDE: "Set that aside knowingly, where it is right, with --override and the reason.",
    Remedy.LATER: "Say a later --now, or, without one, set this machine's clock.",
    Remedy.RESUME: "Go on from it with `matcher solve --resume`.",
    Remedy.EXPORT: "Write the folder again with `matcher export --out DIR`.",
    Remedy.PUBLISH: "Make one with `matcher publish`.",
    Remedy.PLAN_AGAIN: (
        "Make a new plan and publish it (matcher solve, then matcher publish); or, where the spreadsheet is wrong, "
        "mend it, import it (matcher import) and do this again."
    ),
    Remedy.SHOW: "See `matcher show`.",
    Remedy.OUTBOX: "See `matcher outbox`.",
    Remedy.WRITE_FEEDS: "Feeds are made with `matcher feed write DIR`.",
    Remedy.OPEN: "Any command that opens it, such as `matcher runs`, puts it right.",
    Remedy.VERIFY: "See what else is wrong with `matcher verify`.",
    Remedy.RESTORE: "Put a backup in its place with `matcher restore FILE`.",
    Remedy.BACK_UP: "Make one with `matcher backup FILE`.",
    Remedy.REPLACE: "Name another file, or say --yes to replace it.",
    Remedy.OTHER_FOLDER: "Give --out another folder.",
    Remedy.LOGIN_FILE: "The file is named with --login-file.",
    Remedy.GUIDE: "`matcher guide` lists them all.",
}
"""What each remedy is called here."""


def in_words(message: object, *remedies: Remedy) -> str:
    """A message, or an error, with what to do."""
    remedies = remedies or (message.remedies if isinstance(message, MatcherError) else ())
    said, to_do = str(message), " ".join(REMEDIES[each] for each in remedies)
    return f"{said} {to_do}" if to_do and not said.endswith("\n") else said + to_do


def say(message: str) -> None:
    print(f"matcher: {message}", file=sys.stderr, flush=True)


def agree(
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


def agree_to_the_clock(doubt: str, clock_is_right: bool) -> None:
    """A wrong clock takes visits to come for over, or makes calendars take news for old."""
    if doubt:
        agree("Is this machine's clock right?", clock_is_right, f"{doubt} Set the clock first.", "--clock-is-right")


def warn_of(stopped: Sequence[Held]) -> None:
    """On standard error, where people were told of what cannot be any more."""
    if stopped:
        lines = "\n".join(f"  {each}" for each in stopped)
        print(
            f"warning: {counted(len(stopped), 'appointment')} that people were told of cannot be, by the data as it is "
            f"now:\n{lines}\nNext: matcher solve, then matcher publish; until then letters and calendars are held.",
            file=sys.stderr,
            flush=True,
        )


def ring(stopped: Sequence[Held]) -> None:
    """On standard error, whom to ring about what calendars cannot go on showing."""
    if stopped:
        lines = "\n".join(f"  {each}\n    ring today: {each.ring}" for each in stopped)
        print(
            f"held: {counted(len(stopped), 'appointment')} cannot be, by the data as it is now. Where it stands in a "
            f"calendar already it is shown as to be confirmed, elsewhere it is left out.\n{lines}\n"
            + REMEDIES[Remedy.PLAN_AGAIN],
            file=sys.stderr,
            flush=True,
        )


def staleness(run: RunSummary) -> str:
    """What has become of the data that a run was made for."""
    changed = "" if run.is_current else " (the scenario has changed since)"
    return changed + ("" if run.erased is None else f" (personal data was erased on {run.erased:%Y-%m-%d})")
