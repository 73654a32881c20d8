"""A volunteer may say how many sessions in a week are the most."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("volunteers", sa.Column("max_sessions_per_week", sa.BigInteger))
