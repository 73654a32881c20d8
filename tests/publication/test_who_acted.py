"""Who imported, planned, published and answered is kept with what they did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from matcher.publishing.published import Answer
from matcher.solving.progress import Settings
from matcher.store import Workspace, schema
from matcher.usecases import living, planning, publishing, terms
from tests.publication.terms import STAMP, term

pytest_plugins = ["tests.store.store_fixtures"]


def acted(workspace: Workspace, who: str | None) -> None:
    """An import, a run, a version and an answer."""
    terms.take(workspace, terms.compare(workspace, Path("term.xlsx"), term()), actor=who)
    planning.solve_workspace(workspace, Settings(1, 1), lambda _: None, lambda _: None, actor=who)
    publishing.publish(workspace, publishing.preview(workspace, stamp=STAMP), actor=who)
    visit = next(each for each in workspace.published() if each.attendee == "volunteer")
    now = datetime(2000, 1, 1, tzinfo=UTC)  # before every visit
    living.answer(workspace, visit.attendee_id, visit.session_id, Answer.ACCEPTED, now=now, actor=who)


def test_who_acts_is_kept_with_what_they_did(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        acted(workspace, "Ann")
        last = workspace.last_import()
        assert last is not None and last.actor == "Ann"
        assert [run.actor for run in workspace.runs()] == ["Ann"]
        assert [version.actor for version in workspace.versions()] == ["Ann"]
        assert answered_by(workspace) == ["Ann"]


def test_where_nobody_says_who_acts_nobody_is_named(sqlite_address: str) -> None:
    with Workspace.open(sqlite_address, create=True) as workspace:
        acted(workspace, None)
        last = workspace.last_import()
        assert last is not None and last.actor is None
        assert [run.actor for run in workspace.runs()] == [None]
        assert [version.actor for version in workspace.versions()] == [None]
        assert answered_by(workspace) == [None]


def answered_by(workspace: Workspace) -> list[str | None]:
    with workspace.engine.connect() as connection:
        return list(connection.execute(sa.select(schema.replies.c.actor)).scalars())
