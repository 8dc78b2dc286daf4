"""index_state: the folding of each search index. The worker rebuilds an index with an older folding."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FOLDING = 1
INDEXES = {"articles": "article", "leads": "lead"}


def upgrade() -> None:
    """Go to the new schema. An empty index is up to date; one with rows gets no state yet, so it is rebuilt."""
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
    """Go back. An older release only finds ASCII words until `flask clinic reindex`."""
    op.drop_table("index_state")
