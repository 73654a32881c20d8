"""Data that comes while letters are going out: what is sent afterwards is judged by it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from matcher.appointments import Attendee
from matcher.errors import ChangedMeanwhile
from matcher.publishing.published import Letter, LetterState
from matcher.store import Workspace
from tests.cli.program import PATIENCE, command, environment, here, rows, well_here
from tests.cli.test_odd_names import rewrite
from tests.cli.writing import Desk, desk
from tests.mail.moody_server import Moods, moody

pytest_plugins = ["tests.store.store_fixtures"]


def unchecked(term: Path, volunteer_id: str) -> None:
    """And needs to be, where nobody else is in the room."""
    rewrite(term / "sessions.csv", {row["session_id"]: {"supervised": "no"} for row in rows(term / "sessions.csv")})
    rewrite(term / "volunteers.csv", {volunteer_id: {"checked_until": ""}})


def gone(term: Path, volunteer_id: str) -> None:
    for file in term.glob("*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if volunteer_id not in line.split(",")), encoding="utf-8")


@pytest.fixture
def at(address: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose workspace is at the address, with letters to everybody."""
    with desk(tmp_path, tmp_path / "out") as made:
        Workspace.restore(address, made.db, "before")
        well_here("outbox", "--write", 1, "--db", address, "--yes")
        yield made


def outbox(address: str) -> tuple[Letter, ...]:
    with Workspace.open(address) as workspace:
        return workspace.letters()


@contextmanager
def sending(address: str, moods: Moods, port: int) -> Iterator[subprocess.Popen[str]]:
    """Another process that sends, while the server has the first letter and says nothing yet."""
    words = command(("send", "--smtp", f"smtp://127.0.0.1:{port}", "--per-minute", 0, "--db", address))
    with subprocess.Popen(
        words,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        try:
            assert moods.content_came.wait(PATIENCE)
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("leaves", [unchecked, gone])
def test_who_may_not_come_any_more_is_not_told_to(
    leaves: Callable[[Path, str], None], at: Desk, address: str, tmp_path: Path
) -> None:
    moods = Moods(holding=Event())
    assert moods.holding is not None
    with moody(moods) as port:
        with sending(address, moods, port) as first:
            ((message_id, _),) = moods.taken
            letters = outbox(address)
            first_one = next(each for each in letters if each.message_id == message_id)
            who = next(
                each
                for each in letters
                if each.attendee is Attendee.VOLUNTEER
                and each.state is LetterState.WAITING
                and each.recipient != first_one.recipient
            )
            leaves(at.given / "now", who.attendee_id)
            well_here("import", at.given / "now", "--db", address, "--yes")
            moods.holding.set()
            _, err = first.communicate(timeout=PATIENCE)
        assert first.returncode == 1
        assert err.startswith("matcher: ") and "changed meanwhile" in err and len(err.splitlines()) == 1
        assert [each for each, _ in moods.taken] == [message_id]
        assert {each.message_id for each in outbox(address) if each.state is LetterState.SENT} == {message_id}

        again = here("send", "--smtp", f"smtp://127.0.0.1:{port}", "--per-minute", 0, "--db", address)
        assert again.code == 1 and f"held: {who.subject}, to {who.recipient}" in again.err
        taken = [each for each, _ in moods.taken]
        left = outbox(address)
        waiting = {each.message_id for each in left if each.state is LetterState.WAITING}
        assert who.message_id in waiting and not any(repeated for _, repeated in moods.taken)
        assert len(taken) == len(set(taken)) > 1 and not waiting & set(taken)
        assert waiting | set(taken) == {each.message_id for each in left if each.state is not LetterState.OVERTAKEN}

        once_more = here("send", "--smtp", f"smtp://127.0.0.1:{port}", "--per-minute", 0, "--db", address)
        assert once_more.code == 1 and [each for each, _ in moods.taken] == taken


def test_a_letter_judged_by_older_data_is_not_claimed(at: Desk, address: str) -> None:
    """However short the moment between an import and the letter."""
    with Workspace.open(address) as workspace:
        judged_by = workspace.state()
        letter = next(each for each in workspace.letters() if each.state is LetterState.WAITING)
        well_here("import", at.given / "next", "--db", address, "--yes")
        with pytest.raises(ChangedMeanwhile, match="changed meanwhile"):
            workspace.claim_letter(letter, judged_by)
        assert letter in workspace.letters()
        assert workspace.claim_letter(letter, workspace.state())
