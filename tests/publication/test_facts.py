"""People are told of facts: each one of those whom it concerns, by its name; of other words for the same, nobody."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.appointments import Attendee, Fact, Facts, PupilGroup, Visitor, differences
from matcher.domain import Plan
from matcher.errors import DamagedError
from matcher.publishing import calendars, mail_templates, sentences
from matcher.publishing.mail_templates import NAMES
from matcher.publishing.published import LetterState
from matcher.store import Workspace
from matcher.tables import Tables
from matcher.usecases import publishing
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
    with_row,
)

pytest_plugins = ("tests.store.store_fixtures",)
LATER = STAMP + timedelta(days=1)
OAK_2_LATER = replace(OAK_2, start=OAK_2.start + HOUR / 2, end=OAK_2.end + HOUR / 2)


def whole_term() -> Tables:
    """With something in every column of which people are told, OAK-2 online."""
    tables = term({"what_to_bring": "photo ID", "limits.arrival_minutes": 15})
    for school, address in (("OAK", "1 High Street"), ("ELM", "2 Mill Lane")):
        tables = with_row(tables, "schools", school, address=address, postcode="DE1 1AA")
    for person in ("ADA", "RAFI"):
        tables = with_row(tables, "volunteers", person, modes=None)
    return with_row(tables, "sessions", "OAK-2", mode="virtual")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(str(tmp_path / "matcher.db"), create=True) as opened:
        publish(opened, whole_term())
        for letter in opened.letters():
            opened.mark_letter(letter.message_id, LetterState.SENT)
        yield opened


# ------------------------------------------------------------------------------------ the same in other words


def in_other_words(number: int | None) -> dict[str, CodeType]:
    """The code of each function in `sentences.py` with one of its texts (None: all of them) worded otherwise."""
    source = ast.parse(Path(sentences.__file__).read_text(encoding="utf-8"))
    found = words(source)
    for each in found if number is None else found[number : number + 1]:
        each.value = str(each.value) + "~"
    names: dict[str, Any] = {}
    exec(compile(source, sentences.__file__, "exec"), names)
    return {name: each.__code__ for name, each in names.items() if isinstance(each, FunctionType)}


def words(source: ast.Module) -> list[ast.Constant]:
    """The texts in its functions, but docstrings and how a clock is written."""
    passed_over: set[int] = set()
    for node in ast.walk(source):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            passed_over |= {id(each) for each in ast.walk(node.format_spec)}
        if isinstance(node, ast.FunctionDef | ast.Module) and ast.get_docstring(node) is not None:
            passed_over.add(id(node.body[0].value))  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef):  # annotations are texts to the parser, if quoted
            passed_over |= {id(each) for part in (node.args, node.returns) if part for each in ast.walk(part)}
    return [
        each
        for function in source.body
        if isinstance(function, ast.FunctionDef)
        for each in ast.walk(function)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value and id(each) not in passed_over
    ]


SENTENCES = words(ast.parse(Path(sentences.__file__).read_text(encoding="utf-8")))


def reword(monkeypatch: pytest.MonkeyPatch, number: int | None) -> None:
    for name, code in in_other_words(number).items():
        function = getattr(sentences, name)
        if function.__module__ == sentences.__name__:
            monkeypatch.setattr(function, "__code__", code)


def all_that_is_said() -> list[str]:
    """Every sentence at least once."""
    slot = OAK_1
    full = Facts(
        slot.start,
        slot.end,
        "Europe/London",
        slot.start - HOUR / 4,
        "Talk",
        "carousel",
        school="Oak",
        address="1 High Street",
        latitude=52.9,
        longitude=-1.47,
        contact="Zoë",
        contact_email="office@oak.example",
        bring="photo ID",
        pupils=(PupilGroup("Kestrels", "5", 28), PupilGroup("", "R"), PupilGroup("Owls", "Nursery")),
        fewest=1,
        most=2,
        visitors=(Visitor("V1", "Ada", "accountant"), Visitor("V2", "Rafi", employer="Trains")),
        programme="Autumn",
    )
    bare = Facts(slot.start + HOUR, slot.end + HOUR, "Europe/Paris", school="Elm", visitors=(Visitor("V1", "Ada"),))
    online = replace(full, online=True, address="", arrival=None, latitude=None, longitude=None, contact="")
    several = [
        *(full, bare, online, replace(online, contact="Zoë"), replace(bare, fewest=1, most=1)),
        *(replace(online, school="Elm"), replace(full, arrival=None), replace(full, visitors=full.visitors[1:])),
        *(replace(full, latitude=53.0), replace(full, contact_email=""), replace(full, contact="")),
        replace(full, contact="", contact_email=""),
    ]
    said = []
    for attendee in Attendee:
        for one in several:
            said.append(calendars.event("1@matcher.invalid", attendee, one, STAMP).replace("\r\n ", ""))
            said.append(sentences.description(attendee, one, ("V1",)))
            said.extend(line for other in several for line in sentences.what_is_new(attendee, other, one))
    return said


def nothing_is_new(workspace: Workspace) -> None:
    """The same plan again is news to nobody."""
    before, letters = workspace.published(), workspace.letters()
    keep(workspace, whole_term())
    seen = publishing.preview(workspace, stamp=LATER)
    assert (seen.changes, seen.letters, seen.untold) == ((), (), ())
    assert seen.after == before
    publishing.publish(workspace, seen)
    assert (workspace.published(), workspace.letters()) == (before, letters)


@pytest.fixture(scope="module")
def planned_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """With a second run that says what the version says; nothing is written to it any more."""
    with Workspace.open(str(tmp_path_factory.mktemp("again") / "matcher.db"), create=True) as opened:
        publish(opened, whole_term())
        keep(opened, whole_term())
        yield opened


@pytest.mark.parametrize("number", range(len(SENTENCES)), ids=lambda number: f"{number}: {SENTENCES[number].value}")
def test_a_sentence_of_ours_in_other_words_is_news_to_nobody(
    planned_again: Workspace, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = all_that_is_said()
    reword(monkeypatch, number)
    assert all_that_is_said() != before, "nobody reads this"
    seen = publishing.preview(planned_again, stamp=LATER)
    assert (seen.changes, seen.letters, seen.untold, seen.after) == ((), (), (), seen.before)


def test_all_sentences_in_other_words_at_once_are_news_to_nobody(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace.open(address, create=True) as workspace:
        publish(workspace, whole_term())
        reword(monkeypatch, None)
        nothing_is_new(workspace)
        # Whoever hears something else next hears all of it in the new words, and nobody else hears anything.
        seen = publish(workspace, with_row(whole_term(), "sessions", "ELM-1", what_to_bring="a hat"), stamp=LATER)
        assert news(seen) == {(who, "changed", "ELM-1") for who in ("DEE", "LENA", "NICK")}
        assert {each.sequence for each in workspace.published()} == {0}


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_in_other_words_is_not_written_anew(workspace: Workspace, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    built_in = Path(mail_templates.__file__).parent / "templates" / name
    (folder / name).write_text(f"{built_in.read_text(encoding='utf-8')}\nAnd this.\n", encoding="utf-8")
    keep(workspace, whole_term())
    seen = publishing.preview(workspace, stamp=LATER, templates=folder)
    assert (seen.changes, seen.letters, seen.after) == ((), (), seen.before)


def test_another_way_to_write_the_same_event_is_news_to_nobody(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another PRODID, properties in another order and more of them, shorter lines: as a newer library might."""
    original = icalendar.Event.to_ical

    def otherwise(self: icalendar.Event, sorted: bool = True) -> bytes:  # noqa: A002
        self.add("x-more", "1")
        content: bytes = original(self, not sorted)
        return content

    monkeypatch.setattr(calendars, "PRODID", "-//somebody else//EN")
    monkeypatch.setattr(icalendar.Event, "to_ical", otherwise)
    nothing_is_new(workspace)
    keep(workspace, moved(whole_term(), "OAK-2", OAK_2_LATER), with_oak_2_later())
    seen = publishing.preview(workspace, stamp=LATER)
    assert news(seen) == {(who, "moved", "OAK-2") for who in ("ADA", "RAFI", "OAK")}
    assert all("X-MORE" in each.after.body for each in seen.changes)


