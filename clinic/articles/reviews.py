"""Reviews of articles: sign-offs and reminders."""

from datetime import date

import sqlalchemy as sa

from clinic.articles import emails
from clinic.articles.models import (
    Article,
    ArticleState,
    text_digest,
)
from clinic.articles.queries import MOST_COUNTED
from clinic.core import audit
from clinic.core.bounded import count_up_to, unindexed
from clinic.core.clock import months_after
from clinic.core.db import atomic, db
from clinic.core.jobs import for_each
from clinic.preferences import preferences


@atomic()
def sign_off_article(article: Article, *, on: date, by: audit.Actor | None = None) -> None:
    """Record that the reviewer has read the present text and that it is correct."""
    article.reviewed_on = on
    note_sign_off(article)
    audit.record("confirmed", article, by=by, detail=article.title)


def remind_of_reviews(today: date) -> None:
    """Enqueue one email for each article whose review is due by this day of the clinic's calendar."""
    due = sa.select(Article).where(Article.review_due_on <= today, Article.state == ArticleState.PUBLISHED)
    for_each(db.session.scalars(due.where(Article.trashed_at.is_(None)).limit(200)).all(), emails.review_due)


def note_sign_off(article: Article) -> None:
    """Store the digest of the reviewed text and the due date of the next review."""
    is_reviewed = article.reviewed_on is not None and article.reviewer_id is not None
    article.signed_off = text_digest(article.title, article.summary, article.body) if is_reviewed else ""
    article.review_due_on = (
        months_after(article.reviewed_on, preferences().review_months) if is_reviewed and article.reviewed_on else None
    )


def count_reviews_due(today: date) -> int:
    """Count published posts whose review is due by a day of the clinic's calendar, up to a thousand."""
    is_kept = unindexed(Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
    return count_up_to(MOST_COUNTED, sa.select(Article.id).where(Article.review_due_on <= today, is_kept))
