"""Publishing from the command line: what is shown, what is asked, what goes out and what comes back."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import icalendar
import pytest

from matcher.publishing.published import Letter
from matcher.store import Workspace
from tests.cli.program import FIRST_STEPS, contents, here, on_terminal, well_here
from tests.cli.test_odd_names import rewrite
from tests.cli.test_workspace_commands import kept
from tests.mail.mail_server import Post, running

YEARS = timedelta(weeks=52 * 20)  # the same weekdays, and always to come


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with first steps, many years on, somebody who sends its letters, and one run."""
    folder = tmp_path_factory.mktemp("publishing")
    scenario = folder / "scenario"
    shutil.copytree(FIRST_STEPS, scenario)
    for file in scenario.iterdir():
        text = file.read_text(encoding="utf-8")
        if file.suffix in (".csv", ".toml"):
            text = re.sub(r"20\d\d-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + YEARS), text)
        if file.name == "programme.toml":
            text = f'organiser_name = "Ana Reyes"\norganiser_email = "visits@example.org"\n{text}'
        file.write_text(text, encoding="utf-8")
    db = folder / "matcher.db"
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    return db


@pytest.fixture
def draft(made: Path, tmp_path: Path) -> Path:
    """With a run, and nothing published."""
    return Path(shutil.copy(made, tmp_path / "matcher.db"))


@pytest.fixture
def db(draft: Path) -> Path:
    """With version 1 published."""
    well_here("publish", "--db", draft, "--yes")
    return draft


def letters(db: Path) -> tuple[Letter, ...]:
    with Workspace.open(str(db)) as workspace:
        return workspace.letters()


def test_publish_shows_what_changes_for_whom_and_does_nothing_unasked(draft: Path) -> None:
    before = kept(draft)
    said = here("publish", "--db", draft)
    assert said.code == 1
    assert "--yes" in said.err
    for words in (
        "Version 1, from run 1",
        "invited: 7 appointments of 6 volunteers",
        "Dee Zając",
        "Oak Primary School",
    ):
        assert words in said.out
    assert "9 letters will wait in the outbox." in said.out
    assert kept(draft) == before


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("n", False)])
def test_on_a_terminal_publish_asks(draft: Path, answer: str, done: bool) -> None:
    said = on_terminal(("publish", "--db", draft), {"Publish this as version 1?": answer})
    assert said.code == (0 if done else 1)
    assert ("Version 1 is published." in said.out) is done
    assert len(letters(draft)) == (9 if done else 0)


def test_publishing_twice_says_that_there_is_nothing_to_publish(db: Path) -> None:
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    before = kept(db)
    said = well_here("publish", "--db", db, "--yes")
    assert "Nothing to publish: version 1 says the same as run 2." in said.out
    assert kept(db) == before


