"""The commands of letters and answers."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from matcher import usecases
from matcher.cli.console import (
    new_console,
    new_table,
    readable,
)
from matcher.cli.options import DEFAULT_DB, By, ClockIsRight, Database, Quiet, TemplatesOption, Yes
from matcher.cli.shared import agree, agree_to_the_clock
from matcher.domain import Problem
from matcher.errors import Cannot, Refused, Remedy
from matcher.times import time_text
from matcher.wording import counted, one_line

if TYPE_CHECKING:
    from matcher.mail.replies import Question
    from matcher.mail.smtp import Delivery
    from matcher.publishing.published import Letter
    from matcher.usecases.told import Held

app = typer.Typer()


class Word(StrEnum):
    """What a volunteer says, in a word."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@app.command(short_help="List, read or write the letters to be sent")
def outbox(
    number: Annotated[int | None, typer.Argument(min=1, help="The number of a letter, to read it.")] = None,
    db: Database = DEFAULT_DB,
    everything: Annotated[bool, typer.Option("--all", help="List the letters that were sent, too.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The letter as it goes over the wire.")] = False,
    write: Annotated[
        int | None, typer.Option(min=1, metavar="VERSION", help="Write the letters that this version has not got yet.")
    ] = None,
    templates: TemplatesOption = None,
    clock_is_right: ClockIsRight = False,
    yes: Yes = False,
) -> None:
    """Lists the letters that are to be sent, or shows one; or writes those of a version published without."""
    if write is not None:
        _write_late_letters(db, write, templates, clock_is_right, yes)
        return
    with usecases.open_workspace(db) as workspace:
        if number is not None:
            letter = usecases.mailing.letter(workspace, number)
            print(letter.content.decode(errors="replace") if source else readable(letter))
            return
        found = usecases.mailing.outbox(workspace)
    table = new_table("letter", "version", "to", "subject", "state", "attempts", "remark")
    for place, letter in enumerate(found.letters, start=1):
        if everything or not letter.state.is_done:
            words = (letter.recipient, letter.subject, letter.state.in_words, str(letter.attempts), letter.remark)
            table.add_row(str(place), str(letter.version), *(escape(one_line(each)) for each in words))
    if table.row_count:
        new_console().print(table)
    ready = " Next: matcher send" if table.row_count else ""
    print(f"{counted(len(found.letters), 'letter')}, {found.sent} of them sent.{ready}")


def _write_late_letters(db: str, version: int, templates: Path | None, clock_is_right: bool, yes: bool) -> None:
    with usecases.open_workspace(db) as workspace:
        seen = usecases.publishing.late_letters(workspace, version, templates=templates)
        agree_to_the_clock(usecases.publishing.long_over(seen.problem, seen.stamp), clock_is_right)
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
        usecases.publishing.write_late_letters(workspace, seen)
    print(f"{counted(len(seen.letters), 'letter')} wait in the outbox. Next: matcher outbox, and matcher send")


@app.command(short_help="Send the letters that wait")
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
    server = usecases.mailing.server(url, login_file)
    if server.in_the_clear and not dry_run:
        agree(
            "Send them all the same?",
            yes,
            f"Letters with names, times and places would go unencrypted to {server.host}, for all on the way to read; "
            "smtp+starttls:// or smtps:// encrypts them.",
        )

    def told(delivery: Delivery) -> None:
        remark = f" ({one_line(delivery.remark)})" if delivery.remark else ""
        print(
            f"{delivery.state.in_words}: {one_line(delivery.letter.subject)}, to {delivery.letter.recipient}{remark}",
            flush=True,
        )

    def kept_back(letter: Letter, why: Sequence[Held]) -> None:
        lines = [f"held: {one_line(letter.subject)}, to {letter.recipient}", *(f"  {each}" for each in why)]
        print("\n".join(lines), file=sys.stderr, flush=True)

    with usecases.open_workspace(db) as workspace:
        done = usecases.mailing.send(
            workspace, server, dry_run=dry_run, per_minute=per_minute, told=told, kept_back=kept_back
        )
    kept = f", {done.held} held" if done.held else ""
    if dry_run:
        print(f"{counted(len(done.deliveries), 'letter')} would go to {server}{kept}. Nothing was sent.")
        if done.held:
            raise Refused(f"{counted(done.held, 'letter')} would be held, as above.", Remedy.PLAN_AGAIN)
        return
    print(f"{counted(done.sent, 'letter')} sent, {done.refused} refused, {done.waiting} still to be sent{kept}.")
    if done.stopped:
        raise Cannot(f"{done.stopped} What is left waits in the outbox: send again.")
    if done.held:
        raise Refused(f"{counted(done.held, 'letter')} are held, as above.", Remedy.PLAN_AGAIN)
    if done.refused or done.waiting:
        raise Cannot("Not every letter went.", Remedy.OUTBOX)


@app.command(short_help="Read what volunteers answered by mail")
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
    with usecases.open_workspace(db) as workspace:
        heeded = usecases.mailing.reply(workspace, files)
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
    if heeded.declined:
        print(f"{counted(heeded.declined, 'volunteer')} declined. The plan is as it was; matcher show lists the gaps.")


@app.command("answer", short_help="Note what a volunteer told you")
def answer_(
    volunteer: Annotated[str, typer.Argument(help="The volunteer's id, or a name that only one has.")],
    session: Annotated[str, typer.Argument(help="The session's id, or what only one of theirs is called.")],
    said: Annotated[Word, typer.Argument(metavar="yes|no|maybe", help="What they said.")],
    note: Annotated[str | None, typer.Option(help="How you know, such as: rang on Monday.")] = None,
    db: Database = DEFAULT_DB,
    by: By = None,
    yes: Yes = False,
) -> None:
    """Records what a volunteer told you of a visit; a later mail of theirs counts again.

    It is a line of the journal, and is taken back as the others are.
    """
    answered = usecases.mailing.ANSWERS[said.value]
    with usecases.open_workspace(db) as workspace:
        taken = usecases.living.answer(workspace, volunteer, session, answered, note, actor=by)
    when = f"{taken.entry.session_id} on {time_text(taken.entry.start)}"
    print(f"{taken.answer}: {one_line(taken.volunteer.name)}, {when} (on your word)")
    if taken.is_declined:
        print("The plan is as it was; matcher show lists the gaps.")


def _question_line(question: Question, problem: Problem) -> str:
    """In one line: who says what for whom, why it is asked, and how to take it."""
    answers = usecases.mailing.ANSWERS
    entry, word = question.entry, next(word for word, said in answers.items() if said is question.reply.answer)
    name = one_line(problem.volunteers[entry.attendee_id].name)
    command = shlex.join(["matcher", "answer", entry.attendee_id, entry.session_id, word])
    return one_line(
        f"question: {question.reply.source}: {question.who} answers {word} ({question.reply.answer}) for {name} "
        f"({entry.attendee_id}), {entry.session_id} on {time_text(entry.start)}: {question.why}. "
        f"If it is theirs: {command}"
    )
