"""Real databases to keep workspaces in; a test module names this one in `pytest_plugins`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "secret"
_names = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    """The folder with the socket of a PostgreSQL server that lives as long as the tests; its user is `matcher`."""
    pytest.importorskip("psycopg")
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="matcher-pg-"))  # not tmp_path: the server runs as somebody else
    who = _somebody_not_root()
    (folder / "password").write_text(PASSWORD)
    if who is not None:
        for path in (folder, folder / "password"):
            os.chown(path, pwd.getpwnam(who).pw_uid, pwd.getpwnam(who).pw_gid)

    def run(program: str, *arguments: str) -> None:
        somebody: dict[str, Any] = {"user": who, "group": who, "extra_groups": []} if who else {}
        quiet = subprocess.DEVNULL  # a pipe would stay open as long as the server
        subprocess.run([programs / program, *arguments], check=True, cwd=folder, stdout=quiet, stderr=quiet, **somebody)

    data, password = str(folder / "data"), str(folder / "password")
    run("initdb", "-D", data, "-U", "matcher", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "-N")
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield folder
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _postgresql_programs() -> Path | None:
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


def _somebody_not_root() -> str | None:
    """Whom to run the server as: it refuses root."""
    if os.getuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def postgresql_address(folder: Path, database: str, password: str = PASSWORD) -> str:
    return f"postgresql://matcher:{password}@/{database}?host={folder}"


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    return str(tmp_path / "matcher.db")


@pytest.fixture
def postgresql_database(postgresql: Path) -> Iterator[str]:
    """The address of an empty database."""
    import psycopg

    name = f"test_{next(_names)}"
    admin = f"host={postgresql} user=matcher password={PASSWORD} dbname=postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield postgresql_address(postgresql, name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """Where to make a workspace; a test that asks for it runs once for each kind of database."""
    name = "sqlite_address" if request.param == "sqlite" else "postgresql_database"
    found: str = request.getfixturevalue(name)
    return found