def test_what_changes_is_named_before_it_is_published_and_afterwards(made: Path, db: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario"
    shutil.copytree(made.parent / "scenario", scenario)
    rewrite(scenario / "schools.csv", {"OAK": {"contact_name": "Somebody Else"}})
    rewrite(scenario / "sessions.csv", {"OAK-1": {"title": "Computers"}})
    well_here("import", scenario, "--db", db, "--yes", "--quiet")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    for said in (well_here("publish", "--db", db, "--yes"), well_here("diff", 1, 2, "--db", db)):
        words = " ".join(said.out.replace("│", " ").split())
        assert "changed: title" in words and "and contact" in words
        assert "changed: contact" in words
        assert "Elm Primary School" not in words


def test_without_an_organiser_publish_says_what_to_add_or_writes_to_nobody(tmp_path: Path) -> None:
    db = tmp_path / "matcher.db"
    well_here("import", FIRST_STEPS, "--db", db, "--quiet")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    early = ("--now", "2026-08-01T09:00")  # whenever this test runs
    said = here("publish", "--db", db, "--yes", *early)
    assert said.code == 1
    assert "organiser_email" in said.err
    assert "Version 1 is published." in well_here("publish", "--db", db, "--yes", "--no-letters", *early).out
    assert letters(db) == ()


def test_a_run_that_is_not_there_cannot_be_published(draft: Path) -> None:
    said = here("publish", 9, "--db", draft, "--yes")
    assert said.code == 1
    assert "no run 9" in said.err


def test_versions_and_diff(db: Path) -> None:
    assert "1" in well_here("versions", "--db", db).out
    assert "The two versions say the same." in well_here("diff", 1, 1, "--db", db).out
    said = here("diff", 1, 2, "--db", db)
    assert said.code == 1
    assert "no version 2: they are numbered up to 1" in said.err


def test_the_outbox_can_be_read_before_it_goes(db: Path) -> None:
    listed = well_here("outbox", "--db", db).out
    assert listed.count("waiting") == 9
    assert "9 letters, 0 of them sent." in listed
    number = next(place for place, each in enumerate(letters(db), 1) if each.recipient == "ada@example.org")
    shown = well_here("outbox", number, "--db", db).out
    assert re.search(r"^To: .*ada@example\.org", shown, re.MULTILINE)
    assert "What's My Line" in shown
    assert "text/calendar" in shown
    source = well_here("outbox", number, "--source", "--db", db).out
    assert "multipart/mixed" in source
    said = here("outbox", 10, "--db", db)
    assert said.code == 1
    assert "holds 9" in said.err


def test_send_rehearses_then_sends_each_letter_once(db: Path) -> None:
    post = Post()
    with running(post) as port:
        url = f"smtp://127.0.0.1:{port}"
        rehearsed = well_here("send", "--smtp", url, "--dry-run", "--db", db).out
        assert "9 letters would go" in rehearsed
        assert not post.connections
        assert "9 letters sent, 0 refused" in well_here("send", "--smtp", url, "--per-minute", 0, "--db", db).out
        assert "0 letters sent" in well_here("send", "--smtp", url, "--db", db).out
    assert sorted(post.recipients()) == sorted(letter.recipient for letter in letters(db))
    assert "waiting" not in well_here("outbox", "--db", db).out
    assert well_here("outbox", "--all", "--db", db).out.count("│ sent") == 9


def test_what_a_server_does_not_take_is_told_and_stays_in_the_outbox(db: Path) -> None:
    post = Post(refuse={"ada@example.org": "550 no such user"})
    with running(post) as port:
        said = here("send", "--smtp", f"smtp://127.0.0.1:{port}", "--per-minute", 0, "--db", db)
    assert said.code == 1
    assert "8 letters sent, 1 refused, 0 still to be sent." in said.out
    assert "550 no such user" in well_here("outbox", "--db", db).out


def test_a_server_that_is_not_there_loses_nothing(db: Path) -> None:
    said = here("send", "--smtp", "smtp://localhost:1", "--db", db)
    assert said.code == 1
    assert "cannot be reached" in said.err
    assert well_here("outbox", "--db", db).out.count("waiting") == 9


def answer(letter: Letter, partstat: str, file: Path, *headers: str, sender: str = "") -> Path:
    """What a calendar program would send back; from the person who was invited unless said."""
    message = message_from_bytes(letter.content, policy=policy.default)
    part = next(each for each in message.walk() if each.get_content_type() == "text/calendar")
    event = next(iter(icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")))
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//somebody//EN",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        f"UID:{event['UID']}",
        f"SEQUENCE:{event['SEQUENCE']}",
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{letter.recipient}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    head = [f"From: {sender or letter.recipient}", "Content-Type: text/calendar; method=REPLY", *headers, "", ""]
    file.write_bytes("\r\n".join(head + lines).encode())
    return file


def test_a_decline_is_recorded_and_show_lists_the_gap(db: Path, tmp_path: Path) -> None:
    ada = next(letter for letter in letters(db) if letter.recipient == "ada@example.org")
    file = answer(ada, "DECLINED", tmp_path / "reply.eml")
    shown = well_here("show", "--db", db).out
    assert "Gaps" not in shown
    said = well_here("reply", file, "--db", db).out
    assert "declined: Ada Zoë Wilson, OAK-2" in said
    assert "1 message read: 1 new answer, 0 questions, 0 ignored." in said
    after = well_here("show", "--db", db).out
    assert "1, at least 2 wanted" in after
    assert "Ada Zoë Wilson (no answer yet)" in shown and "Ada Zoë Wilson (declined)" in after
    declined = after.replace("(declined)", "(no answer yet)")
    for line in shown.splitlines():  # the plan is as it was, but for her answer
        assert " ".join(line.strip("│ ").split()) in " ".join(declined.split()) or set(line) <= set("┏━┳┓┡╇┩│┃└─┴┘├┼┤ ")
    assert "Who could step in: matcher stand-in OAK-2" in after
    assert "Gaps" in well_here("show", "--school", "OAK", "--db", db).out
    assert "Gaps" not in well_here("show", "--school", "ELM", "--db", db).out
    again = well_here("reply", file, "--db", db).out
    assert "ignored: reply.eml" in again
    assert "0 new answers, 0 questions, 1 ignored" in again


def ada(db: Path) -> Letter:
    return next(letter for letter in letters(db) if letter.recipient == "ada@example.org")


def test_a_forged_answer_is_a_question_and_her_own_is_heard_afterwards(db: Path, tmp_path: Path) -> None:
    forged = answer(ada(db), "DECLINED", tmp_path / "f.eml", "Authentication-Results: mx; dmarc=fail", sender="m@x.net")
    forged.write_bytes(re.sub(rb"DTSTAMP:\d{8}T", b"DTSTAMP:99991231T", forged.read_bytes()))
    for quiet in ([], ["--quiet"]):
        said = well_here("reply", forged, "--db", db, *quiet).out
        assert "question: f.eml: m@x.net answers no (declined) for Ada Zoë Wilson (ADA), OAK-2 on " in said
        assert "its DMARC result is fail. If it is theirs: matcher answer ADA OAK-2 no" in said
        assert "1 message read: 0 new answers, 1 question, 0 ignored." in said
    assert "Gaps" not in well_here("show", "--db", db).out
    own = answer(ada(db), "ACCEPTED", tmp_path / "own.eml")
    assert "accepted: Ada Zoë Wilson, OAK-2" in well_here("reply", own, "--db", db, "--yes").out


@pytest.mark.parametrize("who", ["ADA", "ada", "Ada", "Ada Zoë Wilson"])
def test_the_coordinators_word_is_taken_and_a_later_mail_overtakes_it(db: Path, tmp_path: Path, who: str) -> None:
    earlier = answer(ada(db), "ACCEPTED", tmp_path / "earlier.eml")
    said = well_here("answer", who, "OAK-2", "no", "--note", "rang on Monday", "--db", db).out
    assert "declined: Ada Zoë Wilson, OAK-2 on " in said
    assert "1, at least 2 wanted" in well_here("show", "--db", db).out
    assert "older than the answer already on record" in well_here("reply", earlier, "--db", db).out
    assert "Gaps" in well_here("show", "--db", db).out
    well_here("answer", who, "OAK-2", "maybe", "--yes", "--db", db)
    assert "Gaps" not in well_here("show", "--db", db).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NOBODY", "OAK-2", "yes"], "Nobody who is invited has the id or the name 'NOBODY'"),
        (["ADA", "OAK-9", "yes"], "Ada Zoë Wilson is not invited to 'OAK-9', but invited to "),
    ],
)
def test_an_answer_to_no_invitation_is_refused(db: Path, arguments: list[str], words: str) -> None:
    said = here("answer", *arguments, "--db", db)
    assert said.code == 1 and words in said.err


def test_a_file_that_is_not_there_is_no_reply(db: Path, tmp_path: Path) -> None:
    said = here("reply", tmp_path / "nowhere.eml", "--db", db)
    assert said.code == 1
    assert "nowhere.eml" in said.err


def test_feeds_keep_their_names_until_they_are_reset(db: Path, tmp_path: Path) -> None:
    web, links = tmp_path / "web", tmp_path / "links.csv"
    assert "9 feeds" in well_here("feed", "write", web, "--links", links, "--db", db).out
    before = contents(web)
    assert "9 as they were" in well_here("feed", "write", web, "--db", db).out
    assert contents(web) == before
    file = next(line.rpartition(",")[2] for line in links.read_text(encoding="utf-8").splitlines() if ",ADA," in line)
    well_here("feed", "reset", "volunteer", "ADA", web, "--db", db)
    assert contents(web) == {name: content for name, content in before.items() if name != file}
    assert "1 new" in well_here("feed", "write", web, "--db", db).out
    assert file not in contents(web)
    assert len(contents(web)) == len(before)


def test_another_folder_would_give_everybody_another_link_so_it_asks(db: Path, tmp_path: Path) -> None:
    well_here("feed", "write", tmp_path / "web", "--db", db)
    before = kept(db)
    said = here("feed", "write", tmp_path / "elsewhere", "--db", db)
    assert said.code == 1
    assert "9 feeds with an address already" in said.out
    assert not (tmp_path / "elsewhere").exists()
    assert kept(db) == before


def test_no_name_of_a_feed_is_kept_in_the_workspace(db: Path, tmp_path: Path) -> None:
    well_here("feed", "write", tmp_path / "web", "--db", db)
    everything = "\n".join(kept(db))
    names = [name.removesuffix(".ics") for name in contents(tmp_path / "web") if name.endswith(".ics")]
    assert len(names) == 9
    assert not any(name in everything for name in names)


def test_nothing_of_a_draft_leaks(draft: Path, tmp_path: Path) -> None:
    for arguments in (["feed", "write", tmp_path / "web"], ["reply", FIRST_STEPS / "slots.csv"], ["diff", 1, 1]):
        said = here(*arguments, "--db", draft)
        assert said.code == 1
        assert "no version yet" in said.err
    assert not (tmp_path / "web").exists()
    assert "0 letters" in well_here("outbox", "--db", draft).out
    assert "Nothing is published yet" in well_here("versions", "--db", draft).out


def test_a_clock_that_went_back_is_asked_about_also_with_yes(draft: Path) -> None:
    with Workspace.open(str(draft)) as workspace, workspace.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET made_utc = '2100-01-01 00:00:00.000000'")
    said = here("publish", "--db", draft, "--yes")
    assert said.code == 1 and "before run 1 was made (2100-01-01 00:00 UTC)" in said.err
    assert "--clock-is-right" in said.err and len(said.err.splitlines()) == 1
    assert "Version 1 is published" not in said.out and not letters(draft)
    assert "Version 1 is published" in well_here("publish", "--db", draft, "--yes", "--clock-is-right").out


def test_a_first_version_tells_of_calendars_that_a_lost_workspace_filled(draft: Path) -> None:
    said = well_here("publish", "--db", draft, "--yes", "--sequence-from", 7)
    assert all(b"SEQUENCE:7" in calendar_of(letter) for letter in letters(draft) if letter.uid)
    assert "may stand in calendars already" not in said.out


def calendar_of(letter: Letter) -> bytes:
    message = message_from_bytes(letter.content, policy=policy.default)
    part = next(each for each in message.walk() if each.get_content_type() == "text/calendar")
    return str(part.get_content()).encode()


def test_without_a_number_a_first_version_says_that_events_may_stand_in_calendars(draft: Path) -> None:
    assert "may stand in calendars already" in well_here("publish", "--db", draft, "--yes").out
    assert here("publish", "--db", draft, "--yes", "--sequence-from", -1).code == 2


def test_letters_of_a_version_can_be_written_later(draft: Path) -> None:
    well_here("publish", "--db", draft, "--yes", "--no-letters")
    assert here("outbox", "--write", 1, "--db", draft).code == 1 and not letters(draft)
    assert "9 letters wait in the outbox" in well_here("outbox", "--write", 1, "--yes", "--db", draft).out
    assert "Version 1 lacks no letters" in well_here("outbox", "--write", 1, "--yes", "--db", draft).out
    assert len(letters(draft)) == 9
    assert "no version 2" in here("outbox", "--write", 2, "--yes", "--db", draft).err


@pytest.mark.parametrize(
    ("arguments", "host"),
    [
        (("send", "--smtp", "smtp://mail.invalid:25"), "mail.invalid"),
        (("send", "--smtp", "smtp://10.0.0.1"), "10.0.0.1"),
        (("push", "--caldav", "http://cloud.invalid/dav"), "cloud.invalid"),
    ],
)
def test_nothing_goes_unencrypted_to_another_machine_unasked(db: Path, arguments: tuple[str, ...], host: str) -> None:
    said = here(*arguments, "--db", db)
    assert said.code == 1 and f"would go unencrypted to {host}" in said.err and "Say --yes" in said.err
    if host.endswith(".invalid"):
        agreed = here(*arguments, "--db", db, "--yes")
        assert agreed.code == 1 and "cannot be reached" in agreed.err


def test_a_rehearsal_asks_nothing(db: Path) -> None:
    assert "9 letters would go" in well_here("send", "--smtp", "smtp://mail.invalid", "--dry-run", "--db", db).out