# ------------------------------------------------------------------------------------------- one fact after another


def with_oak_2_later() -> Plan:
    return Plan({**USUAL.visits, "OAK-2": replace(USUAL.visits["OAK-2"], slot=OAK_2_LATER)})


OAK_1_S = {("DEE", "OAK-1"), ("FRED", "OAK-1")}
OAK_2_S = {("ADA", "OAK-2"), ("RAFI", "OAK-2")}
ELM_1_S = {("DEE", "ELM-1"), ("LENA", "ELM-1"), ("NICK", "ELM-1")}
VOLUNTEERS = OAK_1_S | OAK_2_S | ELM_1_S
SCHOOLS = {("OAK", "OAK-1"), ("OAK", "OAK-2"), ("ELM", "ELM-1")}
IN_PERSON = {*OAK_1_S, *ELM_1_S, ("OAK", "OAK-1"), ("ELM", "ELM-1")}

Change = Callable[[Tables], Tables]


def row(table: str, key: str, **values: Any) -> Change:
    return lambda tables: with_row(tables, table, key, **values)


def setting(**values: Any) -> Change:
    """`__` for a full stop; None takes it out."""

    def change(tables: Tables) -> Tables:
        programme = {**tables.programme, **{key.replace("__", "."): value for key, value in values.items()}}
        return Tables({key: value for key, value in programme.items() if value is not None}, tables.rows)

    return change


