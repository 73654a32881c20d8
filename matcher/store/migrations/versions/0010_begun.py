"""A run of a term under way keeps what was past when it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("runs", sa.Column("begun", sa.JSON))
