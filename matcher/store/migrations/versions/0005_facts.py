"""What people were told is kept as facts, too.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
Events that were told before have none: the program works them out from the plan that was published, when it needs them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("entries", sa.Column("facts", sa.JSON))
