"""Every read about leads."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from clinic.core.db import Base, db
from clinic.core.find import Found, first_found, has_words
from clinic.core.text import mobile_digits
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


def find_leads(text: str, *, region: str, most: int) -> Found[Lead]:
    """Leads by name, e-mail, or mobile as it is dialled or written anywhere, newest first."""
    where = has_words(text, Lead.name, Lead.email, Lead.mobile)
    if digits := mobile_digits(text, region):
        where = sa.or_(where, Lead.mobile.contains(digits))
    return first_found(sa.select(Lead).where(where).order_by(Lead.created_at.desc(), Lead.id.desc()), most)


def leads_for_export() -> Iterator[Lead]:
    """All leads, oldest first, read in portions so that memory stays flat."""
    statement = sa.select(Lead).options(joinedload(Lead.article)).order_by(Lead.id)
    yield from db.session.scalars(statement.execution_options(yield_per=500))


def article_id_with_slug(slug: str) -> int | None:
    """The article a person came from. Articles lie above leads, so their table is known by its name only."""
    article = Base.metadata.tables["article"]
    return db.session.scalar(sa.select(article.c.id).where(article.c.slug == slug)) if slug else None
