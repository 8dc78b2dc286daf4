"""full text index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema."""
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_fts USING fts5(title, headings, body,"
            " tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        return
    op.create_table(
        "search_vector",
        sa.Column("ref", sa.Integer(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("headings", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("vector", sa.dialects.postgresql.TSVECTOR(), nullable=False),
    )
    op.create_index("ix_search_vector_vector", "search_vector", ["vector"], postgresql_using="gin")


def downgrade() -> None:
    """Go back."""
    op.drop_table("search_fts" if op.get_bind().dialect.name == "sqlite" else "search_vector")
    op.drop_table("search_word")
