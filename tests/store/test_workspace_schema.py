"""The migrations make the tables that the program expects."""

from __future__ import annotations

import ast

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from store_scenarios import scenario

from matcher.store import Workspace
from matcher.store.schema import MIGRATIONS, SCHEMA_VERSION, VERSION_TABLE, metadata
from matcher.tables import TABLES

pytest_plugins = ("store_fixtures",)


def test_the_migrated_database_is_the_one_the_program_expects(address: str) -> None:
    with Workspace.open(address, create=True) as workspace, workspace.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_every_table_of_a_scenario_has_one_of_the_same_name_and_columns() -> None:
    for table in TABLES:
        names = [column.name for column in metadata.tables[table.name].columns]
        assert names == ["scenario_id", "position", "row_number", *(column.name for column in table.columns)]


def test_the_newest_migration_is_the_version_of_the_program() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_VERSION


def test_a_migration_knows_nothing_of_the_program_of_today() -> None:
    files = sorted((MIGRATIONS / "versions").glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
                assert not any(module.split(".")[0] == "matcher" for module in modules), file.name


def test_every_constraint_has_a_name(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        found = type(metadata)()
        found.reflect(workspace.engine)
    ours = [table for table in found.sorted_tables if table.name != VERSION_TABLE]
    assert {table.name for table in ours} == set(metadata.tables)
    for table in ours:
        for constraint in table.constraints:
            expected = {c.name for c in metadata.tables[table.name].constraints}
            assert constraint.name in expected, constraint


def test_a_scenario_can_be_asked_about_in_sql(address: str) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        with workspace.engine.connect() as connection:
            asked = "SELECT name FROM volunteers WHERE sector = 'Rail' AND checked_until >= '2027-01-01'"
            assert connection.exec_driver_sql(asked).all() == [("B",)]
