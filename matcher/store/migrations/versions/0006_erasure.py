"""A run keeps its verdict, and people can be forgotten.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("scenarios", sa.Column("erased_utc", sa.DateTime))
    op.add_column("runs", sa.Column("ledger", sa.JSON))
    op.add_column("runs", sa.Column("seal", sa.String))
    op.create_table(
        "consents_withdrawn",
        sa.Column("volunteer_id", sa.String, nullable=False),
        sa.Column("withdrawn_utc", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("volunteer_id", name="pk_consents_withdrawn"),
    )
    op.create_table(
        "forgotten",
        sa.Column("mark", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_forgotten"),
    )
    op.create_table(
        "tidied_runs",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tidied_runs"),
    )
