"""Whose safeguarding check runs out, and which visits to come need one."""

from __future__ import annotations

from datetime import date

from matcher.store import Workspace
from matcher.usecases.advising import due
from tests.publication.terms import ELM_1, OAK_1, OAK_2, plan, publish, term, with_row

pytest_plugins = ("tests.store.store_fixtures",)


def test_the_visits_to_come_that_need_a_check_are_named_and_those_that_are_over_are_not(sqlite_address: str) -> None:
    tables = with_row(with_row(term(), "sessions", "OAK-2", supervised="no"), "sessions", "OAK-1", supervised="no")
    tables = with_row(tables, "volunteers", "FRED", checked_until=date(2026, 10, 31))
    tables = with_row(tables, "volunteers", "RAFI", checked_until=date(2026, 10, 7))
    which = plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA NICK"), OAK_2=(OAK_2, "ADA RAFI"))
    with Workspace.open(sqlite_address, create=True) as workspace:
        publish(workspace, tables, which)
        before = {each.volunteer.volunteer_id: each for each in due(workspace, 60, "2026-10-01T09:00")}
        assert list(before) == ["RAFI", "FRED"], "the first to run out first"
        assert [visit.session.session_id for visit in before["RAFI"].visits] == ["OAK-2"]
        assert [visit.session.session_id for visit in before["FRED"].visits] == ["OAK-1"]
        assert not before["FRED"].visits[0].too_late
        after = {each.volunteer.volunteer_id: each for each in due(workspace, 60, "2026-10-06T09:00")}
        assert [visit.school.name for visit in after["RAFI"].visits] == ["Oak Primary School"]
        assert after["FRED"].visits == ()
        workspace.replace_tables(with_row(tables, "volunteers", "RAFI", checked_until=date(2026, 10, 5)), "b")
        (late,) = due(workspace, 0, "2026-10-06T09:00")
        assert late.has_run_out and late.visits[0].too_late


def test_who_was_never_checked_has_nothing_to_run_out_and_without_a_plan_nobody_needs_it(
    sqlite_address: str,
) -> None:
    with Workspace.open(sqlite_address, create=True) as workspace:
        workspace.replace_tables(with_row(term(), "volunteers", "DEE", checked_until=None), "term.xlsx")
        found = due(workspace, 400, "2026-10-01T09:00")
        assert "DEE" not in {each.volunteer.volunteer_id for each in found}
        assert len(found) == 5 and not any(each.visits for each in found)