@pytest.mark.parametrize(
    ("change", "kind", "whom", "what", "line"),
    [
        (
            lambda tables: moved(tables, "OAK-2", OAK_2_LATER),
            *("moved", {*OAK_2_S, ("OAK", "OAK-2")}, Fact.TIME),
            "Time: Wednesday 7 October 2026, 14:00 to 14:40 (was Wednesday 7 October 2026, 13:30 to 14:10)",
        ),
        (
            setting(timezone="Europe/Dublin"),
            *("moved", VOLUNTEERS | SCHOOLS, Fact.TIME_ZONE, "Time zone: Europe/Dublin (was Europe/London)"),
        ),
        (
            row("schools", "OAK", address="3 High Street"),
            *("moved", {*OAK_1_S, ("OAK", "OAK-1")}, Fact.PLACE),
            "Place: Oak Primary School, 3 High Street, DE1 1AA (was Oak Primary School, 1 High Street, DE1 1AA)",
        ),
        (
            row("schools", "ELM", name="Elm Academy"),
            *("moved", {*ELM_1_S, ("ELM", "ELM-1")}, Fact.PLACE),
            "Place: Elm Academy, 2 Mill Lane, DE1 1AA (was Elm Primary School, 2 Mill Lane, DE1 1AA)",
        ),
        (
            row("sessions", "OAK-1", mode="virtual"),
            *("moved", {*OAK_1_S, ("OAK", "OAK-1")}, Fact.PLACE),
            "Place: Online (was Oak Primary School, 1 High Street, DE1 1AA)",
        ),
        (setting(limits__arrival_minutes=20), "changed", IN_PERSON, Fact.ARRIVAL, "by 09:"),
        (
            setting(limits__arrival_minutes=None),
            "changed",
            IN_PERSON,
            Fact.ARRIVAL,
            "No longer asked for: to be there by",
        ),
        (row("schools", "OAK", latitude=52.9001), "changed", OAK_1_S, Fact.MAP, "Place on the map: corrected"),
        (
            row("sessions", "ELM-1", title="Careers"),
            *("changed", {*ELM_1_S, ("ELM", "ELM-1")}, Fact.TITLE, "Title: Careers (was Speed networking)"),
        ),
        (
            row("sessions", "ELM-1", format="panel"),
            *("changed", {*ELM_1_S, ("ELM", "ELM-1")}, Fact.FORMAT, "Format: panel"),
        ),
        (
            row("sessions", "ELM-1", format=None),
            *("changed", {*ELM_1_S, ("ELM", "ELM-1")}, Fact.FORMAT, "No longer: Format: carousel"),
        ),
        (
            row("schools", "ELM", contact_name="Zoë"),
            "changed",
            ELM_1_S,
            Fact.CONTACT,
            "Ask for: Zoë (office@elm.example)",
        ),
        (row("sessions", "ELM-1", what_to_bring="a hat"), "changed", ELM_1_S, Fact.BRING, "Please bring: a hat"),
        (setting(what_to_bring=None), "changed", VOLUNTEERS, Fact.BRING, "No longer: Please bring: photo ID"),
        (
            row("cohorts", "ELM-Y6", pupils=26),
            *("changed", {*ELM_1_S, ("ELM", "ELM-1")}, Fact.PUPILS),
            "Pupils: Year 5 (30 pupils) and Year 6 (26 pupils)",
        ),
        (row("sessions", "ELM-1", max_volunteers=4), "changed", ELM_1_S, Fact.TEAM, "Team: 2 to 4 visitors"),
        (row("sessions", "ELM-1", min_volunteers=1), "changed", ELM_1_S, Fact.TEAM, "Team: 1 to 3 visitors"),
        (
            row("volunteers", "LENA", role="judge"),
            *("changed", {("ELM", "ELM-1")}, Fact.VISITORS),
            "Visitor: Lena Shah, judge, Friar Gate Law (was Lena Shah, solicitor, Friar Gate Law)",
        ),
        (
            row("volunteers", "LENA", name="Lena Khan"),
            *("changed", {("ELM", "ELM-1")}, Fact.VISITORS),
            "Visitor: Lena Khan, solicitor, Friar Gate Law (was Lena Shah, solicitor, Friar Gate Law)",
        ),
        (
            setting(name="First steps, again"),
            *("changed", VOLUNTEERS | SCHOOLS, Fact.PROGRAMME, "Organised by: First steps, again"),
        ),
    ],
)
def test_a_fact_that_changes_is_told_to_exactly_those_whom_it_concerns_by_its_name(
    workspace: Workspace, change: Change, kind: str, whom: set[tuple[str, str]], what: Fact, line: str
) -> None:
    keep(workspace, change(whole_term()), with_oak_2_later() if what is Fact.TIME else USUAL)
    seen = publishing.preview(workspace, stamp=LATER)
    assert news(seen) == {(who, kind, session) for who, session in whom}
    assert {each.what for each in seen.changes} == {(what,)}
    assert len(seen.letters) == len(whom - SCHOOLS) + len({who for who, _ in whom & SCHOOLS})
    assert {each.attendee_id for each in seen.letters} == {who for who, _ in whom}
    for letter in seen.letters:
        mail = message_from_bytes(letter.content, policy=policy.default)
        for form in ("plain", "html"):
            part = mail.get_body((form,))
            assert part is not None
            assert line in re.sub(r"\s+", " ", str(part.get_content())), (letter.attendee_id, form)
    publishing.publish(workspace, seen)
    raised = {(each.attendee_id, each.session_id) for each in workspace.published() if each.sequence}
    assert raised == (whom if kind == "moved" else set())


