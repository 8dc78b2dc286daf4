"""renditions by the worker; more columns for the description of an image."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema. Existing images keep their renditions; a worker adds the new format."""
    with op.batch_alter_table("image") as image:
        image.add_column(sa.Column("extension", sa.String(), nullable=False, server_default="jpg"))
        image.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        image.add_column(sa.Column("colour", sa.String(), nullable=False, server_default="#e0d2bb"))
        image.add_column(sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=True))
        image.add_column(sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
        image.add_column(sa.Column("is_decorative", sa.Boolean(), nullable=False, server_default=sa.false()))
        image.add_column(sa.Column("source_url", sa.String(), nullable=False, server_default=""))
        image.add_column(sa.Column("licence", sa.String(), nullable=False, server_default=""))
        image.add_column(sa.Column("focus_x", sa.Integer(), nullable=False, server_default="50"))
        image.add_column(sa.Column("focus_y", sa.Integer(), nullable=False, server_default="50"))
    op.create_index("ix_image_rendered_at", "image", ["rendered_at"])
    with op.batch_alter_table("article") as article:
        article.add_column(sa.Column("image_alt", sa.String(), nullable=False, server_default=""))
        article.add_column(sa.Column("image_credit", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("article") as article:
        article.drop_column("image_credit")
        article.drop_column("image_alt")
    op.drop_index("ix_image_rendered_at", "image")
    with op.batch_alter_table("image") as image:
        for name in ("focus_y", "focus_x", "licence", "source_url", "is_decorative"):
            image.drop_column(name)
        for name in ("claimed_until", "rendered_at", "colour", "version", "extension"):
            image.drop_column(name)
