"""The page says what the plan does, stands alone, and tells nothing about a named person."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from matcher.audit import audit
from matcher.domain import (
    Cohort,
    EthnicGroup,
    Gender,
    GoalName,
    LedgerLine,
    Override,
    Plan,
    Problem,
    Programme,
    Result,
    School,
    Session,
    Slot,
    TierName,
    TierScore,
    Visit,
    Volunteer,
)
from matcher.intake import read_scenario
from matcher.publishing.answered import AnswersSoFar, WhoDeclined, WhoIsSilent
from matcher.publishing.published import Answer
from matcher.publishing.report import report_and_figures, verdict
from tests.publishing.conftest import slot

VOID = {"meta", "br", "col", "link", "img"}


class Page(HTMLParser):
    """Checks that tags nest, and gathers what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.words = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if attributes.get("id"):
            self.ids.append(attributes["id"] or "")
        for key, value in attrs:
            if key in ("href", "xlink:href"):
                self.references.append(value or "")
            elif key == "aria-labelledby":
                self.references += [f"#{each}" for each in (value or "").split()]
            self.references += [f"#{each}" for each in re.findall(r"url\(#([^)]*)\)", value or "")]
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()
        if tag in ("td", "th", "li"):
            self.words += " | "

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


def report_html(problem: Problem, result: Result, stamp: datetime) -> bytes:
    page, _ = report_and_figures(problem, result, stamp)
    return page


@pytest.fixture
def html(problem: Problem, result: Result, stamp: datetime) -> str:
    return report_html(problem, result, stamp).decode()


@pytest.fixture
def page(html: str) -> Page:
    return Page(html)


def test_it_needs_nothing_but_itself(html: str, page: Page) -> None:
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"}
    assert not [each for each in page.references if not each.startswith("#")]
    assert not re.search(r"@import|url\((?!#)|\bsrc=|\bon\w+=", html)


def test_its_references_lead_somewhere(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {each.removeprefix("#") for each in page.references} <= set(page.ids)


def test_it_can_be_heard_as_well_as_seen(page: Page) -> None:
    assert ("html", {"lang": "en"}) in page.tags
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    names = [tag for tag, _ in page.tags]
    assert names.count("table") == names.count("caption") > 0
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(charts) == 3
    assert all(chart["role"] == "img" and chart["aria-labelledby"] for chart in charts)
    assert "week of 19 Oct: 1; week of 26 Oct: 2" in page.words


def test_it_says_what_the_plan_does(page: Page) -> None:
    words = " ".join(page.words.split())
    for phrase in (
        "3 of 4 sessions delivered",
        "2 of 3 schools reached",
        "3 of 4 volunteers taking part",
        "9 times a class meets a person",
        "Made on Thursday 20 August 2026, 10:12 (Europe/London)",
        "12 October 2026 to 6 November 2026",
        "✓ Proven best",
        "| Not shown |",
        "No limit is proven yet",
        "At most 8 points above the best possible",
        "At most 3.5 % above the best possible",
        "No digital volunteer is free on either date, not even Zoë.",
        "The clocks go back on Sunday 25 October.",
        "Schools are closed on Thursday 29 October and Friday 30 October.",
        "train driver, Rolls & Sons",
        "How many teams have both women and men is not shown",
        "4 of 8, 4 to go",
    ):
        assert phrase in words, phrase


def test_input_comes_out_as_text(html: str, page: Page) -> None:
    assert '=HYPERLINK("http://x.invalid";"a,b\\c") END:VEVENT <script>alert(1)</script>' in page.words
    assert "<script" not in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)
    assert "محمد" in page.words and "学校 مدرسة 🏫" in page.words


def test_no_demographic_stands_beside_a_name(problem: Problem, result: Result, stamp: datetime) -> None:
    """Where nothing can be shown safely, the page is the same whatever people said about themselves."""
    anonymous = replace(
        problem,
        volunteers={
            key: replace(volunteer, gender=None, ethnic_group=None, email="")
            for key, volunteer in problem.volunteers.items()
        },
    )
    html = report_html(problem, result, stamp).decode()
    assert html == report_html(anonymous, result, stamp).decode()
    assert "private.invalid" not in html


