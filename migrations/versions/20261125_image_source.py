"""source and licence of an image for each use in an article."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema."""
    for name in ("image_source", "image_licence"):
        op.add_column("article", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    for name in ("image_licence", "image_source"):
        op.drop_column("article", name)
