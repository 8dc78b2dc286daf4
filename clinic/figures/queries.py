"""Counts of reads, and of bookings by article."""

from datetime import date, datetime

import sqlalchemy as sa

from clinic.articles.models import (
    Article,
    ReadDay,
)
from clinic.articles.queries import MOST_COUNTED
from clinic.bookings.counts import is_trial
from clinic.bookings.models import Booking
from clinic.core.bounded import unindexed
from clinic.core.db import db


def reads_by_day(since: date) -> dict[date, int]:
    """Return the reads of all articles for each day since one. Days without reads are left out."""
    days = sa.select(ReadDay.day, ReadDay.reads).where(ReadDay.day >= since)
    return {row.day: row.reads for row in db.session.execute(days.order_by(ReadDay.day).limit(400))}


def articles_that_lead(since: datetime, most: int = 5) -> list[tuple[int, str, int]]:
    """Return the articles that most of the latest trials since a moment came from: id, title, number."""
    latest = (
        sa.select(Booking.article_id)
        .where(is_trial(), Booking.created_at >= since)
        .order_by(Booking.created_at.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    number = sa.func.count().label("number")
    counts = sa.select(latest.c.article_id, number).group_by(latest.c.article_id).subquery()
    rows = db.session.execute(
        sa.select(Article.id, Article.title, counts.c.number)
        .join(counts, counts.c.article_id == Article.id)
        .where(unindexed(Article.trashed_at.is_(None)))
        .order_by(counts.c.number.desc(), Article.id.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in rows]