def test_counts_that_would_point_at_somebody_are_not_shown(problem: Problem, result: Result, stamp: datetime) -> None:
    words = " ".join(Page(report_html(problem, result, stamp).decode()).words.split())
    # Both meet three people, but only one who could be a woman in a men's field, and one in a women's.
    for line in (
        "Kestrels | ◐4 of 8, 4 to go | ◐3 of 6, 3 to go",
        "Year 6 | ◐3 of 8, 5 to go | ◐3 of 6, 3 to go",
    ):
        assert f"{line} | not shown, of 2 | not shown, of 2 | not shown, of 3" in words
    # It is plain from the page that Year R meets nobody who could be the one, and C-1 nobody at all.
    assert (
        "Year R | ◐2 of 8, 6 to go | ◐2 of 6, 4 to go | ○0 of 2, 2 to go | not shown, of 2 | not shown, of 3" in words
    )
    assert "C-1 | ○0 of 8, 8 to go | ○0 of 6, 6 to go | ○0 of 2, 2 to go | ○0 of 2, 2 to go | ○0 of 3, 3 to go" in words
    assert words.count("not shown, of") == 8
    # Counting the hidden ones in the summaries would give them away.
    assert "in work where more than 65 in 100 are women | 2 | 0 | 0 | 1 | 3 | not shown |" in words
    assert "Classes reach 0 of their 12 goals in full; 8 more are not shown below." in words
    assert words.count("to keep a promise to our volunteers") == 1


def test_first_steps_does_not_tell_that_nick_is_a_man(stamp: datetime) -> None:
    problem = read_scenario(Path(__file__).parents[2] / "scenarios" / "first-steps").problem
    teams = {"OAK-1": ("DEE", "FRED"), "OAK-2": ("ADA", "RAFI"), "ELM-1": ("DEE", "LENA", "NICK")}
    plan = Plan({each: Visit(problem.sessions[each].slots[-1], team) for each, team in teams.items()})
    ledger = audit(problem, plan).ledger
    result = Result(plan, (TierScore(TierName.ROLE_MODELS, 754_160, 754_160),), 1, {"ELM-2": "Nobody."}, ledger)
    words = " ".join(Page(report_html(problem, result, stamp).decode()).words.split())
    assert "Nick Osei, children's nurse" in words
    assert words.count("Year 5 | ◐") == 2 and "3 of 8, 5 to go" in words
    assert "1 of 2, 1 to go" not in words
    # OAK met an accountant earlier in the year; both classes of ELM meet nobody but Dee, Lena and Nick.
    assert words.count("not shown, of 2 | not shown, of 2 | not shown, of 3") == 3
    others = {
        key: replace(person, gender=None if key == "NICK" else Gender.MAN) for key, person in problem.volunteers.items()
    }
    ledger = audit(replace(problem, volunteers=others), plan).ledger
    unknown = report_html(replace(problem, volunteers=others), replace(result, ledger=ledger), stamp).decode()
    assert " ".join(Page(unknown).words.split()) == words


def crowd(teams: dict[str, str], women: str, stamp: datetime) -> str:
    """A page on which each team, of engineers named by a letter, visits a class of its own."""
    day = date(2026, 10, 14)
    slots = (Slot(datetime(2026, 10, 14, 9), datetime(2026, 10, 14, 10)),)
    people = {
        letter: Volunteer(
            letter,
            f"Person {letter.upper()}",
            "Rail",
            3,
            2,
            gender=Gender.WOMAN if letter in women else Gender.MAN,
            ethnic_group=EthnicGroup.ASIAN if letter in women else EthnicGroup.WHITE,
            share_women=0.1,
        )
        for letter in sorted(set("".join(teams.values())))
    }
    problem = Problem(
        Programme("P", day, day),
        {"A": School("A", "Alder")},
        {each: Cohort(each, "A", f"Class {each}") for each in teams},
        {each: Session(each, "A", (each,), 1, 9, slots) for each in teams},
        people,
    )
    plan = Plan({each: Visit(slots[0], tuple(team)) for each, team in teams.items()})
    ledger = audit(problem, plan).ledger
    tiers = (TierScore(TierName.REACH, 1, 1),)
    return " ".join(Page(report_html(problem, Result(plan, tiers, 1, {}, ledger), stamp).decode()).words.split())


@pytest.mark.parametrize(
    ("teams", "women", "cells", "together"),
    [
        ({"1": "ab"}, "a", {"1": "not shown, of 2"}, "not shown"),
        ({"1": "abcde"}, "ab", {"1": "not shown, of 2"}, "not shown"),
        ({"1": "abcdef"}, "ab", {"1": "✓2 of 2"}, "2 of 6 in such work"),
        ({"1": "abcdef"}, "a", {"1": "not shown, of 2"}, "not shown"),
        ({"1": "abcdef"}, "abcdef", {"1": "not shown, of 2"}, "not shown"),
        ({"1": "abcdef"}, "", {"1": "not shown, of 2"}, "not shown"),
        # Less class 1, class 2 is G alone, and so are all together; the first of them in the page's order is shown.
        ({"1": "abcdef", "2": "abcdefg"}, "abg", {"1": "not shown, of 2", "2": "✓2 of 2"}, "3 of 7 in such work"),
        ({"1": "abcdef", "2": "g"}, "abg", {"1": "not shown, of 2", "2": "not shown, of 2"}, "3 of 7 in such work"),
        ({"1": "abcdef", "2": "ghijkl"}, "abgh", {"1": "✓2 of 2", "2": "✓2 of 2"}, "4 of 12 in such work"),
    ],
)
def test_a_figure_is_shown_where_it_singles_nobody_out(
    teams: dict[str, str], women: str, cells: dict[str, str], together: str, stamp: datetime
) -> None:
    words = crowd(teams, women, stamp)
    for name, cell in cells.items():
        people = len(teams[name])
        assert re.search(rf"Class {name} \| ◐{people} of 8, \d to go \| ◐1 of 6, 5 to go \| {cell} \|", words), words
    summary = words.partition("fewer than 35 in 100 are women |")[2].partition("Men in women")[0]
    assert summary.split(" | ")[-2].strip() == together
    assert ("keep a promise" in words) == ("not shown, of" in words)


