"""failures of renditions, recurring jobs and workers are recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to the new schema."""
    op.create_table(
        "failing_job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failed_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_failing_job"),
    )
    op.add_column("heartbeat", sa.Column("stopped_at", TIME, nullable=True))
    op.add_column("image", sa.Column("render_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("image", sa.Column("render_error", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    op.drop_column("image", "render_error")
    op.drop_column("image", "render_tries")
    op.drop_column("heartbeat", "stopped_at")
    op.drop_table("failing_job")