def test_the_name_of_a_school_that_is_met_online_is_news_to_the_volunteers_alone(workspace: Workspace) -> None:
    keep(workspace, with_row(whole_term(), "schools", "OAK", name="Oak Academy"))
    seen = publishing.preview(workspace, stamp=LATER)
    assert {(each.after.attendee_id, each.after.session_id, each.what) for each in seen.changes} == {
        *((who, "OAK-1", (Fact.PLACE,)) for who in ("DEE", "FRED", "OAK")),
        *((who, "OAK-2", (Fact.SCHOOL,)) for who in ("ADA", "RAFI")),
    }
    (letter,) = [each for each in seen.letters if each.attendee_id == "ADA"]
    assert b"School: Oak Academy (was Oak Primary School)" in letter.content.replace(b"=\r\n", b"")


def test_who_comes_and_who_does_not_any_more_is_the_schools_business_alone(workspace: Workspace) -> None:
    tables = with_row(whole_term(), "volunteers", "LENA", max_distance_km=50)
    seen = publish(
        workspace, tables, plan(OAK_1=(OAK_1, "DEE FRED"), ELM_1=(ELM_1, "DEE LENA"), OAK_2=(OAK_2, "ADA RAFI"))
    )
    assert news(seen) == {("NICK", "cancelled", "ELM-1"), ("ELM", "changed", "ELM-1")}
    (letter,) = [each for each in seen.letters if each.attendee is Attendee.SCHOOL]
    assert b"No longer coming: Nick Osei" in letter.content.replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    "change",
    [
        row("volunteers", "LENA", gender=None, ethnicity=None, matching_consent="no"),
        row("volunteers", "LENA", checked_until=None),
        row("volunteers", "LENA", occupation="judge", max_sessions=2, sector="Courts"),
        row("schools", "ELM", pupil_premium_percent=45.0, ward="Mackworth", urn="1"),
        row("schools", "OAK", name="  Oak  Primary\tSchool "),
        row("schools", "OAK", address="1 High Street, DE1 1AA"),  # the postcode is told already
        row("cohorts", "ELM-Y5", year_group="Year 5"),
        row("sessions", "ELM-1", cohort_ids=("ELM-Y6", "ELM-Y5")),
        row("sessions", "ELM-1", required_sectors=None),
        setting(last_day=OAK_2.start.date() + timedelta(days=100)),
        setting(goals__people__target=9),
    ],
)
def test_what_nobody_is_told_of_is_news_to_nobody(workspace: Workspace, change: Change) -> None:
    keep(workspace, change(whole_term()))
    seen = publishing.preview(workspace, stamp=LATER)
    assert (seen.changes, seen.after) == ((), seen.before)


