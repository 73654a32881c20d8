"""What is said of a workspace that cannot be opened: where, what to do, and never a password."""

from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_scenarios import contents, save_run, scenario

from matcher.errors import MatcherError, StoreError
from matcher.store import Workspace
from matcher.store.connection import database_url

pytest_plugins = ("store_fixtures",)


def refusal(address: str, create: bool = True) -> str:
    with pytest.raises(MatcherError) as caught:
        Workspace.open(address, create=create, patience_seconds=0.2).close()
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_path_and_a_url_name_the_same_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "Zoë's term #1 100%.db"
    with Workspace.open(str(path), create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
    for address in (f"sqlite:///{path}", f"sqlite+pysqlite:///{path}", path.name):
        monkeypatch.chdir(tmp_path)
        with Workspace.open(address) as workspace:
            assert workspace.load_tables() == scenario()


def test_a_workspace_in_memory_lasts_until_it_is_closed() -> None:
    with Workspace.open("sqlite://", create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        assert workspace.load_tables() == scenario()
        assert workspace.where == "the database in memory"


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "matcher.db"
    with Workspace.open(str(path), create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]  # one file, nothing beside it


def test_a_missing_file_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    path = tmp_path / "matcher.db"
    assert refusal(str(path), create=False) == f"there is no workspace at {path}."
    assert not path.exists()


def test_an_empty_database_holds_no_workspace(address: str) -> None:
    if "://" not in address:
        Path(address).touch()
    assert "there is no workspace" in refusal(address, create=False)
    Workspace.open(address, create=True).close()
    Workspace.open(address, create=False).close()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database at all. " * 100)
    before = path.read_bytes()
    assert refusal(str(path)) == f"{path} is not a database. Name another file, or none for the usual one."
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(address: str) -> None:
    engine = sa.create_engine(database_url(address))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE recipes (name text)"))
    engine.dispose()
    for create in (False, True):
        assert "holds something else than a workspace" in refusal(address, create)


def test_a_workspace_of_a_newer_matcher_is_left_alone(address: str) -> None:
    with Workspace.open(address, create=True) as workspace, workspace.engine.begin() as connection:
        connection.execute(sa.text("UPDATE matcher_schema SET version_num = '0999'"))
    said = refusal(address)
    assert "made by a newer matcher (its tables are of version 0999" in said
    assert "Update matcher" in said


def test_a_damaged_file_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "matcher.db"
    with Workspace.open(str(path), create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    assert "is damaged: pages of the file are broken" in refusal(str(path))


def test_a_locked_file_is_said_to_be_in_use(tmp_path: Path) -> None:
    path = tmp_path / "matcher.db"
    Workspace.open(str(path), create=True).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "is in use: somebody else is writing to it" in refusal(str(path))
    other.close()


def test_a_folder_is_not_a_workspace(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == f"{tmp_path} is a folder. Name a file in it, such as {tmp_path}/matcher.db."


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path}/term" in refusal(str(tmp_path / "term" / "matcher.db"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which even root cannot write")
def test_a_folder_where_one_may_not_write_is_named() -> None:
    assert refusal("/proc/matcher.db").startswith("/proc/matcher.db cannot be made: ")


@pytest.mark.parametrize("create", [False, True])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, create: bool) -> None:
    assert "cannot be " in refusal(str(tmp_path / ("x" * 300)), create)


def test_a_workspace_that_may_only_be_read_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "matcher.db"
    with Workspace.open(str(path), create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        save_run(workspace, scenario())
    with Workspace.open(f"sqlite:///file:{path}?mode=ro&uri=true") as workspace:
        assert workspace.load_tables() == scenario()
        assert workspace.run().number == 1
        with pytest.raises(StoreError, match="cannot be written to"):
            workspace.replace_tables(scenario(volunteers=()), "derby.xlsx")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:sec@secret@server/database",  # an @ in a password
        "postgresql://user:secret@server:secret/database",
        "postgresql://user:pass/secret@server:x/database",
        "postgresql://",
        "mysql://user:secret@server/database",
        "postgresql+asyncpg://user:secret@server/database",
        "rubbish+x://user:secret@server",
        "://nothing",
        "",
    ],
)
def test_an_address_of_another_kind_is_refused(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(address)
    assert list(tmp_path.iterdir()) == []


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = refusal("postgresql://user:secret@localhost/database")
    assert said.startswith("postgresql+psycopg://user:***@localhost/database needs the database driver psycopg")
    assert "pip install" in said


def test_a_server_that_does_not_answer_is_named() -> None:
    pytest.importorskip("psycopg")
    said = refusal("postgresql://user:secret@127.0.0.1:1/database?application_name=secret")
    assert said.startswith("postgresql+psycopg://user:***@127.0.0.1:1/database cannot be reached (")
    assert said.endswith("). Check the address, and that the server is running.")


def test_a_wrong_password_is_called_wrong(postgresql: Path) -> None:
    said = refusal(f"postgresql://matcher:secret2@/postgres?host={postgresql}")
    assert "refused the user or the password" in said


def test_a_database_that_the_server_lacks_is_named(postgresql: Path) -> None:
    said = refusal(f"postgresql://matcher:secret@/nowhere?host={postgresql}")
    assert "/nowhere " in said
    assert "does not exist" in said or "is not a database that its server has" in said


def test_rows_stay_out_of_errors(sqlite_address: str) -> None:
    twice = scenario().rows["volunteers"][:1] * 2
    with Workspace.open(sqlite_address, create=True) as workspace:
        with pytest.raises(StoreError) as caught:
            workspace.replace_tables(scenario(volunteers=twice), "derby.xlsx")
        assert "HYPERLINK" not in f"{caught.value} {caught.value.__cause__}"
        assert all(
            rows == [] for name, rows in contents(workspace).items() if name not in ("matcher_schema", "workspace")
        )
