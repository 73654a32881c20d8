"""What took place is written down, schools have closed days of their own, and rules can be set aside knowingly."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("schools", sa.Column("closed", sa.JSON(none_as_null=True)))
    op.create_table(
        "visits",
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("happened", sa.String, nullable=False),
        sa.Column("cohort_id", sa.String),
        sa.Column("pupils_present", sa.BigInteger),
        sa.Column("staff_present", sa.BigInteger),
        sa.Column("came", sa.JSON(none_as_null=True)),
        sa.ForeignKeyConstraint(
            ["scenario_id"], ["scenarios.scenario_id"], name="fk_visits_scenarios", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scenario_id", "position", name="pk_visits"),
    )
    op.create_table(
        "overrides",
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("volunteer_id", sa.String, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["scenario_id"], ["scenarios.scenario_id"], name="fk_overrides_scenarios", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scenario_id", "position", name="pk_overrides"),
        sa.UniqueConstraint(
            "scenario_id",
            "session_id",
            "volunteer_id",
            "rule",
            name="uq_overrides_scenario_id_session_id_volunteer_id_rule",
        ),
    )
