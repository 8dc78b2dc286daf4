"""single-use links."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema."""
    op.create_table(
        "spent_link",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_spent_link"),
    )
    op.create_index("ix_spent_link_expires_at", "spent_link", ["expires_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("spent_link")
