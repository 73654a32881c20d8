"""Who acted is kept with imports, runs, versions and answers.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for table in ("imports", "runs", "versions", "replies"):
        op.add_column(table, sa.Column("actor", sa.String))
