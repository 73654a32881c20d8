"""The quick tests (`-m "not slow"`) leave out what is listed as slow, and still go through each part of the house."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SLOW, is_slow

TESTS = Path(__file__).parent
PARTS = sorted({file.parent for file in TESTS.rglob("test_*.py")} - {TESTS / "benchmarks"})


@pytest.mark.parametrize("listed", SLOW)
def test_what_is_listed_as_slow_is_there(listed: str) -> None:
    name, _, test = listed.partition("::")
    assert f"def {test}" in (TESTS.parent / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part.relative_to(TESTS)))
def test_each_part_of_the_house_keeps_quick_tests(part: Path) -> None:
    assert any(not is_slow(file.relative_to(TESTS.parent).as_posix()) for file in part.glob("test_*.py"))


def test_the_list_marks_whole_files_and_single_tests_and_no_others() -> None:
    assert is_slow("tests/cli/test_hard_ends.py::test_any[1]")
    assert is_slow("tests/mail/test_replies.py::test_ten_thousand_replies_of_all_programs")
    assert not is_slow("tests/mail/test_replies.py::test_any")
