"""What Alembic runs to migrate: `versions.upgrade` hands it an open transaction, and it adds nothing of its own."""

from alembic import context

from matcher.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=False,  # the caller began the transaction, and commits it once the whole upgrade is done
)
context.run_migrations()
