"""One at a time: a lease is somebody's until it is given back, its time is up, or its process is dead."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from matcher.store import Workspace, leases

pytest_plugins = ("store_fixtures",)

NOW = datetime(2026, 11, 25, 9, 46, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ELSEWHERE = "ana on another-machine (process 1, since 2026-11-25 09:46 UTC, 5f0c)"


def test_a_lease_is_one_owners_until_it_is_given_back(address: str) -> None:
    me = leases.new_owner(NOW)
    with Workspace.open(address, create=True) as workspace:
        assert workspace.take_lease("feeds", ELSEWHERE, LATER, NOW) is None
        assert workspace.take_lease("feeds", me, LATER, NOW) == ELSEWHERE
        assert workspace.take_lease("other", me, LATER, NOW) is None
        assert workspace.take_lease("feeds", ELSEWHERE, LATER + timedelta(minutes=5), LATER) is None
        assert workspace.take_lease("feeds", me, LATER, LATER) == ELSEWHERE
        workspace.release_lease("feeds", me)  # which is not ours
        assert workspace.take_lease("feeds", me, LATER, NOW) == ELSEWHERE
        workspace.release_lease("feeds", ELSEWHERE)
        assert workspace.take_lease("feeds", me, LATER, NOW) is None


def test_a_lease_whose_time_is_up_is_free(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        assert workspace.take_lease("feeds", ELSEWHERE, LATER, NOW) is None
        assert workspace.take_lease("feeds", "me", LATER + timedelta(minutes=5), LATER) is None


def test_a_lease_of_a_dead_process_of_this_machine_is_free_at_once(address: str) -> None:
    code = "from matcher.store import leases; from datetime import *; print(leases.new_owner(datetime.now(UTC)))"
    dead = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()
    with Workspace.open(address, create=True) as workspace:
        assert workspace.take_lease("feeds", dead, LATER, NOW) is None
        assert workspace.take_lease("feeds", leases.new_owner(NOW), LATER, NOW) is None


def test_a_process_that_died_and_waits_for_its_parent_is_dead(address: str) -> None:
    code = "from matcher.store import leases; from datetime import *; print(leases.new_owner(datetime.now(UTC)))"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8")
    assert child.stdout is not None
    owner = child.stdout.read().strip()  # until it ends; nobody has waited for it yet
    with Workspace.open(address, create=True) as workspace:
        assert workspace.take_lease("feeds", owner, LATER, NOW) is None
        while workspace.take_lease("feeds", "me", LATER, NOW):
            pass
    child.wait()


def test_a_living_process_keeps_its_lease(address: str) -> None:
    me, twin = leases.new_owner(NOW), leases.new_owner(NOW)
    assert me != twin
    with Workspace.open(address, create=True) as workspace:
        assert workspace.take_lease("feeds", me, LATER, NOW) is None
        assert workspace.take_lease("feeds", twin, LATER, NOW) == me


def test_of_many_who_ask_at_once_one_gets_it(address: str) -> None:
    Workspace.open(address, create=True).close()

    def ask(number: int) -> bool:
        with Workspace.open(address, patience_seconds=60) as workspace:
            return workspace.take_lease("feeds", f"number {number}", LATER, NOW) is None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 1
