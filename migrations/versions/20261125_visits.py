"""therapists, visits, wishes; attachments of messages; the device that redeemed a voucher."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
STATES = ("set", "cancelled", "attended", "late cancel", "no-show")


def upgrade() -> None:
    """Go to the new schema. Each database enforces "one visit at a time" in its own way."""
    op.create_table(
        "therapist",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("feed_digest", sa.String(64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_therapist"),
        sa.UniqueConstraint("name", name="uq_therapist_name"),
        sa.UniqueConstraint("feed_digest", name="uq_therapist_feed_digest"),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("therapist_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column(
            "state", sa.Enum(*STATES, name="visitstate", native_enum=False, length=20, create_constraint=True),
            nullable=False,
        ),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_visit_ends_later")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name="fk_visit_booking_id_booking", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["therapist_id"], ["therapist.id"], name="fk_visit_therapist_id_therapist"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sa.UniqueConstraint("booking_id", name="uq_visit_booking_id"),
        sa.UniqueConstraint("uid", name="uq_visit_uid"),
    )
    op.create_index("ix_visit_therapist_id_starts_at", "visit", ["therapist_id", "starts_at"])
    op.create_index("ix_visit_state_starts_at", "visit", ["state", "starts_at"])
    op.create_table(
        "visit_slot",
        sa.Column("therapist_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["therapist_id"], ["therapist.id"], name="fk_visit_slot_therapist_id_therapist"),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name="fk_visit_slot_visit_id_visit", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("therapist_id", "starts_at", name="pk_visit_slot"),
    )
    op.create_index("ix_visit_slot_visit_id", "visit_slot", ["visit_id"])
    op.create_table(
        "wish",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("wants_other_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name="fk_wish_booking_id_booking", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("booking_id", name="pk_wish"),
    )
    op.create_index("ix_wish_wants_other_at", "wish", ["wants_other_at"])
    op.add_column("message", sa.Column("attachments", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("message", sa.Column("unsubscribe_url", sa.String(), nullable=False, server_default=""))
    op.add_column("voucher", sa.Column("redeemed_device", sa.String(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        # A range of one number instead of the number: equality in a GiST index would need an extension.
        op.execute(
            "ALTER TABLE visit ADD CONSTRAINT ex_visit_therapist_time EXCLUDE USING gist ("
            "int4range(therapist_id, therapist_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&"
            ") WHERE (state IN ('set', 'attended', 'no-show'))"
        )


def downgrade() -> None:
    """Go back."""
    op.drop_column("voucher", "redeemed_device")
    op.drop_column("message", "unsubscribe_url")
    op.drop_column("message", "attachments")
    op.drop_table("wish")
    op.drop_table("visit_slot")
    op.drop_table("visit")
    op.drop_table("therapist")
