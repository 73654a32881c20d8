"""README and the guide show every command and every option, and each line that they show can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from matcher import cli, usecases
from tests.cli.program import well

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
GUIDE = {page.stem: page for page in sorted((REPOSITORY / "matcher" / "guide").iterdir())}
PAGES = (README, *GUIDE.values())
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
EVERYTHING = "\n".join(TEXT.values())
MOST_LINES = 250


def commands(group: Any, before: str = "") -> dict[str, Any]:
    """Every command by its name, such as "publish" or "feed write"."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{name} ") if hasattr(command, "commands") else {before + name: command}
    return found


COMMANDS = commands(typer.main.get_command(cli.app))


def typed(page: Path) -> list[str]:
    """The commands in the page's blocks, for a POSIX shell or PowerShell."""
    blocks = re.findall(r"```(?:console|powershell)\n(.*?)```", TEXT[page], flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [re.search(r"^(?:\$ |.*\.venv[/\\](?:bin|Scripts)[/\\])(matcher .*)$", line) for line in lines]
    return [each[1] for each in found if each]


def in_prose(page: Path) -> list[str]:
    return re.findall(r"`(matcher [a-z]+(?: [^`]*)?)`", TEXT[page])


SHOWN = [(page, line) for page in PAGES for line in dict.fromkeys([*typed(page), *in_prose(page)])]


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{page.stem}-{line}" for page, line in SHOWN])
def test_what_is_shown_can_be_typed(page: Path, line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    if name not in COMMANDS and arguments:
        name = f"{name} {arguments.pop(0)}"
    assert name in COMMANDS
    if arguments or line in typed(page):  # prose may name a command alone
        COMMANDS[name].make_context(name, arguments)
    if name == "guide" and arguments:
        assert arguments[0] in GUIDE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT[page])
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_shown(name: str) -> None:
    assert re.search(rf"\bmatcher {name}\b", EVERYTHING)


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, each.opts[0]) for name in COMMANDS for each in COMMANDS[name].params if each.opts[0].startswith("--")],
)
def test_every_option_is_shown(name: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", EVERYTHING)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_option_is_shown_that_there_is_not(page: Path) -> None:
    known = {name for command in COMMANDS.values() for each in command.params for name in each.opts}
    other = {"--version", "--seconds", "--picture"}  # of the program itself, and of the benchmark
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", TEXT[page])) <= known | other


@pytest.mark.parametrize("name", GUIDE)
def test_every_page_of_the_guide_is_on_readmes_list_and_has_a_line_of_its_own(name: str) -> None:
    assert f"[`{name}`](matcher/guide/{name}.md)" in TEXT[README]
    assert GUIDE[name].suffix == ".md"
    assert TEXT[GUIDE[name]].startswith("# ") and 20 < len(usecases.guide.topics()[name]) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_its_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(each.help for each in command.params)


def test_readme_is_short() -> None:
    assert len(TEXT[README].splitlines()) < MOST_LINES


def test_there_is_something_to_test() -> None:
    assert ".venv\\Scripts\\matcher demo" in TEXT[README] and "demo" in " ".join(typed(README))
    assert len(SHOWN) > 60
    assert len(COMMANDS) > 8


def test_help_lists_every_command_on_one_screen_and_cuts_nothing_off() -> None:
    _, *lines = well("--help").out.splitlines()
    for name in {name.split()[0] for name in COMMANDS}:
        assert any(re.search(rf"(^|\s){name}\s\s", line) for line in lines), name
    assert len(lines) <= 60
    assert not [line for line in lines if len(line) > 80 or line.endswith("...")]
