"""articles that share significant words."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to the new schema. Pairs are stored when an article is next published or saved."""
    op.create_table(
        "relation",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("shown_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_relation_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["shown_id"], ["article.id"], name="fk_relation_shown_id_article", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "shown_id", name="pk_relation"),
    )
    op.create_index("ix_relation_shown_id", "relation", ["shown_id"])
    op.create_index("ix_relation_best", "relation", ["article_id", "score"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("relation")
