"""What the last version before facts told people: it opens, nobody hears of it, and what changes later is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.publishing.published import Entry, LetterState, Standing
from matcher.soundness import kept_events
from matcher.store import Workspace, fingerprint, schema
from matcher.store.connection import database_url, make_engine
from matcher.tables import Tables
from matcher.usecases import publishing
from matcher.usecases.told import diff
from tests.publication.earlier_workspaces import bring_back
from tests.publication.terms import ELM_1, HOUR, OAK_2, keep, news, plan, with_row

pytest_plugins = ("tests.store.store_fixtures",)

NOW = datetime(2026, 10, 5, 9, 20, tzinfo=UTC)
"""Five minutes after its last version was made."""
OAK_2_LATER = replace(OAK_2, start=OAK_2.start + HOUR / 2, end=OAK_2.end + HOUR / 2)
LAST = plan(ELM_1=(ELM_1, "DEE LENA"), OAK_2=(OAK_2_LATER, "ADA RAFI"))


def rows_of(address: str) -> dict[str, list[dict[str, Any]]]:
    engine = make_engine(database_url(address), 5)
    found = sa.MetaData()
    with engine.connect() as rows:
        found.reflect(rows)
        kept = {
            table.name: sorted((dict(row) for row in rows.execute(sa.select(table)).mappings()), key=repr)
            for table in found.sorted_tables
        }
    engine.dispose()
    return kept


@pytest.fixture
def earlier(address: str) -> Iterator[Workspace]:
    bring_back(address, "told_by_0003", "0003")
    with Workspace.open(address) as workspace:
        yield workspace


def event(workspace: Workspace, attendee_id: str, session_id: str) -> Entry:
    (found,) = [
        each for each in kept_events(workspace) if (each.attendee_id, each.session_id) == (attendee_id, session_id)
    ]
    return found


def tables_of(workspace: Workspace) -> Tables:
    tables = workspace.load_tables()
    assert tables is not None
    return tables


def test_opening_it_changes_nothing_that_was_told(address: str) -> None:
    bring_back(address, "told_by_0003", "0003")
    before = rows_of(address)
    with Workspace.open(address) as workspace:
        assert len(workspace.published()) == 10
    after = rows_of(address)
    assert {row["facts"] for row in after["entries"]} == {None}
    for name in ("versions", "entries", "letters", "replies", "runs", "imports", "feeds", "workspace"):
        columns = before[name][0].keys()
        assert [{key: row[key] for key in columns} for row in after[name]] == before[name]


def test_publishing_the_same_plan_says_that_nothing_changed(earlier: Workspace) -> None:
    before, letters = earlier.published(), earlier.letters()
    for run in (None, 3):
        seen = publishing.preview(earlier, run, NOW)
        assert (seen.changes, seen.letters, seen.untold) == ((), (), ())
        assert seen.after == before
    keep(earlier, tables_of(earlier), LAST)
    assert publishing.preview(earlier, stamp=NOW).changes == ()
    assert earlier.letters() == letters


def test_its_facts_are_those_of_the_plan_that_told_them(earlier: Workspace) -> None:
    told = kept_events(earlier)
    assert not any(each.facts.partial for each in told)
    assert all((each.facts.start, each.facts.end) == (each.start, each.end) for each in told)
    ada = event(earlier, "ADA", "OAK-2").facts
    assert (ada.online, ada.title, ada.bring, ada.arrival, ada.address) == (True, "", "photo ID", None, "")
    elm = event(earlier, "ELM", "ELM-1").facts
    assert [each.volunteer_id for each in elm.visitors] == ["DEE", "LENA"]
    assert (elm.address, elm.contact) == ("1 Mill Lane, Derby", "Zoë O'Hara; (office)")
    nick = event(earlier, "NICK", "ELM-1")  # of version 1: he was not needed in version 2
    assert (nick.standing, nick.facts.contact, nick.facts.title) == (
        *(Standing.CANCELLED, "Paweł Reid", "Careers carousel"),
    )
    assert event(earlier, "FRED", "OAK-1").facts.arrival == datetime(2026, 10, 5, 9, 15)  # begun, and out of the plan


def test_what_changes_afterwards_is_told_to_those_whom_it_concerns(earlier: Workspace) -> None:
    keep(earlier, with_row(tables_of(earlier), "schools", "ELM", contact_name="Somebody Else"), LAST)
    seen = publishing.preview(earlier, stamp=NOW)
    assert news(seen) == {("DEE", "changed", "ELM-1"), ("LENA", "changed", "ELM-1")}
    publishing.publish(earlier, seen)
    assert [each.subject.split(":")[0] for each in earlier.letters() if each.version == 4] == ["Updated", "Updated"]
    assert {each.sequence for each in earlier.published() if each.session_id == "ELM-1" and each.since == 4} == {0}


def test_from_the_next_version_on_its_facts_are_kept(address: str, earlier: Workspace) -> None:
    keep(earlier, with_row(tables_of(earlier), "schools", "ELM", contact_name="Somebody Else"), LAST)
    told = {each.uid: each.facts for each in kept_events(earlier)}
    seen = publishing.preview(earlier, stamp=NOW)
    publishing.publish(earlier, seen)
    now = earlier.published()
    assert {each.uid: each.facts for each in now if each.since < 4} == {
        uid: facts for uid, facts in told.items() if uid in {each.uid for each in now if each.since < 4}
    }
    assert not any(each.facts.partial for each in now)
    assert publishing.preview(earlier, stamp=NOW + HOUR).changes == ()


def test_versions_of_then_can_be_set_beside_each_other(earlier: Workspace) -> None:
    _, found = diff(earlier, 1, 2)
    assert {(each.after.attendee_id, each.after.session_id): (each.news.value, *each.what) for each in found} == {
        **{(who, "OAK-1"): ("changed", "organiser") for who in ("OAK", "DEE", "FRED")},
        **{(who, "OAK-2"): ("moved", "time", "organiser") for who in ("OAK", "ADA", "RAFI")},
        **{(who, "ELM-1"): ("changed", "contact", "organiser") for who in ("DEE", "LENA")},
        ("ELM", "ELM-1"): ("changed", "visitors", "organiser"),
        ("NICK", "ELM-1"): ("cancelled",),
    }
    _, found = diff(earlier, 2, 3)
    assert [(each.after.attendee_id, each.news.value) for each in found] == [("RAFI", "at a new e-mail address")]
    _, found = diff(earlier, 3, 3)
    assert found == ()


def test_a_cancellation_says_what_was_told_then(earlier: Workspace) -> None:
    for each in earlier.letters(LetterState.WAITING):
        earlier.mark_letter(each.message_id, LetterState.SENT)
    keep(earlier, tables_of(earlier), plan(ELM_1=(ELM_1, "DEE LENA")))
    seen = publishing.preview(earlier, stamp=NOW)
    assert news(seen) == {(who, "cancelled", "OAK-2") for who in ("ADA", "RAFI", "OAK")}
    (letter,) = [each for each in seen.letters if each.recipient == "ada@example.org"]
    assert letter.subject == "Cancelled: Visit at Oak Primary School, Wednesday 7 October 2026, 14:00"


def test_where_the_data_of_then_can_no_longer_be_read_the_event_speaks_for_itself(earlier: Workspace) -> None:
    """Today's reading may refuse what an earlier one took. Nick's event is of version 1 alone."""
    first = earlier.load_tables(run=1)
    assert first is not None
    spoilt = with_row(first, "sessions", "ELM-1", min_volunteers=9)
    with earlier.engine.begin() as rows:
        scenario_id = rows.scalar(sa.select(schema.runs.c.scenario_id).where(schema.runs.c.number == 1))
        sessions, scenarios = schema.metadata.tables["sessions"], schema.scenarios
        mine = sessions.c.scenario_id == scenario_id, sessions.c.session_id == "ELM-1"
        rows.execute(sa.update(sessions).where(*mine).values(min_volunteers=9))
        marked = sa.update(scenarios).where(scenarios.c.scenario_id == scenario_id)
        rows.execute(marked.values(fingerprint=fingerprint(spoilt)))
    nick = event(earlier, "NICK", "ELM-1")
    assert nick.facts.partial
    assert (nick.facts.title, nick.facts.address) == (
        *("Careers carousel at Elm Primary School", "Elm Primary School, 1 Mill Lane, Derby"),
    )
    assert publishing.preview(earlier, stamp=NOW).changes == ()
    keep(earlier, tables_of(earlier), plan(ELM_1=(ELM_1, "DEE LENA NICK"), OAK_2=(OAK_2_LATER, "ADA RAFI")))
    seen = publishing.preview(earlier, stamp=NOW)
    assert news(seen) == {("NICK", "invited again", "ELM-1"), ("ELM", "changed", "ELM-1")}
    publishing.publish(earlier, seen)
    assert event(earlier, "NICK", "ELM-1").sequence == 2
