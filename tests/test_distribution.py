"""What is installed is whole: a wheel is built as pip builds it, and holds all that the program reads."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from matcher import __version__
from tests.cli.program import well

REPOSITORY = Path(__file__).parents[1]
HOUSE = REPOSITORY / "matcher"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    return zipfile.ZipFile(file)


def test_it_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """Code, and what code reads: mail templates, guide pages, migrations, the mark that it is typed."""
    files = {each.relative_to(REPOSITORY).as_posix() for each in HOUSE.rglob("*") if each.is_file()}
    files = {each for each in files if "__pycache__" not in each}
    assert files - set(wheel.namelist()) == set()
    for kind in ("py.typed", "publishing/templates/invitation.txt.j2", "store/migrations/versions/0003_trust.py"):
        assert f"matcher/{kind}" in files


def test_it_holds_the_scenarios_that_demo_plans(wheel: zipfile.ZipFile) -> None:
    scenarios = REPOSITORY / "scenarios"
    files = {f"matcher/_scenarios/{each.relative_to(scenarios).as_posix()}" for each in scenarios.rglob("*.csv")}
    assert len(files) > 10
    assert files - set(wheel.namelist()) == set()


def test_it_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"matcher", f"visit_matcher-{__version__}.dist-info"}


def test_its_name_is_nobody_elses_and_its_command_is_matcher(wheel: zipfile.ZipFile) -> None:
    about = f"visit_matcher-{__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{about}/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("visit-matcher", __version__)
    assert "matcher = matcher.cli:main" in wheel.read(f"{about}/entry_points.txt").decode()


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project


def test_the_program_says_its_version() -> None:
    assert well("--version").out == f"matcher {__version__}\n"
