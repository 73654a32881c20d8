"""What is taken out of a workspace when consent is withdrawn or somebody is erased, in both kinds of database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_scenarios import row, scenario

from matcher.domain import GoalName, LedgerLine, Plan, Slot, Status, TierName, TierScore, Visit
from matcher.errors import StoreError
from matcher.publishing.disclosure import Told
from matcher.store import Workspace, schema, versions
from matcher.store.changes import fingerprint
from matcher.store.connection import check_file, database_url, make_engine, writing
from matcher.tables import Row, Tables

pytest_plugins = ("store_fixtures",)

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
PLAN = Plan({"S1-1": Visit(Slot(datetime(2026, 10, 14, 9), datetime(2026, 10, 14, 10)), ("V1", "V2"))})
TIERS = tuple(TierScore(tier, 5, 7) for tier in TierName)
LEDGER = (
    LedgerLine("S1-Y5", GoalName.PEOPLE, 2, 8),
    LedgerLine("S1-Y5", GoalName.ETHNIC_GROUPS, 1, 3),
    LedgerLine("S1-Y6", GoalName.ETHNIC_GROUPS, 1, 3),
    LedgerLine("", GoalName.MIXED_TEAM, 1, 1),
)


def volunteer(volunteer_id: str, consent: str | None = "yes", **values: object) -> Row:
    told = {"gender": "woman", "ethnicity": "asian"} if consent == "yes" else {}
    given = {"volunteer_id": volunteer_id, "name": f"Person {volunteer_id}", "sector": "Rail", **told, **values}
    return row("volunteers", 2, matching_consent=consent, **given)  # type: ignore[arg-type]


def term(*volunteers: Row, **tables: tuple[Row, ...]) -> Tables:
    return scenario(volunteers=volunteers, **tables)


def save(workspace: Workspace, tables: Tables) -> int:
    return workspace.save_run(tables, PLAN, TIERS, 1, Status.FEASIBLE, {}, {}, made=NOW, ledger=LEDGER)


def demographics(workspace: Workspace, run: int | None = None) -> dict[str, tuple[object, object]]:
    tables, mark = workspace.load_scenario(run) or (None, "")
    assert tables is not None and fingerprint(tables) == mark
    return {str(each["volunteer_id"]): (each["gender"], each["ethnicity"]) for each in tables.rows["volunteers"]}


BOTH = ("woman", "asian")
NEITHER = (None, None)


def test_withdrawn_consent_leaves_older_snapshots_with_fingerprints_that_are_right(address: str) -> None:
    before = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(before, "a", NOW)
        save(workspace, before)
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        assert demographics(workspace, 1) == {"V1": NEITHER, "V2": BOTH}
        run = workspace.run(1)
        assert run.is_whole and run.erased is not None and run.tiers == TIERS and run.plan == PLAN


def test_what_a_ledger_counts_of_them_goes_and_the_rest_stays(address: str) -> None:
    before = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(before, "a", NOW)
        save(workspace, before)
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        assert workspace.run(1).ledger == (LEDGER[0], LEDGER[2])


def test_snapshots_that_differ_in_nothing_any_more_become_one(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        for gender in ("woman", "man"):
            tables = term(volunteer("V1", gender=gender), volunteer("V2"))
            workspace.replace_tables(tables, gender, NOW)
            save(workspace, tables)
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        assert demographics(workspace, 1) == demographics(workspace, 2) == {"V1": NEITHER, "V2": BOTH}
        assert workspace.run(1).fingerprint == workspace.run(2).fingerprint
        assert not workspace.faults()


def test_earlier_meetings_follow_their_own_consent(address: str) -> None:
    def met(who: str | None, consent: str | None, day: int, said: bool = True) -> Row:
        told = {"gender": "man", "ethnicity": "black"} if said else {}
        return row(
            "encounters",
            day,
            cohort_id="S1-Y5",
            date=date(2026, 1, day),
            volunteer_id=who,
            matching_consent=consent,
            **told,
        )

    before = term(
        volunteer("V1"), volunteer("V2"), encounters=(met("V1", None, 2), met("V2", None, 3), met(None, None, 4))
    )
    after = term(
        volunteer("V1", "no"),
        volunteer("V2"),
        encounters=(met("V1", None, 2, said=False), met("V2", None, 3), met(None, "no", 4, said=False)),
    )
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(before, "a", NOW)
        save(workspace, before)
        workspace.replace_tables(after, "b", NOW)
        tables = workspace.load_tables(1)
        assert tables is not None
        assert [each["gender"] for each in tables.rows["encounters"]] == [None, "man", None]


def test_an_older_spreadsheet_does_not_bring_back_what_an_earlier_meeting_said(address: str) -> None:
    met = row(
        "encounters", 2, cohort_id="S1-Y5", volunteer_id="V1", gender="man", ethnicity="black", matching_consent="yes"
    )
    before = term(volunteer("V1"), volunteer("V2"), encounters=(met,))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(before, "a", NOW)
        save(workspace, before)
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        admitted = workspace.admit(before)
        assert admitted.stays_off == ("V1",)
        assert admitted.tables.rows["encounters"][0]["gender"] is None
        workspace.replace_tables(before, "c", NOW)
        for number in (None, 1):
            kept = workspace.load_tables(number)
            assert kept is not None
            assert kept.rows["encounters"][0]["gender"] is None
        workspace.replace_tables(before, "d", NOW, consent=["V1"])
        kept = workspace.load_tables()
        assert kept is not None
        assert kept.rows["encounters"][0]["gender"] == "man"


def test_consent_given_for_the_first_time_is_taken(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(term(volunteer("V1", None), volunteer("V2")), "a", NOW)
        admitted = workspace.admit(term(volunteer("V1"), volunteer("V2")))
        assert admitted.stays_off == ()


def test_figures_that_counted_them_say_nothing_but_still_protect_the_others(address: str) -> None:
    before = term(volunteer("V1"), volunteer("V2"))
    figure = Told(GoalName.ETHNIC_GROUPS, {"V1": 1, "V2": 1}, 3, 2)
    other = Told(GoalName.ETHNIC_GROUPS, {"V2": 1}, 3, 1)
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(before, "a", NOW)
        save(workspace, before)
        workspace.add_told_figures(1, (), [figure, other])
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        assert [each.value for each in workspace.told_figures()] == [-1, 1]
        workspace.forget("V1", NOW)
        found = workspace.told_figures()
        assert "V2" in found[0].people and "V1" not in found[0].people and len(found[0].people) == 2


def test_the_erased_stay_in_plans_as_one_stand_in_and_leave_what_was_planned_with_them(address: str) -> None:
    tables = term(
        volunteer("V1", email="one@example.org", postcode="DE1 1AA"),
        volunteer("V2"),
        encounters=(row("encounters", 2, cohort_id="S1-Y5", volunteer_id="V1", sector="Rail", gender="man"),),
        pins=(row("pins", 2, session_id="S1-1", volunteer_id="V1", decision="keep"),),
    )
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        save(workspace, tables)
        workspace.keep_unfinished(tables, PLAN, 1, {}, NOW)
        done, trouble = workspace.forget("V1", NOW)
        assert not trouble and done["run"] == 1 and done["unfinished plan"] == 1
        kept = workspace.load_tables()
        assert kept is not None
        (person, _), (meeting,) = kept.rows["volunteers"], kept.rows["encounters"]
        who = person["volunteer_id"]
        assert isinstance(who, str) and who.startswith("former-")
        given = {name: value for name, value in person.values.items() if value is not None}
        assert given == {"volunteer_id": who, "name": "a former volunteer", "sector": "not kept"}
        assert {name: value for name, value in meeting.values.items() if value is not None} == {
            "cohort_id": "S1-Y5",
            "volunteer_id": who,
        }
        assert kept.rows["pins"] == kept.rows["availability"] == kept.rows["preferences"] == ()
        assert workspace.run(1).plan.visits["S1-1"].team == (who, "V2")
        assert workspace.run(1).is_whole and not workspace.unfinished()
        assert not workspace.faults()
        assert workspace.forgotten() == ["id:V1"]


def test_a_plan_made_while_somebody_was_erased_does_not_bring_them_back(address: str) -> None:
    tables = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        workspace.forget("V1", NOW)
        with pytest.raises(StoreError, match="was erased"):
            save(workspace, tables)
        with pytest.raises(StoreError, match="was erased"):
            workspace.keep_unfinished(tables, PLAN, 1, {}, NOW)
        assert not workspace.runs()


def test_a_plan_made_while_consent_was_withdrawn_is_kept_without(address: str) -> None:
    tables = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        workspace.replace_tables(term(volunteer("V1", "no"), volunteer("V2")), "b", NOW)
        save(workspace, tables)
        assert demographics(workspace, 1) == {"V1": NEITHER, "V2": BOTH}


def as_version(address: str, version: str, of: Workspace) -> None:
    """Make a workspace at the address with the tables of that version, and in them what this one holds."""
    check_file(Path(address), create=True)
    engine = make_engine(database_url(address), 5)
    there = sa.MetaData()
    with of.engine.connect() as source, writing(engine, 5) as rows:
        versions.upgrade(rows, version)
        there.reflect(rows)
        for table in there.sorted_tables:
            if table.name in schema.metadata.tables:
                ours = schema.metadata.tables[table.name]
                kept = source.execute(sa.select(*(ours.c[column.name] for column in table.columns))).mappings().all()
                rows.execute(sa.delete(table))  # a migration gives a new workspace a name
                if kept:
                    rows.execute(sa.insert(ours).inline(), [dict(row) for row in kept])
    engine.dispose()


def test_a_migration_takes_out_what_an_earlier_version_kept_without_consent(
    sqlite_address: str, tmp_path: Path
) -> None:
    old = str(tmp_path / "old.db")
    with Workspace.open(sqlite_address, create=True) as workspace:
        workspace.replace_tables(term(volunteer("V1"), volunteer("V2")), "a", NOW)
        with workspace.engine.begin() as connection:
            own = schema.scenario_tables["volunteers"]
            mine = sa.update(own).where(own.c.volunteer_id == "V1")
            connection.execute(mine.values(ethnicity="zebra", matching_consent="no"))
        as_version(old, "0005", workspace)
    assert b"zebra" in Path(old).read_bytes()
    with Workspace.open(old) as workspace:
        found = workspace.load_tables()
        assert found is not None
        assert found.rows["volunteers"][0]["ethnicity"] is None
        assert not workspace.letters()
    files = sorted(tmp_path.glob("old.db*"))
    assert len(files) == 2  # with the copy from before
    assert all(b"zebra" not in file.read_bytes() for file in files)


def test_who_is_erased_stays_as_nobody_where_they_came_whatever_a_spreadsheet_brings_back(address: str) -> None:
    came = (
        row("visits", 2, session_id="S1-1", happened="yes", came=("V1", "V2")),
        row("visits", 3, session_id="S1-2", happened="yes", came=("V1",)),
    )
    tables = term(volunteer("V1"), volunteer("V2"), visits=came)
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        save(workspace, tables)
        workspace.forget("V1", NOW)
        (stand_in,) = (who for who in workspace.run(1).plan.visits["S1-1"].team if who != "V2")

        def kept() -> list[object]:
            found = workspace.load_tables()
            assert found is not None
            return [each["came"] for each in found.rows["visits"]]

        assert kept() == [(stand_in, "V2"), (stand_in,)]
        admitted = workspace.admit(tables, (), ())
        assert admitted.passed_over == ("V1",)
        workspace.replace_tables(admitted.tables, "b", NOW)
        first, second = kept()
        assert first == (stand_in, "V2")
        assert isinstance(second, tuple) and len(second) == 1 and second[0].startswith("former-"), "somebody came"
        again = workspace.admit(tables, (), ()).tables
        assert not workspace.replace_tables(again, "c", NOW), "every import says the same"


def test_rules_set_aside_for_somebody_go_with_them(address: str) -> None:
    aside = (
        row("overrides", 2, session_id="S1-1", volunteer_id="V1", rule="load", reason="Person V1 asked for it"),
        row("overrides", 3, session_id="S1-1", volunteer_id="V2", rule="load", reason="Person V1 is ill"),
    )
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(term(volunteer("V1"), volunteer("V2"), overrides=aside), "a", NOW)
        workspace.forget("V1", NOW)
        found = workspace.load_tables()
        assert found is not None
        assert [each["volunteer_id"] for each in found.rows["overrides"]] == ["V2"]
        assert "Person V1" not in str(found.rows["overrides"])


def test_a_ledger_that_was_worked_out_while_somebody_was_erased_is_not_kept(address: str) -> None:
    tables = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        workspace.save_run(tables, PLAN, TIERS, 1, Status.FEASIBLE, {}, {}, made=NOW)
        other = term(volunteer("V3"), availability=(), preferences=())
        workspace.save_run(other, PLAN, TIERS, 1, Status.FEASIBLE, {}, {}, made=NOW)
        workspace.forget("V1", NOW)
        for number in (1, 2):
            workspace.keep_ledger(number, LEDGER)
        assert workspace.run(1).ledger is None
        assert workspace.run(2).ledger == LEDGER


def test_damage_stays_visible_after_somebody_was_erased(address: str) -> None:
    tables = term(volunteer("V1"), volunteer("V2"))
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(tables, "a", NOW)
        save(workspace, tables)
        with workspace.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE volunteers SET sector = 'Changed'")
            connection.exec_driver_sql("UPDATE run_tiers SET value = 6")
        workspace.forget("V1", NOW)
        loaded = workspace.load_scenario(1)
        assert loaded is not None and fingerprint(loaded[0]) != loaded[1]
        assert not workspace.run(1).is_whole
