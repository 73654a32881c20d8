"""The page says what the plan does, stands alone, and tells nothing about a named person."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import pytest

from matcher.domain import GoalName, LedgerLine, Problem, Result, TierName, TierScore, Visit
from matcher.publishing.report import report_html, verdict

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
        "3 of 4 volunteers take part",
        "9 times a class meets a person",
        "Made on Thursday 20 August 2026, 10:12 (Europe/London)",
        "12 October 2026 to 6 November 2026",
        "✓ Proven best",
        "At most 5 % below the best possible",
        "No limit is proven yet",
        "At most 8 points above the best possible",
        "At most 3.5 % above the best possible",
        "No digital volunteer is free on either date, not even Zoë.",
        "The clocks go back on Sunday 25 October.",
        "Schools are closed on Thursday 29 October and Friday 30 October.",
        "train driver, Rolls & Sons",
        "1 of 3 teams with room for two or more",
        "4 of 8, 4 to go",
    ):
        assert phrase in words, phrase


def test_input_comes_out_as_text(html: str, page: Page) -> None:
    assert '=HYPERLINK("http://x.invalid";"a,b\\c") END:VEVENT <script>alert(1)</script>' in page.words
    assert "<script" not in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)
    assert "محمد" in page.words and "学校 مدرسة 🏫" in page.words


def test_no_demographic_stands_beside_a_name(problem: Problem, result: Result, stamp: datetime) -> None:
    """Nothing on the page but the ledger's counts changes with what people said about themselves."""
    anonymous = replace(
        problem,
        volunteers={
            key: replace(volunteer, gender=None, ethnic_group=None, share_women=None, email="")
            for key, volunteer in problem.volunteers.items()
        },
    )
    html = report_html(problem, result, stamp).decode()
    assert html == report_html(anonymous, result, stamp).decode()
    assert "private.invalid" not in html


def test_counts_that_would_point_at_somebody_are_not_shown(problem: Problem, result: Result, stamp: datetime) -> None:
    words = " ".join(Page(report_html(problem, result, stamp).decode()).words.split())
    # Year R meets two people, one of them a man in nursing; three are enough to hide among.
    assert "Year R | ◐2 of 8, 6 to go | ◐2 of 6, 4 to go | not shown, of 2 | not shown, of 2 | not shown, of 3" in words
    assert "Year 6 | ◐3 of 8, 5 to go | ◐3 of 6, 3 to go | ◐1 of 2, 1 to go | ◐1 of 2, 1 to go | ◐1 of 3" in words
    assert words.count("not shown, of") == 3
    # Counting the hidden ones in the summary would give them away.
    assert "in work where more than 65 in 100 are women | 2 | 0 | 2 | 1 | 1 |" in words


def test_a_count_beyond_the_target_tells_no_more_about_people(
    problem: Problem, result: Result, stamp: datetime
) -> None:
    ledger = tuple(
        replace(line, met=3) if line.cohort_id == "A-6" and line.goal is GoalName.WOMEN_IN_MALE_DOMINATED else line
        for line in result.ledger
    )
    words = Page(report_html(problem, replace(result, ledger=ledger), stamp).decode()).words
    assert "3 of 2" not in words


def test_few_teams_are_not_called_mixed(problem: Problem, result: Result, stamp: datetime) -> None:
    ledger = (*[line for line in result.ledger if line.cohort_id], LedgerLine("", GoalName.MIXED_TEAM, 1, 1))
    words = Page(report_html(problem, replace(result, ledger=ledger), stamp).decode()).words
    assert "too few teams" in words and "1 of 1" not in words


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
