"""Two that send at once, a send that was killed, and one whose machine slept: no letter goes by both hands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from matcher.errors import ChangedMeanwhile, Refused
from matcher.publishing.published import LetterState
from matcher.store import Taken, Workspace
from matcher.store.schema import leases
from matcher.usecases import mailing
from tests.cli.program import environment, here
from tests.mail.mail_server import at
from tests.mail.moody_server import Moods, moody
from tests.publication.terms import publish

pytest_plugins = ["tests.store.store_fixtures"]

SENDER = """
import sys
from matcher.mail.smtp import Server
from matcher.store import Workspace
from matcher.usecases import mailing
with Workspace.open(sys.argv[1]) as workspace:
    outcome = mailing.send(workspace, Server.at(sys.argv[2], environ={}), lease_seconds=float(sys.argv[3]))
"""


@pytest.fixture
def workspace(address: str) -> Workspace:
    """With letters of version 1 waiting."""
    made = Workspace.open(address, create=True)
    publish(made)
    return made


def sending(address: str, port: int, lease_seconds: float = 180) -> subprocess.Popen[bytes]:
    """Another process that sends."""
    words = [sys.executable, "-c", SENDER, address, f"smtp://127.0.0.1:{port}", str(lease_seconds)]
    return subprocess.Popen(words, cwd=Path(__file__).parents[2], env=environment(), stdin=subprocess.DEVNULL)


def states(workspace: Workspace) -> set[LetterState]:
    return {letter.state for letter in workspace.letters()}


def test_a_second_send_ends_at_once_and_each_letter_goes_once(address: str, workspace: Workspace) -> None:
    moods = Moods(holding=Event())
    assert moods.holding is not None
    with moody(moods) as port:
        first = sending(address, port)
        assert moods.content_came.wait(60)  # the server has the first letter, and says nothing yet
        said = here("send", "--db", address, "--smtp", f"smtp://127.0.0.1:{port}")
        assert said.code == 1 and len(moods.taken) == 1
        assert f"Another send is under way (process {first.pid} on " in said.err and "since 20" in said.err
        assert len(said.err.splitlines()) == 1
        moods.holding.set()
        assert first.wait(60) == 0
        assert here("send", "--db", address, "--smtp", f"smtp://127.0.0.1:{port}").code == 0
    ids = [message_id for message_id, _ in moods.taken]
    assert sorted(ids) == sorted(letter.message_id for letter in workspace.letters())
    assert states(workspace) == {LetterState.SENT}


def test_a_slow_server_does_not_end_the_lease(address: str, workspace: Workspace) -> None:
    """The lease is a second long, and is renewed all the while that the server says nothing."""
    moods = Moods(holding=Event())
    assert moods.holding is not None
    with moody(moods) as port:
        first = sending(address, port, lease_seconds=1)
        assert moods.content_came.wait(60)
        for _ in range(3):
            time.sleep(1.2)  # longer than the lease, had nobody renewed it
            with pytest.raises(Refused, match="Another send is under way"):
                mailing.send(workspace, at(port))
        moods.holding.set()
        assert first.wait(60) == 0
    assert len({message_id for message_id, _ in moods.taken}) == len(moods.taken)


def test_after_a_kill_the_next_takes_over_when_the_lease_ends(address: str, workspace: Workspace) -> None:
    moods = Moods(holding=Event())
    assert moods.holding is not None
    with moody(moods) as port:
        first = sending(address, port)
        assert moods.content_came.wait(60)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(60)
        moods.holding.set()
        with pytest.raises(Refused, match="Another send is under way"):
            mailing.send(workspace, at(port))
        run_out(workspace)
        mailing.send(workspace, at(port))
    assert states(workspace) == {LetterState.SENT}
    twice = [message_id for message_id, repeated in moods.taken if repeated]
    ids = [message_id for message_id, _ in moods.taken]
    assert twice == ids[:1] and len(ids) == len(set(ids)) + 1  # the one of which nobody knew, and marked


def test_one_that_lost_its_lease_stops_before_the_next_letter(workspace: Workspace) -> None:
    moods = Moods()
    with moody(moods) as port, pytest.raises(ChangedMeanwhile, match="has lost its turn"):
        mailing.send(workspace, at(port), told=lambda _: run_out(workspace))
    assert len(moods.taken) == 1
    assert [letter.state for letter in workspace.letters()].count(LetterState.SENT) == 1
    assert states(workspace) == {LetterState.SENT, LetterState.WAITING}


def test_a_send_that_is_asked_to_stop_ends_before_the_next_letter_and_says_so(workspace: Workspace) -> None:
    moods = Moods()
    with moody(moods) as port:
        done = mailing.send(workspace, at(port), asked_to_stop=lambda: len(moods.taken) == 2)
        assert len(moods.taken) == done.sent == 2
        assert done.stopped and done.waiting == len(workspace.letters()) - 2
        assert states(workspace) == {LetterState.SENT, LetterState.WAITING}  # none of which nobody knows
        mailing.send(workspace, at(port))
    assert states(workspace) == {LetterState.SENT}


def test_a_lease_is_free_again_when_it_was_given_back(workspace: Workspace) -> None:
    with workspace.lease("send", 60), workspace.lease("other", 60), pytest.raises(Taken), workspace.lease("send", 60):
        pass
    with workspace.lease("send", 60) as lease:
        assert lease.renew()


def run_out(workspace: Workspace) -> None:
    """As if nobody had renewed it for long."""
    with workspace.engine.begin() as connection:
        connection.execute(sa.update(leases).values(until_utc=datetime(2020, 1, 1)))
