"""Which version of the tables a database holds, and bringing an older one up to date."""

from __future__ import annotations

import re

import sqlalchemy as sa

from matcher.errors import DamagedError, NotThere, Remedy, StoreError
from matcher.store.connection import described
from matcher.store.schema import MIGRATIONS, SCHEMA_VERSION, VERSION_TABLE


def is_current(connection: sa.Connection) -> bool:
    """Whether the database is a workspace of this program's version; False if it is empty or an older one's.

    One of a newer version, or a database that holds something else, is left alone.
    """
    names = set(sa.inspect(connection).get_table_names())
    where = described(connection.engine.url)
    if VERSION_TABLE not in names:
        if names:
            raise StoreError(f"{where} holds something else than a workspace. Name another place for it.")
        return False
    version = version_in(connection)
    if not re.fullmatch(r"[0-9]{4}", version) or version < "0001":
        raise DamagedError(where, "it does not say of which version its tables are")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{where} was made by a newer matcher (its tables are of version {version}, this one knows those up to "
            f"{SCHEMA_VERSION}). Update matcher, then try again."
        )
    return version == SCHEMA_VERSION


def is_workspace(connection: sa.Connection) -> bool:
    """Whether it is a workspace, of whatever version."""
    return VERSION_TABLE in sa.inspect(connection).get_table_names()


def is_empty(connection: sa.Connection) -> bool:
    return not sa.inspect(connection).get_table_names()


def version_in(connection: sa.Connection) -> str:
    """As the database says it."""
    return str(connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")))  # nosec B608 # a name of ours


def missing(where: str) -> NotThere:
    return NotThere(f"there is no workspace in {where}.", Remedy.IMPORT)


def upgrade(connection: sa.Connection, version: str = "head") -> None:
    """Run the migrations that are still to be run, in the transaction that is open."""
    from alembic import command  # seldom needed, and takes a tenth of a second to load
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
