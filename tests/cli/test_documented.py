"""README shows every command and every option, and each line that it shows can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from matcher import cli

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def commands(group: Any, before: str = "") -> dict[str, Any]:
    """Every command by its name, such as "publish" or "feed write"."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{name} ") if hasattr(command, "commands") else {before + name: command}
    return found


COMMANDS = commands(typer.main.get_command(cli.app))
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
TYPED = [line[2:] for block in BLOCKS for line in block.splitlines() if line.startswith("$ matcher ")]
IN_PROSE = re.findall(r"`(matcher [a-z]+(?: [^`]*)?)`", README)


@pytest.mark.parametrize("line", list(dict.fromkeys([*TYPED, *IN_PROSE])))
def test_what_readme_shows_can_be_typed(line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    if name not in COMMANDS and arguments:
        name = f"{name} {arguments.pop(0)}"
    assert name in COMMANDS
    if arguments or line in TYPED:  # prose may name a command alone
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_readme_shows_every_command(name: str) -> None:
    assert re.search(rf"\bmatcher {name}\b", README)


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, each.opts[0]) for name in COMMANDS for each in COMMANDS[name].params if each.opts[0].startswith("--")],
)
def test_readme_shows_every_option(name: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", README)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_its_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(each.help for each in command.params)


def test_there_is_something_to_test() -> None:
    assert len(TYPED) > 5
    assert len(COMMANDS) > 8
