"""The guide is read where the program is: listed, shown as it was written, and near names are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.program import here, on_terminal, well_here

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in Path("matcher/guide").resolve().glob("*.md")}


def test_without_a_topic_every_page_is_listed_with_one_line() -> None:
    *lines, blank, how = well_here("guide").out.splitlines()
    listed = dict(line.split(maxsplit=1) for line in lines)
    assert listed == {name: text.splitlines()[0].removeprefix("# ") for name, text in PAGES.items()}
    assert (blank, how) == ("", "Read one with: matcher guide TOPIC")


@pytest.mark.parametrize("topic", PAGES)
def test_a_page_is_shown_as_it_was_written(topic: str) -> None:
    assert well_here("guide", topic).out == PAGES[topic]


def test_on_a_terminal_it_is_set_for_reading_within_its_width() -> None:
    said = on_terminal(["guide", "replies"], columns=60)
    assert said.code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said.out).splitlines()
    assert max(map(len, lines)) == 60
    text = " ".join(" ".join(lines).split())
    assert "$ matcher answer V7 S12 no" in text and "it changes nothing until you say so" in text
    assert "```" not in text and "**" not in text


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("letter", "letters"),
        ("Feeds", "feeds"),
        ("saekeeping", "safekeeping"),
        ("backup", "safekeeping"),  # a command, which that page speaks of
        ("PGPASSFILE", "privacy"),
    ],
)
def test_of_a_page_that_is_not_there_near_ones_are_named(topic: str, near: str) -> None:
    said = here("guide", topic)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"matcher: The guide has no page '{topic}'. Near to it: ")
    assert near in said.err
    assert said.err.endswith("`matcher guide` lists them all.\n")


@pytest.mark.parametrize("topic", ["xyzzy", "../../README", ""])
def test_where_nothing_is_near_all_are_named(topic: str) -> None:
    said = here("guide", topic)
    assert said.code == 1
    assert f"There are {', '.join(sorted(PAGES))}." in said.err
