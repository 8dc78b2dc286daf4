"""a body text for each service page."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema."""
    with op.batch_alter_table("service") as service:
        service.add_column(sa.Column("body", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("service") as service:
        service.drop_column("body")
