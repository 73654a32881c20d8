"""The command line: translates requests into use cases, and errors into words. Nothing else."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from matcher import __version__
from matcher.cli import (
    advising,
    guide,
    living,
    mailing,
    planning,
    privacy,
    publishing,
    safekeeping,
    subscriptions,
    terms,
)
from matcher.cli.endings import Ended
from matcher.cli.shared import ENDING, in_words, say
from matcher.errors import MatcherError
from matcher.secrecy import holds_login, is_address, redacted


def names_of(subject: typer.Typer) -> list[str]:
    """What the commands and groups of commands of a subject are called."""
    commands = [each.name or str(getattr(each.callback, "__name__", "")) for each in subject.registered_commands]
    return [*commands, *(str(each.name) for each in subject.registered_groups)]


UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or that of the click inside newer typers


@contextmanager
def _discreetly() -> Iterator[None]:
    """Inside, what is wrong with the usage is said without the passwords in addresses on the command line."""
    try:
        yield
    except UsageError as error:
        error.message = redacted(error.message, sys.argv[1:])
        raise


SUBJECTS = {
    "Data": terms,
    "Plans": planning,
    "Changes": living,
    "Answers": advising,
    "What is told": publishing,
    "Letters": mailing,
    "Calendars": subscriptions,
    "Safekeeping": safekeeping,
    "Privacy": privacy,
    "Guide": guide,
}


class Commands(TyperGroup):
    """The commands, by subject; none of them, nor what is wrong with their usage, repeats a password."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A line a command, so that all of them stay on one screen."""
        commands = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))}
        subjects, names = (2 + max(map(len, words)) for words in (SUBJECTS, commands))
        formatter.write("\n")
        for title, subject in SUBJECTS.items():
            for name in names_of(subject.app):
                said = commands[name].get_short_help_str(formatter.width - subjects - names)
                formatter.write(f"{title:{subjects}}{name:{names}}{said}\n")
                title = ""

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


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"matcher {__version__}")
        raise typer.Exit


@app.callback(help=app.info.help)
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Its options stand before any command."""


for _subject in SUBJECTS.values():
    app.add_typer(_subject.app)
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
            say(OUTPUT_LOST.format(why=ENDING.lost.strerror or ENDING.lost) + how)
            code = 1
    sys.exit(code)


def _run() -> int | str | None:
    """The exit code, after what went wrong was said."""
    try:
        app()
    except SystemExit as exit_:
        return exit_.code
    except Ended as ended:
        say(str(ended))
        return ended.exit_code
    except MatcherError as error:
        say(in_words(error))
    except (MemoryError, OSError, RuntimeError, ImportError, SystemError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            say(f"The disk is full ({error.filename or error.strerror}). Make room, then try again.")
        elif _out_of_memory(error):
            say(OUT_OF_MEMORY)
        else:
            raise
    else:
        return 0
    return 1


TAKES_ADDRESS = ("--db", "--smtp", "--caldav")
TAKES_TEXT = ("--note", "--why", "--override")


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


def _out_of_memory(error: Exception) -> bool:
    """Whether the system had no more memory to give; it has several ways to say so."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # of a library that is loaded when it is first needed
        return "failed to map segment" in str(error)
    # A SystemError is what is left of a MemoryError where a C library forgot to say which.
    return isinstance(error, MemoryError | SystemError) or "start new thread" in str(error)
