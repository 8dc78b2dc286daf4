"""States of an article: published, scheduled, retired, in the trash, deleted."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from clinic.articles.addresses import forget_redirects
from clinic.articles.errors import NotReady, RedirectRefused
from clinic.articles.indexing import index_article
from clinic.articles.models import (
    Article,
    ArticleState,
    Kind,
)
from clinic.core import audit, clock, search
from clinic.core.db import atomic, db
from clinic.core.jobs import for_each
from clinic.media.queries import images_by_id

TRASH_KEPT = timedelta(days=30)


@atomic()
def publish_article(
    article: Article, *, at: datetime | None = None, despite: str = "", by: audit.Actor | None = None
) -> Article:
    """Publish an article now or from `at` on. Raises NotReady. Publishing again keeps the first date.

    `despite` is the reason for publishing with findings (preflight.py).
    """
    check_ready(article)
    now = clock.now()
    was_public = article.published_at is not None and article.published_at <= now
    article.published_at = at or (article.published_at if was_public else now)
    article.state = ArticleState.PUBLISHED
    article.retired_because, article.successor_id = "", None
    if article.is_public:
        forget_redirects(article.address)  # the redirect of a scheduled article stays until it is published
    index_article(article)
    audit.record("published" if article.is_public else "scheduled", article, by=by, detail=despite or article.title)
    return article


@atomic()
def unschedule_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Turn a scheduled article into a draft. Does nothing if it is already published."""
    db.session.refresh(article, with_for_update={"of": Article})
    if article.state_word == "scheduled":
        article.state, article.published_at = ArticleState.DRAFT, None
        search.drop(article.id)
        audit.record("unscheduled", article, by=by, detail=article.title)


@atomic()
def retire_article(
    article: Article, *, because: str = "", successor: Article | None = None, by: audit.Actor | None = None
) -> Article:
    """Retire an article. Its address then answers 410 or redirects to the successor. Raises RedirectRefused."""
    onward = successor
    while onward is not None:
        if onward.id == article.id:
            raise RedirectRefused("This redirect would lead in a circle. Choose another article.")
        onward = onward.successor
    article.state = ArticleState.RETIRED
    article.retired_because = because
    article.successor_id = successor.id if successor else None
    search.drop(article.id)
    audit.record("retired", article, by=by, detail=because or article.title)
    return article


@atomic()
def trash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Move an article to the trash.

    It disappears from the site and the lists, but keeps its slug until it is deleted.
    """
    if article.trashed_at is None:
        article.trashed_at = clock.now()
        audit.record("trashed", article, by=by, detail=article.title)


@atomic()
def untrash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Restore an article from the trash unchanged."""
    if article.trashed_at is not None:
        article.trashed_at = None
        audit.record("untrashed", article, by=by, detail=article.title)


def sweep_trash() -> None:
    """Delete articles permanently whose time in the trash is over."""
    old = sa.select(Article).where(Article.trashed_at < clock.now() - TRASH_KEPT).limit(100)
    for_each(db.session.scalars(old).all(), delete_article)


@atomic()
def delete_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Delete an article and its comments permanently."""
    audit.record("deleted", article, by=by, detail=article.title)
    search.drop(article.id)
    db.session.delete(article)


def check_ready(article: Article) -> None:
    """Raise NotReady if an article lacks what readers need."""
    missing = [] if article.summary else ["a summary"]
    if not article.words:
        missing.append("a text")
    if article.kind == Kind.POST:
        image = images_by_id([article.image_id] if article.image_id else []).get(article.image_id or 0)
        if article.category_id is None:
            missing.append("a category")
        if article.author_id is None:
            missing.append("an author")
        says = image and (image.alt or image.is_decorative or article.image_alt)
        if image and not (says and (image.credit or article.image_credit)):
            missing.append("an alt text and a credit of its picture")
    if missing:
        raise NotReady(missing)
