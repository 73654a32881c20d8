"""Calendars, teams and pins when the spreadsheet has moved on since the plan was published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest
from caldav.davclient import DAVClient

from tests.cli.program import Said, here, well_here
from tests.cli.test_todays_data import FILES, gone, instead
from tests.mail.mail_server import Post, running
from tests.mail.radicale_server import PASSWORD, USER, radicale


class Term:
    """Mo goes to Ash alone on a Monday, Nia and Omar to Beech together on a Friday."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder / "term", folder / "matcher.db"
        self.folder.mkdir()
        self.write()
        instead(
            "schools.csv", "ash.example\n", "ash.example\nB,Beech School,52.9,-1.4,Paweł Reid,office@beech.example\n"
        )(self.folder)
        instead("cohorts.csv", "A5,A\n", "A5,A\nB5,B\n")(self.folder)
        instead("sessions.csv", "1,no\n", "1,no\nB1,B5,1,2,yes\n")(self.folder)
        instead("slots.csv", "10:00\n", "10:00\nB1,2027-10-08T09:00,2027-10-08T10:00\n")(self.folder)
        instead("volunteers.csv", "V2,Nia", "V3,Omar Often,v3@example.org,Rail,52.9,-1.4,,,\nV2,Nia")(self.folder)
        instead("availability.csv", "V2,fri,yes\n", "V2,fri,yes\nV3,fri,yes\n")(self.folder)
        self.good = {each.name: each.read_bytes() for each in self.folder.iterdir()}
        self.take()
        self.well("solve", "--afresh", "--deterministic", "--quiet")

    def write(self) -> None:
        for name, text in FILES.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def change(self, file: str, old: str, new: str) -> None:
        instead(file, old, new)(self.folder)
        self.take()

    def mend(self) -> None:
        (self.folder / "pins.csv").unlink(missing_ok=True)
        for name, content in self.good.items():
            (self.folder / name).write_bytes(content)
        self.take()

    def take(self) -> Said:
        return self.well("import", self.folder, "--yes", "--quiet")

    def do(self, *arguments: object) -> Said:
        return here(*arguments, "--db", self.db)

    def well(self, *arguments: object) -> Said:
        return well_here(*arguments, "--db", self.db)


@pytest.fixture
def term(tmp_path: Path) -> Term:
    return Term(tmp_path)


@pytest.fixture
def told(term: Term) -> Term:
    term.well("publish", "--yes")
    return term


def unfolded(folder: Path) -> str:
    return "".join(each.read_bytes().decode().replace("\r\n ", "") for each in sorted(folder.glob("*.ics")))


def test_one_of_a_team_in_doubt_leaves_the_others_named(told: Term, tmp_path: Path) -> None:
    web = tmp_path / "web"
    told.well("feed", "write", web)
    before = {each.name: each.read_bytes() for each in web.iterdir()}
    told.change(
        "volunteers.csv",
        "V3,Omar Often,v3@example.org,Rail,52.9,-1.4,,",
        "V3,Omar Often,v3@example.org,Rail,52.9,-1.4,,B",
    )
    said = told.well("feed", "write", web)
    assert said.err.count("ring today") == 1 and "Omar Often (v3@example.org)" in said.err
    changed = [each for each in web.glob("*.ics") if each.read_bytes() != before[each.name]]
    assert len(changed) == 3, "his, the school's and the programme's"
    content = unfolded(web)
    assert "- Nia Never" in content and "- To be confirmed" in content and "- Omar Often" not in content
    assert content.count("STATUS:TENTATIVE") == 3 and content.count("To be confirmed: ") == 3
    for each in changed:
        for found in icalendar.Calendar.from_ical(each.read_bytes()).walk("VEVENT"):
            if str(found["STATUS"]) == "TENTATIVE":
                assert not found.walk("VALARM")
        assert all(len(line) <= 75 for line in each.read_bytes().split(b"\r\n"))
    assert "0 changed" in told.well("feed", "write", web).out, "written again it is the same"
    told.mend()
    told.well("feed", "write", web)
    assert {each.name: each.read_bytes() for each in web.iterdir()} == before


def test_letters_of_others_and_cancellations_go(told: Term) -> None:
    post = Post()
    with running(post) as port:
        server = ("--smtp", f"smtp://127.0.0.1:{port}", "--per-minute", 0)
        told.change("volunteers.csv", "2028-01-01", "2026-01-01")
        said = told.do("send", *server)
        assert said.code == 1 and "3 letters sent" in said.out and "2 held" in said.out
        assert sorted(post.recipients()) == ["office@beech.example", "v2@example.org", "v3@example.org"]
        told.change("availability.csv", "V2,fri,yes", "V2,thu,yes")
        told.well("solve", "--afresh", "--deterministic", "--quiet")
        told.well("publish", "--yes")
        assert told.well("send", *server).code == 0
    assert post.recipients().count("v2@example.org") == 2, "her visit is cancelled"