@pytest.mark.parametrize(
    ("team", "women", "cell"),
    [
        ("abcd", "ab", "not shown, of 3"),
        ("abcdef", "a", "not shown, of 3"),
        ("abcdef", "", "not shown, of 3"),
    ],
)
def test_ethnic_groups_are_counted_among_six_or_more(team: str, women: str, cell: str, stamp: datetime) -> None:
    assert f"| ○0 of 2, 2 to go | {cell} |" in crowd({"1": team}, women, stamp)


def test_one_session_is_spoken_of_as_one(stamp: datetime) -> None:
    words = crowd({"1": "a"}, "", stamp)
    assert "1 of 1 session delivered" in words and "1 of 1 school reached" in words
    assert "1 of 1 volunteer taking part" in words and "1 of 1 school gets at least one session" in words


def test_weeks_without_a_session_take_one_line(problem: Problem, result: Result, stamp: datetime) -> None:
    winter = replace(
        problem.programme,
        last_day=date(2027, 1, 15),
        closed=frozenset(date(2026, 12, 21) + timedelta(days=n) for n in range(14)),
    )
    page = Page(report_html(replace(problem, programme=winter), result, stamp).decode())
    assert page.headings.count(3) == 2
    words = " ".join(page.words.split())
    assert "Week of 12 October 2026: no sessions." in words
    assert (
        "11 weeks, those of 2 November 2026 to 11 January 2027: no sessions; "
        "schools are closed in the week of 21 December and 28 December." in words
    )


def test_days_have_no_leading_zero(problem: Problem, result: Result, stamp: datetime) -> None:
    first = slot(date(2026, 11, 5), "09:30", "10:30")
    sessions = {**problem.sessions, "S1": replace(problem.sessions["S1"], slots=(first,))}
    visits = {**result.plan.visits, "S1": Visit(first, ("v1",))}
    words = Page(
        report_html(
            replace(problem, sessions=sessions), replace(result, plan=Plan(visits)), datetime(2026, 8, 3, tzinfo=UTC)
        ).decode()
    ).words
    assert "Thu 5 Nov" in words and "Monday 3 August" in words
    assert not re.search(r"\b0\d [A-Z][a-z]", words)


def test_a_count_beyond_the_target_tells_no_more_about_people(
    problem: Problem, result: Result, stamp: datetime
) -> None:
    ledger = tuple(
        replace(line, met=3) if line.cohort_id == "A-6" and line.goal is GoalName.WOMEN_IN_MALE_DOMINATED else line
        for line in result.ledger
    )
    words = Page(report_html(problem, replace(result, ledger=ledger), stamp).decode()).words
    assert "3 of 2" not in words


@pytest.mark.parametrize("mixed", [(1, 0, 0, 1, 0, 1), (0,) * 6, (1,) * 6, (1,)])
def test_how_many_teams_are_mixed_is_never_told(
    problem: Problem, result: Result, stamp: datetime, mixed: tuple[int, ...]
) -> None:
    lines = [LedgerLine("", GoalName.MIXED_TEAM, met, 1) for met in mixed]
    ledger = (*[line for line in result.ledger if line.cohort_id], *lines)
    words = Page(report_html(problem, replace(result, ledger=ledger), stamp).decode()).words
    assert "How many teams have both women and men is not shown" in words
    assert "teams with room" not in words and "are known to have" not in words


def test_the_score_of_role_models_is_nowhere_on_the_page(full_size: tuple[Problem, Result], stamp: datetime) -> None:
    html = report_html(*full_size, stamp).decode()
    assert "58,612,345" not in html and "58612345" not in html and "59,810,000" not in html
    assert "At most 5 % below the best possible" in html
    assert "4,012,345" not in html  # an exact figure of any kind is for scores.json


