"""Every command that changes something takes --yes, so that scripts need not know which of them ask."""

from __future__ import annotations

import pytest

from tests.cli.test_documented import COMMANDS

READING = {
    "compare",
    "diff",
    "due",
    "guide",
    "journal",
    "recruit",
    "rules",
    "runs",
    "show",
    "stand-in",
    "trade-off",
    "verify",
    "versions",
    "why",
}
"""Those that change nothing."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_yes_if_it_changes_something(name: str) -> None:
    options = {option for each in COMMANDS[name].params for option in each.opts}
    assert ("--yes" in options) is (name not in READING)
