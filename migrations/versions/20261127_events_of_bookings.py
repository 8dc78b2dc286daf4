"""lead_event.booking_id: the booking that a history line is about."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema. Existing lines refer to no booking and stay with their lead."""
    with op.batch_alter_table("lead_event") as table:
        table.add_column(sa.Column("booking_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_lead_event_booking_id_booking"), "booking", ["booking_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index("ix_lead_event_booking_id", ["booking_id"])


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("lead_event") as table:
        table.drop_index("ix_lead_event_booking_id")
        table.drop_constraint(op.f("fk_lead_event_booking_id_booking"), type_="foreignkey")
        table.drop_column("booking_id")
