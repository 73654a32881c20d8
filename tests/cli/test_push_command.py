"""`matcher push` from a workspace to a real CalDAV server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from caldav.davclient import DAVClient

from matcher.domain import Plan
from matcher.store import Workspace
from tests.cli.program import here, well_here
from tests.mail.radicale_server import PASSWORD, USER, radicale
from tests.publication.terms import USUAL, keep, publish


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with radicale(tmp_path / "radicale") as url:
        yield url


@pytest.fixture
def db(tmp_path: Path) -> str:
    """With version 1 published: two sessions at Oak, one at Elm."""
    address = str(tmp_path / "matcher.db")
    with Workspace.open(address, create=True) as workspace:
        publish(workspace)
    return address


@pytest.fixture
def login(tmp_path: Path) -> Path:
    (tmp_path / "login.txt").touch(0o600)
    (tmp_path / "login.txt").write_text(f"{USER}\n{PASSWORD}\n", encoding="utf-8")
    return tmp_path / "login.txt"


def there(url: str) -> dict[str, int]:
    """Each calendar on the server, and how many events it has."""
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    return {each.get_display_name(): len(each.events()) for each in client.principal().calendars()}


def test_programme_and_schools_get_a_calendar_each(db: str, url: str, login: Path) -> None:
    said = well_here("push", "--caldav", url, "--login-file", login, "--db", db)
    assert "3 calendars in step: 6 events put, 0 deleted, 0 as they were." in said.out
    assert there(url) == {
        "First steps": 3,
        "First steps: Oak Primary School": 2,
        "First steps: Elm Primary School": 1,
    }
    again = well_here(
        "push", "--caldav", url, "--db", db, "--quiet", MATCHER_CALDAV_USER=USER, MATCHER_CALDAV_PASSWORD=PASSWORD
    )
    assert again.out == "3 calendars in step: 0 events put, 0 deleted, 6 as they were.\n"


def test_what_is_published_later_follows_and_a_draft_does_not(db: str, url: str, login: Path) -> None:
    well_here("push", "--caldav", url, "--login-file", login, "--db", db)
    visits = dict(USUAL.visits)
    del visits["ELM-1"]
    with Workspace.open(db) as workspace:
        keep(workspace, workspace.load_tables(1) or pytest.fail("no tables"), Plan(visits))
    draft = well_here("push", "--caldav", url, "--login-file", login, "--db", db, "--quiet")
    assert "0 events put, 0 deleted" in draft.out
    with Workspace.open(db) as workspace:
        publish(workspace, which=Plan(visits))
    said = well_here("push", "--caldav", url, "--login-file", login, "--db", db)
    assert "First steps: Elm Primary School: 0 put, 1 deleted" in said.out
    assert there(url) == {"First steps": 2, "First steps: Oak Primary School": 2, "First steps: Elm Primary School": 0}


def test_before_anything_is_published_there_is_nothing_to_push(tmp_path: Path, url: str, login: Path) -> None:
    with Workspace.open(str(tmp_path / "new.db"), create=True):
        pass
    said = here("push", "--caldav", url, "--login-file", login, "--db", tmp_path / "new.db")
    assert said.code == 1 and said.err.startswith("matcher: ") and not there(url)


def test_what_is_wrong_is_said_in_a_line(db: str, url: str, login: Path) -> None:
    login.write_text(f"{USER}:sesame", encoding="utf-8")
    said = here("push", "--caldav", url, "--login-file", login, "--db", db)
    assert said.code == 1 and "does not let in organiser" in said.err and "sesame" not in said.err
    said = here("push", "--caldav", "nowhere", "--db", db)
    assert said.code == 1 and "cannot be used" in said.err
