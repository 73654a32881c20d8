"""The zone of a programme means the same clock on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_scenario import Scenario, problems_of

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])


@FORMS
@pytest.mark.parametrize(
    "zone", ["localtime", "Localtime", "local", "posix/Europe/London", "right/Europe/London", "Factory", "posixrules"]
)
def test_a_zone_that_depends_on_the_machine_is_refused(zone: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["timezone"] = zone
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert problem.column == "timezone"
    assert f'"{zone}"' in problem.found
