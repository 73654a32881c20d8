"""What a use case reads is of one moment, whoever writes meanwhile."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa
from store_scenarios import save_run, scenario

from matcher.errors import StoreError
from matcher.store import Workspace, scenarios
from matcher.tables import Tables
from matcher.usecases import told
from matcher.usecases.planning import show
from tests.publication.terms import publish

pytest_plugins = ("store_fixtures",)


def test_what_is_read_in_a_snapshot_is_of_one_moment(address: str) -> None:
    with Workspace.open(address, create=True) as looking, Workspace.open(address, patience_seconds=0.2) as writing:
        looking.replace_tables(scenario(), "before.xlsx")
        save_run(looking, scenario())
        with looking.snapshot():
            assert [run.is_current for run in looking.runs()] == [True]
            try:
                writing.replace_tables(scenario(volunteers=scenario().rows["volunteers"][:1]), "after.xlsx")
                written = True
            except StoreError as error:  # a SQLite file cannot be written to meanwhile
                assert "in use" in str(error)
                written = False
            assert written == ("://" in address)
            assert looking.state() == (1, 0)
            assert [run.is_current for run in looking.runs()] == [True]
        assert looking.state() == (2 if written else 1, 0)


def test_nothing_can_be_written_in_a_snapshot_but_afterwards(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        with workspace.snapshot():
            with pytest.raises(RuntimeError, match="nothing can be written"):
                workspace.replace_tables(scenario(), "derby.xlsx")
            workspace.afterwards(partial(save_run, workspace, scenario()))
            assert workspace.runs() == ()
        assert len(workspace.runs()) == 1


def test_what_was_put_off_is_not_done_after_an_error(sqlite_address: str) -> None:
    done: list[int] = []
    with Workspace.open(sqlite_address, create=True) as workspace:
        with pytest.raises(ValueError, match="looking"), workspace.snapshot():
            workspace.afterwards(lambda: done.append(1))
            raise ValueError("looking failed")
        with workspace.snapshot():
            pass
    assert not done


def test_a_term_is_read_from_the_database_once_however_often_a_use_case_needs_it(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    load = scenarios.load
    with Workspace.open(sqlite_address, create=True) as workspace:
        publish(workspace)

        def counting(connection: sa.Connection, number: int) -> Tables:
            read.append(number)
            return load(connection, number)

        monkeypatch.setattr(scenarios, "load", counting)
        shown = show(workspace)
        assert shown.run.number == 1
        assert len(read) == 1
        told.published(workspace)
        assert len(read) == 2
