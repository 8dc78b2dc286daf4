"""index_state: how the words of each search index are folded. The worker builds anew what is folded in an older way."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FOLDING = 1
INDEXES = {"articles": "article", "leads": "lead"}


def upgrade() -> None:
    """Go to the new schema. An index of nothing is up to date; one that has rows has no line yet, and is built anew."""
    state = op.create_table(
        "index_state",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("folding", sa.Integer(), nullable=False),
        sa.Column("done_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_state")),
    )
    bind = op.get_bind()
    for name, table in INDEXES.items():
        if bind.execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first() is None:  # noqa: S608
            bind.execute(state.insert().values(name=name, folding=FOLDING, done_to=0))


def downgrade() -> None:
    """Go back. An older release finds what is ASCII; `flask clinic reindex` brings it the rest."""
    op.drop_table("index_state")
