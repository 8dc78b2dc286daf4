"""one trial per person: the lead that a voucher counts for; changes made by a merge; undoing a redemption."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Of several vouchers of a merged lead: a used one, then the one valid longest, then the first.
NAME_TRIALS = """
UPDATE voucher SET trial_of_id = (SELECT lead_id FROM booking WHERE booking.id = voucher.booking_id)
WHERE id IN (
    SELECT id FROM (
        SELECT voucher.id, row_number() OVER (
            PARTITION BY booking.lead_id
            ORDER BY CASE voucher.state WHEN 'redeemed' THEN 0 WHEN 'cancelled' THEN 1 ELSE 2 END,
                     voucher.expires_at DESC, voucher.id
        ) AS place
        FROM voucher JOIN booking ON booking.id = voucher.booking_id
    ) AS ranked WHERE place = 1
)
"""


def upgrade() -> None:
    """Go to the new schema. A second voucher that somebody already holds stays valid and counts for no lead."""
    with op.batch_alter_table("voucher") as voucher:
        voucher.add_column(sa.Column("trial_of_id", sa.Integer(), nullable=True))
        voucher.add_column(sa.Column("stage_before", sa.String(), nullable=False, server_default=""))
        voucher.create_foreign_key("fk_voucher_trial_of_id_lead", "lead", ["trial_of_id"], ["id"], ondelete="SET NULL")
    op.execute(NAME_TRIALS)
    with op.batch_alter_table("voucher") as voucher:
        voucher.create_unique_constraint("uq_voucher_trial_of_id", ["trial_of_id"])
    op.add_column("merge", sa.Column("settled", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("merge") as merge:
        merge.drop_column("settled")
    with op.batch_alter_table("voucher") as voucher:
        voucher.drop_constraint("uq_voucher_trial_of_id", type_="unique")
        voucher.drop_constraint("fk_voucher_trial_of_id_lead", type_="foreignkey")
        voucher.drop_column("stage_before")
        voucher.drop_column("trial_of_id")
