"""A process that is killed in the middle of a transaction leaves the old state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from store_scenarios import contents, large_scenario, save_run, scenario

from matcher.errors import NotThere
from matcher.store import Workspace

pytest_plugins = ("store_fixtures",)

CHILD = """
import sys, time
from datetime import datetime
import sqlalchemy as sa
from store_scenarios import PLAN, large_scenario, save_run, scenario
from matcher.edits import added
from matcher.store import Workspace, versions

def block(*_):
    print("everything is written, nothing is committed", flush=True)
    time.sleep(600)

act, address = sys.argv[1:]
if act == "create":
    upgrade = versions.upgrade
    versions.upgrade = lambda connection: (upgrade(connection), block())
    Workspace.open(address, create=True)
workspace = Workspace.open(address)
sa.event.listen(workspace.engine, "commit", block)
if act == "import":
    workspace.replace_tables(large_scenario(), "large.xlsx")
elif act == "edit":
    workspace.edit("add", {}, [added("slots", {"session_id": "S1-1", "start": datetime(2026, 10, 16, 9)})])
else:
    save_run(workspace, scenario())
"""


def kill_in_the_middle(act: str, address: str) -> None:
    command = [sys.executable, "-c", CHILD, act, address]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "everything is written, nothing is committed\n"
        child.kill()


@pytest.mark.parametrize("act", ["import", "solve", "edit"])
def test_a_killed_import_solve_or_edit_leaves_the_old_state(act: str, address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        save_run(workspace, scenario())
        before = contents(workspace)
    kill_in_the_middle(act, address)
    if "://" not in address:
        assert Path(address + "-journal").exists()  # what the next one to open it rolls back
        assert act != "import" or Path(address).stat().st_size > 500_000  # pages had been written
    with Workspace.open(address) as workspace:
        assert contents(workspace) == before
        assert workspace.load_tables() == scenario()
        assert workspace.replace_tables(large_scenario(10), "large.xlsx")
        assert save_run(workspace, large_scenario(10)) == 2


def test_a_workspace_killed_while_it_is_made_can_be_made_again(address: str) -> None:
    kill_in_the_middle("create", address)
    with pytest.raises(NotThere, match="there is no workspace"):
        Workspace.open(address)
    with Workspace.open(address, create=True) as workspace:
        assert workspace.replace_tables(scenario(), "derby.xlsx")
