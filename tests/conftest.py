"""How hypothesis behaves in all tests (no deadlines on shared machines, the same examples each time in CI), and which
tests are slow.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

import matcher  # noqa: F401 - before any test imports openpyxl, which matcher tells how to read

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Files, or tests of a file, that take seconds rather than moments: `pytest -m "not slow"` leaves them out.
SLOW = (
    "tests/authoring/test_generate.py",
    "tests/benchmarks/test_compare.py",
    "tests/cli/test_closed_doors.py",
    "tests/cli/test_ends_from_outside.py",
    "tests/cli/test_feeds_broken_off.py",
    "tests/cli/test_formulas.py",
    "tests/cli/test_full_disk.py",
    "tests/cli/test_hard_ends.py",
    "tests/cli/test_living_commands.py",
    "tests/cli/test_making_scenarios.py",
    "tests/cli/test_no_password_is_repeated.py",
    "tests/cli/test_nothing_personal.py",
    "tests/cli/test_odd_names.py",
    "tests/cli/test_show.py",
    "tests/cli/test_overrides.py",
    "tests/cli/test_power_cut.py",
    "tests/cli/test_privacy_commands.py",
    "tests/cli/test_publishing_commands.py",
    "tests/cli/test_role_models_score.py",
    "tests/cli/test_run_command.py",
    "tests/cli/test_repair_commands.py",
    "tests/cli/test_safekeeping_commands.py",
    "tests/cli/test_todays_data.py",
    "tests/cli/test_todays_data_in_calendars.py",
    "tests/cli/test_verdict_is_kept.py",
    "tests/cli/test_whose_files.py",
    "tests/cli/test_why_command.py",
    "tests/cli/test_workspace_commands.py",
    "tests/clients/test_life_cycle.py",
    "tests/intake/test_hostile_workbooks.py",
    "tests/intake/test_intake_properties.py",
    "tests/mail/test_bounded_answers.py",
    "tests/mail/test_caldav.py::test_an_answer_without_an_end_is_not_waited_for",
    "tests/mail/test_replies.py::test_ten_thousand_replies_of_all_programs",
    "tests/planning/test_bounds_are_proofs.py",
    "tests/planning/test_compiled_loops.py",
    "tests/planning/test_plans_of_random_terms.py",
    "tests/planning/test_published_instance.py",
    "tests/planning/test_recruit.py",
    "tests/planning/test_repair.py",
    "tests/planning/test_small_neighbourhoods.py",
    "tests/planning/test_small_steps.py",
    "tests/planning/test_stand_in.py",
    "tests/planning/test_why.py",
    "tests/publication/test_facts.py",
    "tests/publication/test_import_while_sending.py",
    "tests/publication/test_late_letters.py",
    "tests/publication/test_one_send_at_a_time.py",
    "tests/publication/test_told_earlier.py",
    "tests/publication/test_publish.py",
    "tests/publication/test_what_took_place.py",
    "tests/publication/test_living.py",
    "tests/publishing/test_broken_switch.py",
    "tests/publishing/test_nobody_is_found_out.py",
    "tests/publishing/test_report.py",
    "tests/publishing/test_write_outputs.py",
    "tests/store/test_copies.py",
    "tests/store/test_erasure.py",
    "tests/store/test_workspace.py",
    "tests/store/test_workspace_killed.py",
    "tests/store/test_workspace_properties.py",
    "tests/test_house.py::test_a_command_that_plans_nothing_loads_no_solver_and_nothing_that_draws",
)


def is_slow(name: str) -> bool:
    """Whether the test of this node id is one of SLOW, or in one of its files."""
    return any(name == each or name.startswith((f"{each}::", f"{each}[")) for each in SLOW)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item.nodeid):
            item.add_marker(pytest.mark.slow)