def test_it_begins_with_what_to_do_next(problem: Problem, result: Result, stamp: datetime) -> None:
    start = problem.sessions["S1"].slots[0].start
    heard = AnswersSoFar(
        start - timedelta(hours=1),
        {("v1", "S1"): Answer.DECLINED, ("V 3", "S3"): Answer.TENTATIVE, ("v1", "S3"): Answer.NEEDS_ACTION},
        (WhoDeclined("محمد", "S1", "Visit", "Alder Brook Primary", start, 0, 1),),
        (WhoIsSilent("Silent Sue", 2, start),),
    )
    words = " ".join(Page(report_and_figures(problem, result, stamp, heard=heard)[0].decode()).words.split())
    steps = words[: words.index("sessions do not take place") if "sessions do not take place" in words else None]
    said = (
        "Find somebody for 1 visit: people said no.",
        "0 still coming, at least 1 needed",
        "Ask 1 person who has not answered yet.",
        "Silent Sue (2 visits, the first on Mon 26 Oct)",
        "1 of 2 visits to come stands at the smallest team",  # S2 has begun
        "1 visit does not take place.",
        "1 volunteer has no visit",
        "Nobody's Turn",
        "1 volunteer is asked most often, 3 times each.",
    )
    places = [steps.index(each) for each in said]
    assert places == sorted(places)
    assert "(declined)" in words and "(tentative)" in words and "(no answer yet)" in words
    assert words.rindex("Week by week") > words.rindex("Volunteers’ load"), "the lists come last"


def test_without_answers_it_says_nothing_of_answers(page: Page) -> None:
    assert "What to do next" in page.words
    assert "answer" not in page.words and "said no" not in page.words and "to come stand" not in page.words
    assert "Set aside knowingly" not in page.words


def test_what_was_set_aside_knowingly_is_named_with_its_reason(
    problem: Problem, result: Result, stamp: datetime
) -> None:
    override = Override("S2", "V1", "load_limit", "She offered a fourth visit <b>herself</b>")
    page = Page(report_html(replace(problem, overrides=frozenset({override})), result, stamp).decode())
    assert "Set aside knowingly" in page.words
    for words in ("What's My Line? at Alder Brook Primary", "load limit", "She offered a fourth visit <b>herself</b>"):
        assert words in page.words


def test_a_repairs_changes_are_told_in_words(problem: Problem, result: Result, stamp: datetime) -> None:
    more = (TierScore(TierName.TOLD_REACH, 10, 10), TierScore(TierName.CHANGES, 4, 4))
    words = Page(report_html(problem, replace(result, tiers=(*more, *result.tiers)), stamp).decode()).words
    assert "4 changes to what people were told." in words
    assert "Proven fewest" in words


def test_a_plan_without_a_visit(problem: Problem, nothing_delivered: Result, stamp: datetime) -> None:
    page = Page(report_html(problem, nothing_delivered, stamp).decode())
    assert "Nobody is free." in page.words
    assert "svg" not in {tag for tag, _ in page.tags}


def test_a_plan_with_every_visit(problem: Problem, result: Result, stamp: datetime) -> None:
    visits = {**result.plan.visits, "S4": Visit(problem.sessions["S4"].slots[0], ("V4",))}
    page = Page(report_html(problem, replace(result, plan=replace(result.plan, visits=visits)), stamp).decode())
    assert "Every session takes place." in page.words


@pytest.mark.parametrize(
    ("tier", "value", "bound", "words"),
    [
        (TierName.REACH, 0, 0, "Proven best"),
        (TierName.REACH, 5, None, "No limit is proven yet"),
        (TierName.REACH, 95, 100, "At most 5 % below the best possible"),
        (TierName.REACH, 9_499, 10_000, "At most 5.1 % below the best possible"),  # 5.01: rounded up
        (TierName.REACH, 999_999, 1_000_000, "At most 0.1 % below the best possible"),
        (TierName.REACH, 0, 100, "At most 100 % below the best possible"),
        (TierName.PREFERENCES, -3, 0, "At most 3 points below the best possible"),
        (TierName.PREFERENCES, -3, -2, "At most 1 point below the best possible"),
        (TierName.PREFERENCES, -3, 2, "At most 5 points below the best possible"),
        (TierName.LOAD, 8, 0, "At most 8 points above the best possible"),
        (TierName.LOAD, 110, 100, "At most 10 % above the best possible"),
        (TierName.TRAVEL, 1_000, 10, "At most 990 points above the best possible"),
        (TierName.TRAVEL, 1, 0, "At most 1 point above the best possible"),
        (TierName.TRAVEL, 9, 10, "Better than the limit given: please report this"),
    ],
)
def test_verdicts_claim_no_more_than_the_bound_proves(
    tier: TierName, value: int, bound: int | None, words: str
) -> None:
    assert verdict(TierScore(tier, value, bound)) == words


def test_a_full_size_page_is_small_enough_to_mail(full_size: tuple[Problem, Result], stamp: datetime) -> None:
    html = report_html(*full_size, stamp)
    Page(html.decode())
    assert len(html) < 1_000_000
