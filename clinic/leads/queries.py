"""Every read about leads."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from clinic.core.db import Base, db
from clinic.leads.models import Lead, LeadEvent, Stage


def lead_with_history(lead_id: int) -> Lead | None:
    """One lead with its article, its bookings with service and voucher, and its latest 200 events."""
    return db.session.scalar(
        sa.select(Lead)
        .where(Lead.id == lead_id)
        .options(
            joinedload(Lead.article), selectinload(Lead.bookings), selectinload(Lead.events).joinedload(LeadEvent.by)
        )
    )


def count_in_stage(stage: Stage) -> int:
    """How many leads are in this stage."""
    return db.session.scalar(sa.select(sa.func.count(Lead.id)).where(Lead.stage == stage)) or 0


def leads_for_export() -> Iterator[Lead]:
    """All leads, oldest first, read in portions so that memory stays flat."""
    statement = sa.select(Lead).options(joinedload(Lead.article)).order_by(Lead.id)
    yield from db.session.scalars(statement.execution_options(yield_per=500))


def article_id_with_slug(slug: str) -> int | None:
    """The article a person came from. Articles lie above leads, so their table is known by its name only."""
    article = Base.metadata.tables["article"]
    return db.session.scalar(sa.select(article.c.id).where(article.c.slug == slug)) if slug else None
