"""How hypothesis behaves in all tests, and which tests are slow.

No deadlines on shared machines, and the same examples each time in CI.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import matcher  # noqa: F401 - before any test imports openpyxl, which matcher tells how to read

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

TESTS = Path(__file__).parent
SLOW = {
    "authoring": "generate",
    "benchmarks": "*",
    "cli": (
        "closed_doors ends_from_outside feeds_broken_off formulas full_disk hard_ends making_scenarios "
        "no_password_is_repeated nothing_personal power_cut privacy_commands publishing_commands push_command "
        "role_models_score run_command safekeeping_commands todays_data todays_data_in_calendars "
        "verdict_is_kept whose_files workspace_commands"
    ),
    "clients": "*",
    "intake": "hostile_workbooks intake_properties",
    "mail": "bounded_answers caldav replies",
    "planning": (
        "bounds_are_proofs compiled_loops plans_of_random_terms published_instance small_neighbourhoods small_steps"
    ),
    "publication": "facts import_while_sending late_letters one_send_at_a_time told_earlier",
    "publishing": "broken_switch nobody_is_found_out report write_outputs",
    "store": "copies erasure workspace workspace_killed workspace_properties",
}
"""Folder -> the test files in it (without test_ and .py) that start processes, search for plans or wait: `*`, all.
What is left ends in two minutes on two quiet cores, and looks into every room (test_contributing.py holds it)."""


def is_slow(file: Path) -> bool:
    slow = SLOW.get(file.parent.name, "").split()
    return file.parent.parent == TESTS and ("*" in slow or file.stem.removeprefix("test_") in slow)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item.path):
            item.add_marker(pytest.mark.slow)
