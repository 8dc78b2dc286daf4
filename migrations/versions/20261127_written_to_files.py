"""message.is_to_file: written to a file and not sent, because no mail server was set."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema. Older messages count as sent, as it is not known which were written to files."""
    op.add_column("message", sa.Column("is_to_file", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("message") as message:
        message.drop_column("is_to_file")
