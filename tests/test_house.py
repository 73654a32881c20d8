"""The house is in order: data goes one way, each tool has one room, and nothing in the tree knows one machine."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from matcher.rules import GOALS, MUST_RULES
from matcher.rules.base import Goal, MustRule

REPOSITORY = Path(__file__).parents[1]
HOUSE = REPOSITORY / "matcher"

# From the ground up: a floor imports only from those before it, and from itself.
FLOORS = (
    *("errors", "times", "geography", "addresses", "secrecy", "formulas"),
    *("domain", "people_alike", "tables", "intake", "authoring", "comparison"),
    *("rules", "audit", "gate", "solving", "advice", "publishing", "store", "mail"),
    *("soundness", "usecases", "cli", "__main__"),
)
ROOMS = {
    "ortools": {"solving"},
    "numba": {"solving"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "typer": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "icalendar": {"publishing", "mail"},
    "smtplib": {"mail"},
    "caldav": {"mail"},
    "matplotlib": {"publishing"},
    "jinja2": {"publishing"},
    "openpyxl": {"intake", "authoring"},
}


def floor_of(file: Path) -> str:
    return file.relative_to(HOUSE).with_suffix("").parts[0]


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, at its head or anywhere inside."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None and not node.level, f"{file}: a relative import"
            yield from (f"{node.module}.{each.name}" for each in node.names)


FILES = sorted(file for file in HOUSE.rglob("*.py") if file != HOUSE / "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_file_imports_only_what_stands_above_it(file: Path) -> None:
    floor = floor_of(file)
    assert floor in FLOORS, f"{floor} is new: give it its place in FLOORS, and in README's map"
    for name in imports(file):
        top, *inside = name.split(".")
        if top == "matcher":
            assert FLOORS.index(inside[0]) <= FLOORS.index(floor), f"{floor} imports {name}"
        assert floor in ROOMS.get(top, {floor}), f"{floor} imports {name}: that is for {ROOMS[top]}"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_floor_is_on_the_map_in_readme(floor: str) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert any(name in readme for name in (f"  {floor}.py", f"  {floor}/")) or floor == "__main__"


def test_every_rule_and_goal_is_in_the_list() -> None:
    listed = {type(rule) for rule in (*MUST_RULES, *GOALS)}
    assert len(listed) == len(MUST_RULES) + len(GOALS)
    for file in sorted((HOUSE / "rules").glob("*.py")):
        module = import_module(f"matcher.rules.{file.stem}" if file.stem != "__init__" else "matcher.rules")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, MustRule | Goal) and not inspect.isabstract(found):
                assert found in listed, f"{found.__name__} in {file.name} is not in rules/__init__.py"


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in done.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


# Put together here, so that this file does not find itself.
MACHINES = re.compile(r"(?<![\w.~])/(?:" + "|".join(["work", "root", "home", "Users", "opt", "tmp/venv"]) + r")/?\b")
HOSTS = re.compile(
    "|".join([r"pypi\.", r"pythonhosted\.", r"npmjs\.", r"crates\.io", "index" + "-url", "find" + "-links"])
)


def test_no_file_knows_one_machine_or_where_packages_come_from() -> None:
    found = []
    for file in tracked():
        if file == Path(__file__) or file.suffix in (".xlsx", ".png"):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINES.search(line) or HOSTS.search(line):
                found.append(f"{file.relative_to(REPOSITORY)}:{number}: {line.strip()[:100]}")
    assert not found


def test_no_file_is_large() -> None:
    large = {str(file.relative_to(REPOSITORY)): file.stat().st_size for file in tracked()}
    assert not {name: size for name, size in large.items() if size > 512 * 1024}
