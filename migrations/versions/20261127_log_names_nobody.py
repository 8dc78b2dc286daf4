"""reasons for blocks leave the log, and staff addresses the once_keys of messages."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AUDIT_LINE = sa.table("audit_line", sa.column("verb", sa.String), sa.column("detail", sa.String))
MESSAGE = sa.table("message", sa.column("id", sa.Integer), sa.column("once_key", sa.String))


def upgrade() -> None:
    """Remove what names a person."""
    op.execute(sa.update(AUDIT_LINE).where(AUDIT_LINE.c.verb == "blocked").values(detail=""))
    overdue = sa.select(MESSAGE).where(MESSAGE.c.once_key.like("leads\\_overdue:%@%", escape="\\"))
    for row in op.get_bind().execute(overdue).all():
        kind, day, reader = row.once_key.split(":", 2)
        digest = hashlib.sha256(reader.encode()).hexdigest()[:16]
        op.execute(sa.update(MESSAGE).where(MESSAGE.c.id == row.id).values(once_key=f"{kind}:{day}:{digest}"))


def downgrade() -> None:
    """Do nothing: what was removed is gone, and the tables are unchanged."""
