"""an index for each sort and filter; reads by day; words in the order of their letters' numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SHOWN = sa.text("trashed_at IS NULL")
TRASHED = sa.text("trashed_at IS NOT NULL")
# Name, table, columns, and the condition of a partial index.
ADDED = (
    ("ix_article_listed", "article", ["kind", "state", "published_at", "id"], SHOWN),
    ("ix_article_due", "article", ["state", "published_at"], SHOWN),
    ("ix_article_of_category", "article", ["category_id", "kind", "state", "published_at", "id"], SHOWN),
    ("ix_article_of_author", "article", ["author_id", "kind", "state", "published_at", "id"], SHOWN),
    ("ix_article_by_title", "article", ["kind", "title"], SHOWN),
    ("ix_article_by_time", "article", ["kind", "published_at"], SHOWN),
    ("ix_article_by_change", "article", ["kind", "updated_at"], SHOWN),
    ("ix_article_by_state", "article", ["kind", "state", "updated_at"], SHOWN),
    ("ix_article_in_trash", "article", ["kind", "updated_at"], TRASHED),
    ("ix_article_image_id_id", "article", ["image_id", "id"], None),
    ("ix_article_image_image_id_article_id", "article_image", ["image_id", "article_id"], None),
    ("ix_comment_posted_at", "comment", ["posted_at"], None),
    ("ix_comment_email", "comment", ["email"], None),
    ("ix_booking_state_created_at", "booking", ["state", "created_at"], None),
    ("ix_booking_created_at_article_id", "booking", ["created_at", "article_id"], None),
    ("ix_message_state_created_at", "message", ["state", "created_at"], None),
    ("ix_message_to", "message", ["to"], None),
    ("ix_audit_line_actor_id_at", "audit_line", ["actor_id", "at"], None),
    ("ix_audit_line_verb_at", "audit_line", ["verb", "at"], None),
    ("ix_audit_line_thing_at", "audit_line", ["thing", "at"], None),
    ("ix_lead_assigned_id_created_at", "lead", ["assigned_id", "created_at"], None),
    ("ix_read_count_day_reads", "read_count", ["day", "reads"], None),
    ("ix_image_uploaded_at_id", "image", ["uploaded_at", "id"], None),
    ("ix_image_alt", "image", ["alt"], None),
    ("ix_image_credit", "image", ["credit"], None),
    ("ix_image_filename", "image", ["filename"], None),
    ("ix_redirect_created_at", "redirect", ["created_at"], None),
    ("ix_tag_name", "tag", ["name"], None),
)
# Indexes that the new ones replace.
DROPPED = (
    ("ix_article_image_id", "article", ["image_id"]),
    ("ix_image_uploaded_at", "image", ["uploaded_at"]),
    ("ix_article_image_image_id", "article_image", ["image_id"]),
    ("ix_booking_created_at", "booking", ["created_at"]),
    ("ix_booking_state", "booking", ["state"]),
    ("ix_audit_line_thing", "audit_line", ["thing"]),
    ("ix_lead_assigned_id", "lead", ["assigned_id"]),
    ("ix_read_count_day", "read_count", ["day"]),
)


def upgrade() -> None:
    """Go to the new schema."""
    op.drop_index("ix_article_listed", "article")
    for name, table, _columns in DROPPED:
        op.drop_index(name, table)
    for name, table, columns, where in ADDED:
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "read_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_read_day")),
    )
    op.execute("INSERT INTO read_day (day, reads) SELECT day, sum(reads) FROM read_count GROUP BY day")
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE search_word ALTER COLUMN word TYPE VARCHAR(40) COLLATE "C"')


def downgrade() -> None:
    """Go back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE search_word ALTER COLUMN word TYPE VARCHAR(40) COLLATE "default"')
    op.drop_table("read_day")
    for name, table, _columns, _where in ADDED:
        op.drop_index(name, table)
    for name, table, columns in DROPPED:
        op.create_index(name, table, columns)
    op.create_index("ix_article_listed", "article", ["kind", "state", "published_at"])
