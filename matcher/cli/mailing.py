"""The commands of letters and answers."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from matcher.cli.console import (
    new_console,
    new_table,
    readable,
)
from matcher.cli.options import DEFAULT_DB, ClockIsRight, Database, Quiet, Templates, Yes
from matcher.cli.shared import agree, agree_to_the_clock
from matcher.domain import Problem
from matcher.errors import MatcherError
from matcher.mail.replies import Question
from matcher.mail.smtp import Delivery, Server
from matcher.publishing.published import Answer, Letter, LetterState
from matcher.publishing.text import counted, one_line
from matcher.store import Workspace
from matcher.times import time_text
from matcher.usecases import mailing, publishing
from matcher.usecases.told import TO_DO, Held

app = typer.Typer()


class Word(StrEnum):
    """What a volunteer says, in a word."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


ANSWERS = {Word.YES: Answer.ACCEPTED, Word.NO: Answer.DECLINED, Word.MAYBE: Answer.TENTATIVE}


@app.command()
def outbox(
    number: Annotated[int | None, typer.Argument(min=1, help="The number of a letter, to read it.")] = None,
    db: Database = DEFAULT_DB,
    everything: Annotated[bool, typer.Option("--all", help="List the letters that were sent, too.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The letter as it goes over the wire.")] = False,
    write: Annotated[
        int | None, typer.Option(min=1, metavar="VERSION", help="Write the letters that this version has not got yet.")
    ] = None,
    templates: Templates = None,
    clock_is_right: ClockIsRight = False,
    yes: Yes = False,
) -> None:
    """Lists the letters that are to be sent, or shows one; or writes those of a version published without."""
    if write is not None:
        return _write_late_letters(db, write, templates, clock_is_right, yes)
    with Workspace.open(db) as workspace:
        letters = mailing.outbox(workspace)
    if number is not None:
        if number > len(letters):
            raise MatcherError(f"There is no letter {number}: the outbox holds {len(letters)}. See: matcher outbox")
        letter = letters[number - 1]
        print(letter.content.decode(errors="replace") if source else readable(letter))
        return None
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
    return None


def _write_late_letters(db: str, version: int, templates: Path | None, clock_is_right: bool, yes: bool) -> None:
    with Workspace.open(db) as workspace:
        seen = publishing.late_letters(workspace, version, templates=templates)
        agree_to_the_clock(publishing.long_over(seen.problem, seen.stamp), clock_is_right)
        for each in seen.untold:
            print(f"Please tell {one_line(each.name)} yourself: {each.why}.")
        if seen.left_out:
            print(
                f"Not written about: {counted(seen.left_out, 'event')} of version {version} that began, changed again "
                "since, or have a letter already."
            )
        if not seen.letters:
            print(f"Version {version} lacks no letters. Nothing was written.")
            return
        for letter in seen.letters:
            print(f"{one_line(letter.subject)}, to {letter.recipient}")
        agree(f"Write these {counted(len(seen.letters), 'letter')} of version {version}?", yes)
        publishing.write_late_letters(workspace, seen)
    print(f"{counted(len(seen.letters), 'letter')} wait in the outbox. Next: matcher outbox, and matcher send")


@app.command()
def send(
    url: Annotated[str, typer.Option("--smtp", help="The mail server, such as smtp+starttls://mail.example.org:587.")],
    db: Database = DEFAULT_DB,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    login_file: Annotated[
        Path | None, typer.Option(help="A file with user and password; else MATCHER_SMTP_USER and _PASSWORD.")
    ] = None,
    per_minute: Annotated[float, typer.Option(min=0, help="At most so many letters a minute; 0: no limit.")] = 60,
    yes: Yes = False,
) -> None:
    """Sends the letters that wait in the outbox; after a failure, run it again."""
    server = Server.at(url, login_file)
    if server.in_the_clear and not dry_run:
        agree(
            "Send them all the same?",
            yes,
            f"Letters with names, times and places would go unencrypted to {server.host}, for all on the way to read; "
            "smtp+starttls:// or smtps:// encrypts them.",
        )

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
        outcome = mailing.send(
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
    yes: Yes = False,
) -> None:
    """Reads the replies of volunteers, and records who accepted, is not sure, or declined.

    What may not be the invited person's own word is shown as a question; matcher answer takes it.
    """
    with Workspace.open(db) as workspace:
        heeded = mailing.reply(workspace, files)
    if not quiet:
        for remark in heeded.remarks:
            print(f"ignored: {one_line(str(remark))}")
        for each in heeded.accepted:
            name = one_line(heeded.problem.volunteers[each.entry.attendee_id].name)
            mark = f" ({each.mark})" if each.mark else ""
            print(f"{each.reply.answer}: {name}, {each.entry.session_id} on {time_text(each.entry.start)}{mark}")
    for question in heeded.questions:
        print(_question_line(question, heeded.problem))
    print(
        f"{counted(heeded.messages, 'message')} read: {counted(len(heeded.accepted), 'new answer')}, "
        f"{counted(len(heeded.questions), 'question')}, {len(heeded.remarks)} ignored."
    )
    declined = sum(each.reply.answer is Answer.DECLINED for each in heeded.accepted)
    if declined:
        print(f"{counted(declined, 'volunteer')} declined. The plan is as it was; matcher show lists the gaps.")


@app.command("answer")
def answer_(
    volunteer: Annotated[str, typer.Argument(help="The volunteer's id, or a name that only one has.")],
    session: Annotated[str, typer.Argument(help="The session's id.")],
    said: Annotated[Word, typer.Argument(metavar="yes|no|maybe", help="What they said.")],
    note: Annotated[str | None, typer.Option(help="How you know, such as: rang on Monday.")] = None,
    db: Database = DEFAULT_DB,
    yes: Yes = False,
) -> None:
    """Records what a volunteer told you of a visit; a later mail of theirs counts again."""
    with Workspace.open(db) as workspace:
        taken = mailing.answer(workspace, volunteer, session, ANSWERS[said], note)
    when = f"{taken.entry.session_id} on {time_text(taken.entry.start)}"
    print(f"{taken.answer}: {one_line(taken.volunteer.name)}, {when} (on your word)")
    if taken.answer is Answer.DECLINED:
        print("The plan is as it was; matcher show lists the gaps.")


def _question_line(question: Question, problem: Problem) -> str:
    """In one line: who says what for whom, why it is asked, and how to take it."""
    entry, word = question.entry, next(word for word, said in ANSWERS.items() if said is question.reply.answer)
    name = one_line(problem.volunteers[entry.attendee_id].name)
    command = shlex.join(["matcher", "answer", entry.attendee_id, entry.session_id, word.value])
    return one_line(
        f"question: {question.reply.source}: {question.who} answers {word} ({question.reply.answer}) for {name} "
        f"({entry.attendee_id}), {entry.session_id} on {time_text(entry.start)}: {question.why}. "
        f"If it is theirs: {command}"
    )