# -------------------------------------------------------------------------------------------------- as they are kept

FULL = Facts(
    OAK_1.start,
    OAK_1.end,
    "Europe/London",
    OAK_1.start - HOUR / 4,
    "Talk",
    "carousel",
    False,
    "Oak",
    "1 High Street",
    52.9,
    -1.47,
    "Zoë",
    "office@oak.example",
    "photo ID",
    (PupilGroup("Kestrels", "5", 28), PupilGroup("Owls")),
    1,
    2,
    (Visitor("V1", "Ada", "accountant", "Sadler Gate"),),
    "Autumn",
)
OTHER: dict[str, Any] = {
    "start": OAK_1.start - HOUR,
    "end": OAK_1.end + HOUR,
    "timezone": "Europe/Dublin",
    "arrival": None,
    "latitude": 52.8,
    "longitude": -1.4,
    "online": True,
    "pupils": (PupilGroup("Kestrels", "5", 28),),
    "fewest": 2,
    "most": 3,
    "visitors": (),
}


@pytest.mark.parametrize("name", [each.name for each in fields(Facts) if each.name not in ("form", "partial", "more")])
def test_no_fact_can_change_unnoticed(name: str) -> None:
    changed = replace(FULL, **{name: OTHER.get(name, "something else")})
    assert any(differences(attendee, FULL, changed) for attendee in Attendee)


def test_every_fact_is_kept() -> None:
    assert FULL.to_json().keys() == {each.name for each in fields(Facts)} - {"partial", "more"}


@pytest.mark.parametrize("attendee", Attendee)
def test_each_fact_that_is_told_has_a_line_that_says_what_is_new(attendee: Attendee) -> None:
    values = {each.name: OTHER.get(each.name, "else") for each in fields(Facts)[:-3]}
    other = replace(FULL, **{**values, "online": False})
    named = differences(attendee, FULL, other)
    assert len(sentences.what_is_new(attendee, FULL, other)) >= len(named) > 5


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
many_facts = st.builds(
    Facts,
    start=st.datetimes(),
    end=st.datetimes(),
    timezone=texts,
    arrival=st.none() | st.datetimes(),
    title=texts,
    format=texts,
    online=st.booleans(),
    school=texts,
    address=texts,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    contact=texts,
    contact_email=texts,
    bring=texts,
    pupils=st.lists(st.builds(PupilGroup, texts, texts, st.none() | st.integers(0, 99)), max_size=2).map(tuple),
    fewest=st.integers(0, 99),
    most=st.integers(0, 99),
    visitors=st.lists(st.builds(Visitor, texts, texts, texts, texts), max_size=2).map(tuple),
    programme=texts,
    more=st.dictionaries(st.sampled_from(("parking", "link")), texts),
)


@given(many_facts)
def test_facts_come_back_as_they_were_kept(facts: Facts) -> None:
    assert Facts.from_json(facts.to_json()) == facts


def test_what_is_missing_has_its_default_and_what_is_newer_is_kept() -> None:
    kept = {"form": 2, "start": "2026-10-05T09:30:00", "end": "2026-10-05T10:30:00", "parking": {"spaces": 3}}
    facts = Facts.from_json(kept)
    assert facts == Facts(OAK_1.start, OAK_1.end, form=2, more={"parking": {"spaces": 3}})
    assert kept.items() <= facts.to_json().items()


@pytest.mark.parametrize(
    "kept",
    [
        *("[]", "{}", '"x"', '{"start": 5}', '{"start": "2026-10-05T09:30:00"}'),
        '{"start": "2026-10-05T09:30:00+01:00", "end": "2026-10-05T10:30:00"}',
        *(
            f'{{"start": "2026-10-05T09:30:00", "end": "2026-10-05T10:30:00", {more}}}'
            for more in (
                '"title": 1',
                '"online": 1',
                '"fewest": true',
                '"pupils": 1',
                '"pupils": [1]',
                '"visitors": {}',
            )
        ),
        '{"start": "2026-10-05T09:00:00", "end": "2026-10-05T10:30:00"}',  # which is not when the event is
    ],
)
def test_facts_that_somebody_spoilt_are_said_to_be_damaged(address: str, kept: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        publish(workspace, whole_term(), plan(OAK_1=(OAK_1, "DEE FRED")))
        with workspace.engine.begin() as rows:
            rows.exec_driver_sql(f"UPDATE entries SET facts = '{kept}'")
        with pytest.raises(DamagedError, match=r"entries\.facts"):
            workspace.published()
