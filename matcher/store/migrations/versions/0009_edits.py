"""Small edits since the last import are kept one by one, and an import keeps the spreadsheet as it was read."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "edits",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("import_number", sa.Integer, nullable=False),
        sa.Column("made_utc", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String),
        sa.Column("why", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("operations", sa.JSON, nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("mark", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_edits"),
    )
    op.add_column("imports", sa.Column("sheet_scenario_id", sa.Integer))
