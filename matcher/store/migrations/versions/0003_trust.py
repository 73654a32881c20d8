"""What keeps people from harm: a workspace has a name of its own, one sender at a time, and keeps half-made plans.

A migration stands for good: it knows nothing of the program's tables of today, and is not edited once released.
"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "workspace",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_workspace"),
    )
    named = sa.table("workspace", sa.column("key", sa.String), sa.column("value", sa.String))
    op.bulk_insert(named, [{"key": "id", "value": secrets.token_hex(16)}])
    op.create_table(
        "leases",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("until_utc", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "unfinished_runs",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.Column("started_utc", sa.DateTime, nullable=False),
        sa.Column("kept_utc", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("visits", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_unfinished_runs"),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenarios.scenario_id"], name="fk_unfinished_runs_scenarios"),
    )
    op.create_index("ix_unfinished_runs_scenario_id", "unfinished_runs", ["scenario_id"])
    op.create_table(
        "told_figures",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("run_number", sa.Integer, nullable=False),
        sa.Column("goal", sa.String, nullable=False),
        sa.Column("people", sa.JSON, nullable=False),
        sa.Column("most", sa.Integer),
        sa.Column("value", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_told_figures"),
        sa.ForeignKeyConstraint(["run_number"], ["runs.number"], name="fk_told_figures_runs", ondelete="CASCADE"),
    )
    op.create_index("ix_told_figures_run_number", "told_figures", ["run_number"])
    op.add_column("replies", sa.Column("note", sa.String))
    op.add_column("replies", sa.Column("taken_by", sa.String))
    op.add_column("feeds", sa.Column("placed_utc", sa.DateTime))
    feeds = sa.table("feeds", sa.column("placed_utc", sa.DateTime))
    op.execute(sa.update(feeds).values(placed_utc=datetime.now(UTC).replace(tzinfo=None)))
    op.add_column("encounters", sa.Column("matching_consent", sa.String))
