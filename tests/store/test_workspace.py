"""What a workspace keeps, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_scenarios import PLAN, TIERS, contents, large_scenario, row, save_run, scenario

from matcher.domain import GoalName, Status
from matcher.errors import ChangedMeanwhile, NotThere, StoreError
from matcher.publishing.disclosure import Told
from matcher.store import What, Workspace, fingerprint, scenarios
from matcher.store.connection import reading, writing
from matcher.tables import Tables

pytest_plugins = ("store_fixtures",)

OTHER = scenario(volunteers=(row("volunteers", volunteer_id="V9", name="N", sector="Health"),))


def test_holds_nothing_before_the_first_import(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        assert workspace.load_tables() is None
        assert workspace.last_import() is None
        assert workspace.runs() == ()


def test_gives_back_what_it_was_given(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
    with Workspace.open(address) as workspace:
        assert workspace.load_tables() == scenario()


def test_remembers_where_the_scenario_came_from_and_when(address: str) -> None:
    summer_time = timezone(timedelta(hours=1))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx", datetime(2026, 9, 1, 12, tzinfo=summer_time))
        found = workspace.last_import()
        assert found is not None
        assert (found.source, found.made) == ("derby.xlsx", datetime(2026, 9, 1, 11, tzinfo=UTC))
        assert found.fingerprint == fingerprint(scenario())


def test_the_same_import_again_changes_nothing(address: str) -> None:
    shuffled = {
        name: tuple(replace(kept, number=99) for kept in reversed(rows)) for name, rows in scenario().rows.items()
    }
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        before = contents(workspace)
        assert workspace.replace_tables(scenario(), "derby.xlsx") == ()
        assert workspace.replace_tables(Tables(scenario().programme, shuffled), "derby-2.xlsx") == ()
        assert contents(workspace) == before


def test_the_same_import_again_leaves_a_sqlite_file_as_it_is(sqlite_address: str) -> None:
    with Workspace.open(sqlite_address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
    before = Path(sqlite_address).read_bytes()
    with Workspace.open(sqlite_address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
    assert Path(sqlite_address).read_bytes() == before


def test_another_import_replaces_the_scenario_and_says_what_changed(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        changes = workspace.replace_tables(OTHER, "derby-2.xlsx")
        assert [(change.what, change.row) for change in changes] == [
            (What.ADDED, "V9"),
            (What.REMOVED, "V1"),
            (What.REMOVED, "V2"),
        ]
        assert workspace.load_tables() == OTHER
        assert {number for (_, _, number, *_) in contents(workspace)["volunteers"]} == {2}  # the old rows are gone
        assert len(contents(workspace)["scenarios"]) == 1


def test_only_agreed_changes_are_made(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        shown = workspace.replace_tables(scenario(), "derby.xlsx")
        with pytest.raises(ChangedMeanwhile, match=r"changed by somebody else in the meantime.*Import again"):
            workspace.replace_tables(OTHER, "derby-2.xlsx", agreed=shown)
        assert workspace.load_tables() == scenario()


def test_an_empty_scenario_is_a_scenario(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(Tables({}), "nothing")
        found = workspace.load_tables()
        assert found is not None
        assert fingerprint(found) == fingerprint(Tables({}))


def test_gives_back_a_run(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        number = save_run(workspace, scenario())
        run = workspace.run(number)
    assert run.plan == PLAN
    assert list(run.plan.visits) == list(PLAN.visits)
    assert run.tiers == TIERS
    assert (run.seconds, run.status) == (12.25, Status.FEASIBLE)
    assert run.reasons == {"S1-2": "No digital volunteer is free on either date."}
    assert run.settings == {"seed": 1, "time_limit": 60.5, "deterministic": False, "note": "Zoë", "workers": None}
    assert (run.delivered, run.assignments) == (2, 3)
    assert abs(datetime.now(UTC) - run.made) < timedelta(minutes=1)


def test_runs_are_numbered_from_one_and_listed_newest_first(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        assert [save_run(workspace, scenario()), save_run(workspace, scenario(), replace(PLAN, visits={}))] == [1, 2]
        assert [(run.number, run.delivered, run.tiers) for run in workspace.runs()] == [(2, 0, TIERS), (1, 2, TIERS)]
        assert workspace.run().number == 2


def test_a_run_that_is_not_there_is_named(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        with pytest.raises(NotThere, match=r"no run yet"):
            workspace.run()
        workspace.replace_tables(scenario(), "derby.xlsx")
        save_run(workspace, scenario())
        with pytest.raises(NotThere, match="no run 7: they are numbered up to 1"):
            workspace.run(7)
        with pytest.raises(NotThere, match="no run 7"):
            workspace.load_tables(run=7)


def test_a_run_keeps_the_scenario_it_was_made_for(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        number = save_run(workspace, scenario())
        assert workspace.run(number).is_current
        workspace.replace_tables(OTHER, "derby-2.xlsx")
        assert not workspace.run(number).is_current
        assert workspace.run(number).plan == PLAN
        assert workspace.load_tables(run=number) == scenario()
        assert workspace.load_tables() == OTHER


def test_going_back_to_an_earlier_scenario_keeps_it_once(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        number = save_run(workspace, scenario())
        workspace.replace_tables(OTHER, "derby-2.xlsx")
        assert len(workspace.replace_tables(scenario(), "derby.xlsx")) == 3
        assert workspace.run(number).is_current
        assert workspace.load_tables() == scenario()
        assert len(contents(workspace)["scenarios"]) == 1


def test_a_run_is_kept_even_if_its_scenario_was_replaced_while_it_ran(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        workspace.replace_tables(OTHER, "derby-2.xlsx")
        number = save_run(workspace, scenario())
        assert not workspace.run(number).is_current
        assert workspace.load_tables(run=number) == scenario()
        assert workspace.load_tables() == OTHER


def test_a_second_writer_is_told_and_a_reader_is_not_disturbed(address: str) -> None:
    with (
        Workspace.open(address, create=True) as first,
        Workspace.open(address, patience_seconds=0.2) as second,
    ):
        first.replace_tables(scenario(), "derby.xlsx")
        with writing(first.engine, 1) as connection:
            connection.execute(sa.text("DELETE FROM scenarios"))
            for write in (lambda: second.replace_tables(OTHER, "derby-2.xlsx"), lambda: save_run(second, scenario())):
                with pytest.raises(StoreError, match=r"in use: somebody else is writing.*try again"):
                    write()
            assert second.load_tables() == scenario()
            connection.execute(sa.text("ROLLBACK"))
        second.replace_tables(OTHER, "derby-2.xlsx")
        assert first.load_tables() == OTHER


def test_a_reader_in_postgresql_sees_one_state_while_another_is_written(postgresql_database: str) -> None:
    with Workspace.open(postgresql_database, create=True) as first, Workspace.open(postgresql_database) as second:
        first.replace_tables(scenario(), "derby.xlsx")
        with reading(first.engine) as connection:
            current = scenarios.current(connection)
            assert current is not None
            second.replace_tables(OTHER, "derby-2.xlsx")  # deletes the rows that are being read
            assert scenarios.load(connection, current) == scenario()
        assert first.load_tables() == OTHER


def test_a_reader_in_sqlite_is_waited_for_before_a_state_is_replaced(sqlite_address: str) -> None:
    with (
        Workspace.open(sqlite_address, create=True) as first,
        Workspace.open(sqlite_address, patience_seconds=0.2) as second,
    ):
        first.replace_tables(scenario(), "derby.xlsx")
        with reading(first.engine) as connection:
            assert scenarios.current(connection) == 1
            with pytest.raises(StoreError, match="in use"):
                second.replace_tables(OTHER, "derby-2.xlsx")
            assert scenarios.load(connection, 1) == scenario()
        second.replace_tables(OTHER, "derby-2.xlsx")
        assert first.load_tables() == OTHER


def test_writers_wait_for_each_other(address: str) -> None:
    def write(n: int) -> int:
        with Workspace.open(address, create=True, patience_seconds=30) as workspace:
            workspace.replace_tables(scenario() if n % 2 else OTHER, f"file {n}")
            return save_run(workspace, scenario())

    with ThreadPoolExecutor(4) as pool:  # they also race to make the workspace
        numbers = list(pool.map(write, range(12)))
    assert sorted(numbers) == list(range(1, 13))
    with Workspace.open(address) as workspace:
        assert workspace.load_tables() in (scenario(), OTHER)
        assert all(run.assignments == 3 for run in workspace.runs())


def test_what_fails_midway_leaves_the_old_state(address: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        before = contents(workspace)
        sa.event.listen(workspace.engine, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workspace.replace_tables(OTHER, "derby-2.xlsx")
        with pytest.raises(KeyboardInterrupt):
            save_run(workspace, scenario())
        sa.event.remove(workspace.engine, "commit", interrupt)
        assert contents(workspace) == before


def test_values_that_a_database_cannot_keep_are_refused_in_words(address: str) -> None:
    too_large = row("cohorts", cohort_id="C", school_id="S1", pupils=2**63)
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        with pytest.raises(StoreError, match="cannot keep a value"):
            workspace.replace_tables(scenario(cohorts=(too_large,)), "derby-2.xlsx")
        twice = scenario().rows["volunteers"][:1] * 2
        with pytest.raises(StoreError, match="rows that do not fit together"):
            workspace.replace_tables(scenario(volunteers=twice), "derby-2.xlsx")
        assert workspace.load_tables() == scenario()


def test_seven_thousand_volunteers_are_imported_with_as_many_statements_as_seven(address: str) -> None:
    asked: list[str] = []
    with Workspace.open(address, create=True) as workspace:
        sa.event.listen(
            workspace.engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement)
        )
        workspace.replace_tables(large_scenario(7), "small.xlsx")
        few = len(asked)
        large = large_scenario()
        workspace.replace_tables(large, "large.xlsx")
        # the second import also reads what the first one brought, once as it is and once as the last spreadsheet
        assert 0 < len(asked) - few < few + 50
        assert workspace.load_tables() == large


def test_a_time_needs_a_zone_and_days_need_to_be_days(sqlite_address: str) -> None:
    with Workspace.open(sqlite_address, create=True) as workspace:
        with pytest.raises(ValueError, match="zone"):
            workspace.replace_tables(scenario(), "derby.xlsx", datetime(2026, 9, 1))
        with pytest.raises(TypeError, match="no list"):
            workspace.replace_tables(Tables({"closed": ["2026-09-01"]}), "derby.xlsx")
        assert workspace.load_tables() is None


def test_a_figure_that_stands_on_a_page_twice_is_kept_once(address: str) -> None:
    figure = Told(GoalName.ETHNIC_GROUPS, {"V1": 1, "V2": 1}, 3, 2)
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        number = save_run(workspace, scenario())
        workspace.add_told_figures(number, (), [figure, replace(figure, people={"V2": 1, "V1": 1}), figure])
        assert workspace.told_figures() == (figure,)
        workspace.add_told_figures(number, workspace.told_figures(), [figure])
        assert workspace.told_figures() == (figure,)