def test_a_plan_that_sends_somebody_to_two_places_by_todays_times_is_refused(term: Term) -> None:
    """Whoever else stands in the plan, and wherever."""
    instead("availability.csv", "V1,mon,yes", "V1,mon,yes\nV1,fri,yes")(term.folder)
    instead("sessions.csv", "B1,B5,1,2,yes", "B1,B5,3,3,yes")(term.folder)
    instead("slots.csv", "2027-10-04T09:00,2027-10-04T10:00", "2027-10-08T10:30,2027-10-08T11:30")(term.folder)
    term.take()
    term.well("solve", "--afresh", "--deterministic", "--quiet")
    term.change("schools.csv", "B,Beech School,52.9", "B,Beech School,53.2")
    said = term.do("publish", "--yes")
    assert said.code == 1 and said.err.count("Mo Unchecked") == 2
    assert "at Ash School" in said.err and "cannot be at both in time" in said.err and "Nia Never" not in said.err


def test_a_keep_pin_of_today_that_the_plan_does_not_keep_is_refused(term: Term) -> None:
    (term.folder / "pins.csv").write_text("session_id,volunteer_id,decision\nB1,V1,keep\n", encoding="utf-8")
    term.take()
    said = term.do("publish", "--yes")
    assert said.code == 1 and "Mo Unchecked" in said.err and "keep V1 at B1" in said.err


@pytest.mark.parametrize(
    ("file", "old", "new", "why"),
    [
        ("sessions.csv", "A1,A5", "A1,B5", "at Beech School now"),
        ("sessions.csv", "supervised\nA1,A5,1,1,no", "supervised,mode\nA1,A5,1,1,no,virtual", "online now"),
        ("sessions.csv", "supervised\nA1,A5,1,1,no", "supervised,required_sectors\nA1,A5,1,1,no,Health", "from Health"),
        ("programme.toml", "2027-09-06", "2027-10-05", "not in the term"),
        ("volunteers.csv", "max_distance_km\nV1,Mo", "max_distance_km,max_sessions\nV1,Mo", ""),
    ],
)
def test_whatever_else_changes_so_that_it_cannot_be_is_said(
    told: Term, file: str, old: str, new: str, why: str
) -> None:
    if not why:  # the most sessions of one person
        old, new, why = "2028-01-01,,\n", "2028-01-01,,,0\n", "1 more than"
        instead("volunteers.csv", "max_distance_km\n", "max_distance_km,max_sessions\n")(told.folder)
    instead(file, old, new)(told.folder)
    warned = told.take().err
    assert "Mo Unchecked" in warned and why in warned and "matcher solve" in warned
    assert why in told.well("show").err
    assert told.do("send", "--smtp", "smtp://127.0.0.1:1", "--dry-run").code == 1


def test_old_runs_can_be_exported_and_shown_whatever_is_held(told: Term, tmp_path: Path) -> None:
    gone(told.folder)
    told.take()
    assert "Mo Unchecked" in told.well("show", "--run", 1).out
    told.well("export", "--run", 1, "--out", tmp_path / "plan")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with radicale(tmp_path / "radicale") as address:
        yield address


def stored(url: str) -> dict[str, list[str]]:
    """Each calendar on the server, and its events' summaries with their status."""
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    return {
        each.get_display_name(): sorted(
            f"{found['SUMMARY']}: {found['STATUS']}"
            for resource in each.events()
            for found in icalendar.Calendar.from_ical(resource.data).walk("VEVENT")
        )
        for each in client.principal().calendars()
    }


def test_push_puts_nothing_new_in_doubt_and_what_stands_becomes_tentative(told: Term, url: str, tmp_path: Path) -> None:
    login = tmp_path / "login.txt"
    login.write_text(f"{USER}\n{PASSWORD}\n", encoding="utf-8")
    login.chmod(0o600)
    push = ("push", "--caldav", url, "--login-file", login)
    told.change("volunteers.csv", "2028-01-01", "")
    said = told.well(*push)
    assert "ring today: Mo Unchecked (v1@example.org) and Ash School (Joyce Kaur, office@ash.example)" in said.err
    beech = "Visit (2 visitors): CONFIRMED"
    assert stored(url) == {"T": [f"Beech School: {beech}"], "T: Beech School": [beech]}
    told.mend()
    assert not told.well(*push).err
    confirmed = stored(url)
    assert confirmed["T: Ash School"] == ["Visit (1 visitor): CONFIRMED"]
    told.change("volunteers.csv", "2028-01-01", "")
    told.well(*push)
    assert stored(url)["T: Ash School"] == ["To be confirmed: Visit (1 visitor): TENTATIVE"]
    assert "To be confirmed: Ash School: Visit (1 visitor): TENTATIVE" in stored(url)["T"]
    assert "0 events put, 0 deleted" in told.well(*push).out
    told.mend()
    told.well(*push)
    assert stored(url) == confirmed


@pytest.mark.parametrize("had_one", [True, False], ids=["with a feed", "without one"])
def test_whoever_left_keeps_the_feed_they_have_and_gets_no_new_one(term: Term, had_one: bool, tmp_path: Path) -> None:
    term.well("publish", "--yes", "--no-letters")
    if had_one:
        term.well("feed", "write", tmp_path / "web", "--yes")
    gone(term.folder)
    term.take()
    links = tmp_path / "links.csv"
    term.well("feed", "write", tmp_path / "web", "--links", links, "--yes")
    listed = links.read_text(encoding="utf-8")
    assert ("V1" in listed) == had_one
    assert "V2" in listed
