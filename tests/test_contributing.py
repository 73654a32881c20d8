"""What CONTRIBUTING says can be followed: each path is there, each kind of change is told, each word of make works."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE)
PLACEHOLDER = "TOPIC"
IN_CODE = re.findall(r"`([^`\s]+)`", CONTRIBUTING)
PATHS = [each for each in dict.fromkeys(IN_CODE) if "/" in each or each.endswith((".md", ".py"))]


@pytest.mark.parametrize("path", [each for each in PATHS if PLACEHOLDER not in each])
def test_each_path_is_there(path: str) -> None:
    found = REPOSITORY / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


def test_many_paths_are_named() -> None:
    assert len(PATHS) > 25


@pytest.mark.parametrize(
    "kind", ["rule", "goal", "column", "setting", "tier", "command", "letter", "guide page"], ids=str
)
def test_each_kind_of_change_is_told(kind: str) -> None:
    assert re.search(rf"^\| an? {kind} \|", CONTRIBUTING, flags=re.MULTILINE)


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_each_word(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target, "PYTHON=python"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert target == "help" or f"`{target}`" in CONTRIBUTING or f"make {target}" in CONTRIBUTING


def test_make_has_what_is_done_often() -> None:
    assert {"test", "quick", "lint", "demo", "bench"} <= set(TARGETS)


def test_make_tests_and_checks_what_readme_and_ci_do() -> None:
    everything = re.search(r"^test:.*\n\t(.*)$", MAKEFILE, flags=re.MULTILINE)
    assert everything is not None
    assert shlex.split(everything[1]) == ["$(PYTHON)", "-m", "pytest"]
    assert "&& .venv/bin/pytest\n" in README
    for line in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines():
        if re.match(r"\.venv/bin/(ruff|mypy)", line):
            assert line.replace(".venv/bin/", "\t$(PYTHON) -m ") in MAKEFILE.splitlines()


def test_what_is_asked_before_a_commit_comes_with_the_tests() -> None:
    config = (REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (.*)", config) == ["local"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with_tests = " ".join(project["optional-dependencies"]["test"])
    for program in re.findall(r"entry: \.venv/bin/(\w+)", config):
        assert program in with_tests


def test_quick_means_without_what_is_slow() -> None:
    assert '\t$(PYTHON) -m pytest -m "not slow"\n' in MAKEFILE
    assert '`.venv/bin/pytest -m "not slow"`' in CONTRIBUTING
