"""The house is in order: data goes one way, each tool has one room, and nothing in the tree knows one machine."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.cli.shared import REMEDIES
from matcher.domain import FEMALE_DOMINATED_ABOVE, MALE_DOMINATED_BELOW
from matcher.errors import Remedy
from matcher.rules import GOALS, MUST_RULES
from matcher.rules.base import Goal, MustRule
from tests.cli.publishing_workspaces import publish_later
from tests.cli.test_documented import COMMANDS

REPOSITORY = Path(__file__).parents[1]
HOUSE = REPOSITORY / "matcher"

# From the ground up: a floor imports only from those before it, and from itself.
FLOORS = (
    *("errors", "times", "geography", "coordinates", "addresses", "durable", "secrecy", "formulas", "wording"),
    *(
        "domain",
        "names",
        "appointments",
        "people_alike",
        "tables",
        "edits",
        "merging",
        "intake",
        "authoring",
        "comparison",
    ),
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
        if top == "matcher" and inside != ["__version__"]:
            assert FLOORS.index(inside[0]) <= FLOORS.index(floor), f"{floor} imports {name}"
        assert floor in ROOMS.get(top, {floor}), f"{floor} imports {name}: that is for {ROOMS[top]}"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_floor_is_on_the_map_in_readme(floor: str) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert any(name in readme for name in (f"  {floor}.py", f"  {floor}/")) or floor == "__main__"


def names(file: Path) -> Iterator[str]:
    """The classes and the names of types that a file defines for others to use."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if ast.unparse(node.annotation) == "TypeAlias":
                yield node.target.id
        elif isinstance(node, ast.Assign):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            yield from (name for name in targets if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name))


def test_a_name_means_one_thing_in_the_whole_house() -> None:
    found: dict[str, set[str]] = {}
    for file in FILES:
        for name in names(file):
            if not name.startswith("_"):
                found.setdefault(name, set()).add(str(file.relative_to(HOUSE)))
    assert not {name: where for name, where in found.items() if len(where) > 1}, "give one of them a name of its own"


def test_what_work_few_women_or_few_men_do_is_said_in_one_place() -> None:
    """A threshold decides both who counts and what is hidden: where it stood twice, the two could part."""
    found = [
        (str(file.relative_to(HOUSE)), node.value)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and (
            node.value in (0.35, 0.65) or (isinstance(node.value, str) and re.search(r"women.*\b(35|65)\b", node.value))
        )
    ]
    assert found == [("domain.py", MALE_DOMINATED_BELOW), ("domain.py", FEMALE_DOMINATED_ABOVE)]


def test_every_rule_and_goal_is_asked_once_in_an_order_of_its_own() -> None:
    found = [type(rule) for rule in (*MUST_RULES, *GOALS)]
    assert len(set(found)) == len(found)
    assert len({rule.place for rule in MUST_RULES}) == len(MUST_RULES), "two rules of one place"
    kinds = [MustRule, Goal]
    for kind in kinds:
        kinds += kind.__subclasses__()
    house = {kind for kind in kinds if kind.__module__.startswith("matcher.") and not inspect.isabstract(kind)}
    assert house == set(found)


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


# What a face may use besides use cases: the ground floors, and how things are written.
FOR_FACES = ("__version__", "errors", "times", "domain", "secrecy", "usecases", "cli", "wording")
FACES = ("cli",)


def needed_at_run_time(file: Path) -> Iterator[str]:
    """Every module that a file imports, but for those that only its annotations name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node not in for_types and isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif node not in for_types and isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


@pytest.mark.parametrize("face", FACES)
def test_a_face_calls_nothing_but_use_cases(face: str) -> None:
    allowed = tuple(f"matcher.{each}." for each in FOR_FACES)
    for file in sorted((HOUSE / face).glob("*.py")):
        for name in needed_at_run_time(file):
            if name.startswith("matcher."):
                assert f"{name}.".startswith(allowed), f"{file.name} imports {name}"


@pytest.mark.parametrize("face", FACES)
def test_the_subjects_of_a_face_have_the_names_of_the_use_cases(face: str) -> None:
    for file in (HOUSE / face).glob("*.py"):
        if "@app.command" in file.read_text(encoding="utf-8"):
            assert (HOUSE / "usecases" / file.name).is_file(), f"{face}/{file.name} has no use cases of its name"


def spoken(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of every string in a file but docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


@pytest.mark.parametrize("file", [file for file in FILES if floor_of(file) not in (*FACES, "__main__")], ids=str)
def test_below_the_faces_no_command_and_no_option_is_named(file: Path) -> None:
    """What to do is a `Remedy` there, which each face has words for."""
    commands = "|".join(sorted({command.split()[0] for command in COMMANDS}))
    named = re.compile(rf"\bmatcher ({commands})\b|(?<![\w-])--[a-z]{{2,}}")
    found = [f"{line}: {text.strip()[:90]}" for line, text in spoken(file) if named.search(text)]
    assert not found


def test_every_remedy_has_words_on_the_command_line() -> None:
    assert set(REMEDIES) == set(Remedy)


NOT_FOR_LOOKING = ("ortools", "numba", "scipy", "matplotlib", "pandas", "openpyxl", "caldav")
NOT_FOR_HELP = (*NOT_FOR_LOOKING, "numpy", "sqlalchemy", "icalendar", "jinja2")


def loaded_by(*arguments: str | Path) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = "import sys; from matcher import cli\ntry: cli.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_help_loads_no_solver_no_database_and_nothing_that_draws() -> None:
    """It has to be there within half a second; loading any of these takes longer."""
    assert not loaded_by("--help").intersection(NOT_FOR_HELP)


LOOKING = (
    *("show", "runs", "versions", "outbox", "compare 1 1", "diff 1 1", "verify", "push --help"),
    *("publish", "feed write FEEDS", "send --smtp smtp://localhost:9 --dry-run", "backup BACKUP", "rules"),
)


def test_a_command_that_plans_nothing_loads_no_solver_and_nothing_that_draws(tmp_path: Path) -> None:
    db = publish_later(tmp_path)
    db.chmod(0o600)
    for command in LOOKING:
        words = [str(tmp_path / word) if word.isupper() else word for word in command.split()]
        loaded = loaded_by(*words, *(() if command in ("rules", "push --help") else ("--db", db)))
        assert not loaded.intersection(NOT_FOR_LOOKING), command


CLOCKS = re.compile(r"\b(perf_counter|monotonic|process_time|time\.time|thread_time)(_ns)?\(")


def test_no_test_asks_how_fast_the_machine_is() -> None:
    """Work is counted (`tests/counting.py`). A clock may end what hangs: then it is compared with a `deadline`."""
    found = []
    for file in sorted((REPOSITORY / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            asked = ast.unparse(node.test) if isinstance(node, ast.Assert) else ""
            if CLOCKS.search(asked) and "deadline" not in asked:
                found.append(f"{file.relative_to(REPOSITORY)}: {asked}")
    assert not found
