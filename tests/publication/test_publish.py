"""From draft to version: what publishing changes, for whom, and that it is all or nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from matcher.appointments import Attendee
from matcher.domain import Plan
from matcher.errors import ChangedMeanwhile, LetterError, NotThere
from matcher.publishing.published import Answer, Letter, LetterState, Standing
from matcher.store import Heard, Workspace
from matcher.usecases import publishing
from matcher.usecases.told import diff, gaps, published, versions
from tests.publication.terms import (
    ELM_1,
    HOUR,
    OAK_1,
    OAK_2,
    STAMP,
    USUAL,
    keep,
    moved,
    news,
    plan,
    publish,
    term,
    told,
    with_row,
    without_volunteer,
)

pytest_plugins = ("tests.store.store_fixtures",)
LATER = STAMP + timedelta(days=1)
OAK_2_LATER = replace(OAK_2, start=OAK_2.start + HOUR / 2, end=OAK_2.end + HOUR / 2)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(str(tmp_path / "matcher.db"), create=True) as opened:
        yield opened


def written_to(seen: publishing.Preview) -> list[str]:
    return sorted(letter.recipient for letter in seen.letters)


def text(letter: Letter) -> str:
    body = message_from_bytes(letter.content, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def with_oak_2_later() -> Plan:
    return Plan({**USUAL.visits, "OAK-2": replace(USUAL.visits["OAK-2"], slot=OAK_2_LATER)})


def subject_without_time(letter: Letter) -> str:
    return re.sub(r"\d", "", letter.subject)


def test_the_first_version_invites_everybody_who_has_a_part(workspace: Workspace) -> None:
    seen = publish(workspace)
    assert news(seen) == {
        *(("OAK", "invited", each) for each in ("OAK-1", "OAK-2")),
        *(("ELM", "invited", each) for each in ("ELM-1",)),
        *((who, "invited", "OAK-1") for who in ("DEE", "FRED")),
        *((who, "invited", "ELM-1") for who in ("DEE", "LENA", "NICK")),
        *((who, "invited", "OAK-2") for who in ("ADA", "RAFI")),
    }
    assert written_to(seen) == sorted(
        ["office@oak.example", "office@elm.example", "dee@example.org"]
        + [f"{who}@example.org" for who in ("dee", "fred", "lena", "nick", "ada", "rafi")]
    )
    assert [letter.state for letter in workspace.letters()] == [LetterState.WAITING] * 9
    (version,) = workspace.versions()
    assert (version.number, version.run_number, version.made, version.changed) == (1, 1, STAMP, 10)
    assert version.letters == {LetterState.WAITING: 9}


def test_a_draft_tells_nobody_anything(workspace: Workspace) -> None:
    publish(workspace)
    entries, letters = workspace.published(), workspace.letters()
    keep(workspace, moved(term(), "OAK-2", OAK_2_LATER), plan(OAK_2=(OAK_2_LATER, "ADA RAFI")))
    publishing.preview(workspace, stamp=LATER)
    assert (workspace.published(), workspace.letters()) == (entries, letters)
    assert published(workspace).plan == USUAL


def test_publishing_an_unchanged_plan_again_changes_nothing_for_nobody(workspace: Workspace) -> None:
    publish(workspace)
    keep(workspace, term())
    seen = publishing.preview(workspace, stamp=LATER)
    assert (seen.changes, seen.letters, seen.untold) == ((), (), ())
    assert seen.after == seen.before


def test_a_moved_session_of_five_is_five_letters_and_the_schools(workspace: Workspace) -> None:
    roomy = with_row(term(), "sessions", "OAK-2", max_volunteers=5)
    roomy = with_row(roomy, "volunteers", "LENA", max_distance_km=50)
    five = "ADA FRED LENA NICK RAFI"
    before = plan(OAK_1=(OAK_1, "DEE"), OAK_2=(OAK_2, five))
    publish(workspace, roomy, before)
    after = plan(OAK_1=(OAK_1, "DEE"), OAK_2=(OAK_2_LATER, five))
    seen = publish(workspace, moved(roomy, "OAK-2", OAK_2_LATER), after, LATER)
    assert news(seen) == {(who, "moved", "OAK-2") for who in (*five.split(), "OAK")}
    assert written_to(seen) == sorted([*(f"{who.lower()}@example.org" for who in five.split()), "office@oak.example"])
    assert told(workspace, "ADA", "OAK-2").sequence == 1
    assert told(workspace, "DEE", "OAK-1").since == 1


def test_when_one_of_a_team_drops_out_the_others_hear_nothing(workspace: Workspace) -> None:
    roomy = with_row(term(), "sessions", "OAK-2", max_volunteers=5)
    publish(workspace, roomy, plan(OAK_2=(OAK_2, "ADA FRED RAFI")))
    seen = publish(workspace, roomy, plan(OAK_2=(OAK_2, "FRED RAFI")), LATER)
    assert news(seen) == {("ADA", "cancelled", "OAK-2"), ("OAK", "changed", "OAK-2")}


def test_the_life_of_an_appointment_is_one_event(workspace: Workspace) -> None:
    """Invited, moved, cancelled and invited again."""
    publish(workspace)
    first = told(workspace, "ADA", "OAK-2")
    later = moved(term(), "OAK-2", OAK_2_LATER)
    publish(workspace, later, plan(OAK_2=(OAK_2_LATER, "ADA RAFI")), STAMP + timedelta(days=1))
    second = told(workspace, "ADA", "OAK-2")
    seen = publish(workspace, later, plan(OAK_2=(OAK_2_LATER, "FRED RAFI")), STAMP + timedelta(days=2))
    third = told(workspace, "ADA", "OAK-2")
    assert ("ADA", "cancelled", "OAK-2") in news(seen)
    seen = publish(workspace, later, plan(OAK_2=(OAK_2_LATER, "ADA RAFI")), STAMP + timedelta(days=3))
    fourth = told(workspace, "ADA", "OAK-2")
    assert ("ADA", "invited again", "OAK-2") in news(seen)
    lives = [first, second, third, fourth]
    assert {each.uid for each in lives} == {first.uid}
    assert [each.sequence for each in lives] == [0, 1, 2, 3]
    assert [each.standing for each in lives] == [Standing.CONFIRMED] * 2 + [Standing.CANCELLED, Standing.CONFIRMED]


def test_a_volunteer_who_left_the_term_is_still_told_that_it_is_off(workspace: Workspace) -> None:
    """Where and how to write to them comes from the version that invited them."""
    publish(workspace)
    for invitation in workspace.letters():
        workspace.mark_letter(invitation.message_id, LetterState.SENT)
    without = plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA"), OAK_2=(OAK_2, "ADA RAFI"))
    seen = publish(workspace, without_volunteer(term(), "NICK"), without, LATER)
    assert ("NICK", "cancelled", "ELM-1") in news(seen)
    (letter,) = (letter for letter in seen.letters if letter.recipient == "nick@example.org")
    assert "Nick Osei" in str(message_from_bytes(letter.content, policy=policy.default)["To"])
    assert b"method=CANCEL" in letter.content.replace(b'"', b"")
    assert "No longer coming: Nick Osei" in text(
        next(each for each in seen.letters if each.attendee is Attendee.SCHOOL)
    )
    # and it can still be looked at, versions later
    publish(workspace, without_volunteer(term(), "NICK"), plan(OAK_1=(OAK_1, "DEE")), LATER + HOUR)
    assert published(workspace).problem.volunteers["NICK"].name == "Nick Osei"


def test_a_changed_detail_is_told_without_raising_the_sequence_or_asking_again(workspace: Workspace) -> None:
    publish(workspace)
    ada = told(workspace, "ADA", "OAK-2")
    assert workspace.record_answers([Heard(ada.uid, 0, Answer.ACCEPTED, STAMP)]) == (True,)
    seen = publish(workspace, with_row(term(), "schools", "OAK", contact_name="Somebody Else"), USUAL, LATER)
    assert ("ADA", "changed", "OAK-2") in news(seen)
    now = told(workspace, "ADA", "OAK-2")
    assert (now.sequence, now.answer, now.since) == (0, Answer.ACCEPTED, 2)
    assert not any(each.recipient == "lena@example.org" for each in seen.letters)


@pytest.mark.parametrize("change", ["time", "place"])
def test_another_time_or_place_asks_again(workspace: Workspace, change: str) -> None:
    publish(workspace)
    workspace.record_answers([Heard(told(workspace, "ADA", "OAK-2").uid, 0, Answer.ACCEPTED, STAMP)])
    if change == "time":
        changed, which = moved(term(), "OAK-2", OAK_2_LATER), plan(OAK_2=(OAK_2_LATER, "ADA RAFI"))
    else:
        changed, which = with_row(term(), "schools", "OAK", address="2 New Street"), USUAL
    assert ("ADA", "moved", "OAK-2") in news(publish(workspace, changed, which, LATER))
    assert told(workspace, "ADA", "OAK-2").sequence == 1
    assert told(workspace, "ADA", "OAK-2").answer is Answer.NEEDS_ACTION


def test_a_new_address_is_invited_to_what_the_old_one_was(workspace: Workspace) -> None:
    publish(workspace)
    seen = publish(workspace, with_row(term(), "volunteers", "ADA", email="ada@new.example"), USUAL, LATER)
    assert news(seen) == {("ADA", "at a new e-mail address", "OAK-2")}
    assert written_to(seen) == ["ada@new.example"]
    assert told(workspace, "ADA", "OAK-2").sequence == 0


def test_a_programme_with_a_new_name_keeps_its_events(workspace: Workspace) -> None:
    publish(workspace)
    before = {entry.uid for entry in workspace.published()}
    seen = publish(workspace, term({"name": "Another name"}), USUAL, LATER)
    assert {entry.uid for entry in workspace.published()} == before
    assert {change.news.value for change in seen.changes} == {"changed"}  # the name stands in them


def test_a_programme_with_a_new_name_invites_nobody_to_what_is_over(workspace: Workspace) -> None:
    publish(workspace)
    renamed = term({"name": "Another name"})
    publish(workspace, renamed, USUAL, LATER)
    keep(workspace, renamed)
    seen = publishing.preview(workspace, stamp=STAMP + timedelta(days=100))
    assert (seen.changes, seen.after) == ((), seen.before)


def test_a_visit_that_has_begun_is_not_cancelled(workspace: Workspace) -> None:
    publish(workspace)
    afterwards = datetime(2026, 10, 5, 8, 31, tzinfo=UTC)  # 9:31 in Derby: OAK-1 began a minute ago
    seen = publish(workspace, term(), plan(OAK_2=(OAK_2, "ADA RAFI")), afterwards)
    assert {entry.session_id for entry in seen.begun} == {"OAK-1"}
    assert told(workspace, "FRED", "OAK-1").standing is Standing.CONFIRMED
    assert told(workspace, "LENA", "ELM-1").standing is Standing.CANCELLED
    assert "fred@example.org" not in written_to(seen)


def test_the_next_term_leaves_the_last_ones_events_alone(workspace: Workspace) -> None:
    """The same ids in a programme of another name, once the old visits are over, are other events."""
    publish(workspace)
    old = workspace.published()
    year = timedelta(weeks=52)
    spring = term({"name": "Next year", "first_day": STAMP.date() + year, "last_day": STAMP.date() + year * 1.4})
    then = replace(OAK_2, start=OAK_2.start + year, end=OAK_2.end + year)
    spring = with_row(moved(spring, "OAK-2", then), "volunteers", "ADA", checked_until=None)
    spring = with_row(spring, "volunteers", "RAFI", checked_until=None)
    seen = publish(workspace, spring, plan(OAK_2=(then, "ADA RAFI")), STAMP + year)
    assert news(seen) == {(who, "invited", "OAK-2") for who in ("ADA", "RAFI", "OAK")}
    assert set(old) < set(workspace.published())


def test_whoever_cannot_be_written_to_is_named(workspace: Workspace) -> None:
    seen = publish(workspace, with_row(term(), "volunteers", "ADA", email=None))
    assert [(each.attendee_id, each.name) for each in seen.untold] == [("ADA", "Ada Zoë Wilson")]
    assert "ada@example.org" not in written_to(seen)


def test_letters_need_a_sender_unless_nobody_is_to_be_written_to(workspace: Workspace) -> None:
    keep(workspace, term({"organiser_email": None}))
    with pytest.raises(LetterError, match="organiser_email"):
        publishing.preview(workspace, stamp=STAMP)
    seen = publishing.preview(workspace, stamp=STAMP, with_letters=False)
    assert publishing.publish(workspace, seen) == 1
    assert workspace.letters() == ()


def test_what_somebody_else_published_meanwhile_is_not_overwritten(workspace: Workspace) -> None:
    keep(workspace, term())
    seen = publishing.preview(workspace, stamp=STAMP)
    publishing.publish(workspace, publishing.preview(workspace, stamp=STAMP))
    with pytest.raises(ChangedMeanwhile, match=r"somebody else .* version 1 now.*look at the changes again"):
        publishing.publish(workspace, seen)
    assert len(workspace.versions()) == 1
    assert len(workspace.letters()) == 9


def test_an_answer_that_came_meanwhile_is_not_lost(workspace: Workspace) -> None:
    publish(workspace)
    later = moved(term(), "OAK-2", OAK_2_LATER)
    keep(workspace, later, plan(OAK_2=(OAK_2_LATER, "ADA RAFI")))
    seen = publishing.preview(workspace, stamp=LATER)
    workspace.record_answers([Heard(told(workspace, "ADA", "OAK-2").uid, 0, Answer.DECLINED, STAMP)])
    with pytest.raises(ChangedMeanwhile, match="new answers"):
        publishing.publish(workspace, seen)
    assert told(workspace, "ADA", "OAK-2").answer is Answer.DECLINED


def test_versions_are_kept_and_can_be_set_beside_each_other(workspace: Workspace) -> None:
    publish(workspace)
    publish(workspace, term(), plan(OAK_1=(OAK_1, "DEE FRED")), LATER)
    publish(workspace, term(), USUAL, LATER + HOUR)
    assert [each.number for each in versions(workspace)] == [3, 2, 1]
    _, second = diff(workspace, 1, 2)
    assert {change.news.value for change in second} == {"cancelled"}
    _, third = diff(workspace, 2, 3)
    assert {change.news.value for change in third} == {"invited again"}
    later, both = diff(workspace, 3, 1)
    assert (later.version.number, both) == (3, ())  # taken away and given back: nothing is different
    assert all(entry.since == 1 for entry in workspace.published(1))
    with pytest.raises(NotThere, match="no version 4: they are numbered up to 3"):
        diff(workspace, 1, 4)


def test_before_the_first_version_there_is_nothing_to_see(workspace: Workspace) -> None:
    keep(workspace, term())
    assert gaps(workspace) == ()
    assert versions(workspace) == ()
    for look in (lambda: published(workspace), lambda: diff(workspace, 1, 2)):
        with pytest.raises(NotThere, match=r"no version yet\."):
            look()


def test_a_decline_opens_a_gap_and_leaves_the_plan_alone(workspace: Workspace) -> None:
    publish(workspace)
    workspace.record_answers([Heard(told(workspace, "ADA", "OAK-2").uid, 0, Answer.DECLINED, STAMP)])
    (gap,) = gaps(workspace, STAMP)
    assert (gap.volunteer.volunteer_id, gap.school.school_id, gap.still_coming, gap.wanted) == ("ADA", "OAK", 1, 2)
    assert published(workspace).plan == USUAL
    seen = publish(workspace, term(), plan(OAK_2=(OAK_2, "FRED RAFI")), LATER)
    assert ("ADA", "cancelled", "OAK-2") in news(seen)
    assert gaps(workspace, STAMP) == ()


# Letters that have not gone when the next version comes


def waiting(workspace: Workspace) -> list[str]:
    return sorted(letter.recipient for letter in workspace.letters(LetterState.WAITING))


def test_a_letter_that_has_not_gone_is_overtaken_by_the_one_that_says_what_holds_now(workspace: Workspace) -> None:
    publish(workspace)
    nine = waiting(workspace)
    seen = publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), with_oak_2_later(), LATER)
    assert seen.overtaken == 3  # of Ada, Rafi and their school
    assert waiting(workspace) == nine
    overtaken = workspace.letters(LetterState.OVERTAKEN)
    assert sorted(each.recipient for each in overtaken) == ["ada@example.org", "office@oak.example", "rafi@example.org"]
    assert {each.remark for each in overtaken} == {"version 2 changed what it tells"}
    ada = next(each for each in seen.letters if each.recipient == "ada@example.org")
    (first,) = (each for each in overtaken if each.recipient == "ada@example.org")
    assert subject_without_time(ada) == subject_without_time(first)  # still an invitation: no word of a move


def test_whoever_was_never_invited_hears_of_no_cancellation(workspace: Workspace) -> None:
    publish(workspace)
    publish(workspace, term(), plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA NICK")), LATER)
    assert not {"ada@example.org", "rafi@example.org"} & set(waiting(workspace))
    assert told(workspace, "ADA", "OAK-2").standing is Standing.CANCELLED


def test_whoever_may_have_been_invited_hears_of_the_cancellation(workspace: Workspace) -> None:
    publish(workspace)
    ada, rafi = (
        next(each for each in workspace.letters() if each.recipient == f"{who}@example.org") for who in ("ada", "rafi")
    )
    workspace.mark_letter(ada.message_id, LetterState.SENT)
    workspace.claim_letter(rafi, workspace.state())  # and the program died
    publish(workspace, term(), plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA NICK")), LATER)
    assert {"ada@example.org", "rafi@example.org"} <= set(waiting(workspace))


def test_telling_people_oneself_also_stops_letters_that_are_not_true_any_more(workspace: Workspace) -> None:
    publish(workspace)
    keep(workspace, moved(term(), "OAK-2", OAK_2_LATER), with_oak_2_later())
    publishing.publish(workspace, publishing.preview(workspace, stamp=LATER, with_letters=False))
    assert len(waiting(workspace)) == 6


# Killed halfway

CHILD = """
import sys, time
import sqlalchemy as sa
from matcher.store import Workspace
from matcher.usecases import publishing
from tests.publication.terms import OAK_1, STAMP, keep, plan, term

def block(*_):
    print("all is written, nothing is committed", flush=True)
    time.sleep(600)

workspace = Workspace.open(sys.argv[1])
seen = publishing.preview(workspace, stamp=STAMP)
sa.event.listen(workspace.engine, "commit", block)
publishing.publish(workspace, seen)
"""


@pytest.mark.parametrize("earlier", [0, 1], ids=["the first version", "the second version"])
def test_a_publish_that_is_killed_leaves_the_old_version_whole(address: str, earlier: int) -> None:
    with Workspace.open(address, create=True) as workspace:
        if earlier:
            publish(workspace)
        keep(workspace, term(), Plan({"OAK-1": USUAL.visits["OAK-1"]}))
        before = workspace.versions(), workspace.published(), workspace.letters()
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", CHILD, address], cwd=root, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "all is written, nothing is committed\n"
        child.kill()
    with Workspace.open(address) as workspace:
        assert (workspace.versions(), workspace.published(), workspace.letters()) == before
        seen = publishing.preview(workspace, stamp=STAMP)
        assert publishing.publish(workspace, seen) == earlier + 1
        assert len(workspace.letters()) == len(before[2]) + len(seen.letters)
