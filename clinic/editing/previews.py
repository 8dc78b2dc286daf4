"""Secret links with which people without a login can read an unpublished article."""

import hashlib
import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.accounts.models import User
from clinic.articles.models import Article
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.editing.models import PreviewLink

LIVES = timedelta(days=7)


@atomic()
def make_preview_link(article: Article, *, by: audit.Actor) -> str:
    """Create a link and return its secret. Only the digest is stored, so the secret can be shown only now."""
    secret = secrets.token_urlsafe(24)
    link = PreviewLink(digest=_digest(secret), article_id=article.id, by_id=by.id, expires_at=clock.now() + LIVES)
    db.session.add(link)
    audit.record("shared a preview of", article, by=by)
    return secret


@atomic()
def revoke_preview_link(link: PreviewLink, *, by: audit.Actor) -> None:
    """Revoke a link."""
    audit.record("revoked a preview of", f"article:{link.article_id}", by=by)
    db.session.delete(link)


def article_for_preview(secret: str) -> Article | None:
    """Return the article of a valid link in its present state. A link ends with its maker's right to sign in."""
    link = db.session.scalar(
        sa.select(PreviewLink)
        .join(User, User.id == PreviewLink.by_id)
        .where(PreviewLink.digest == _digest(secret), PreviewLink.expires_at > clock.now(), User.active)
        .options(joinedload(PreviewLink.article))
    )
    return link.article if link and link.article.trashed_at is None else None


def preview_links(article: Article) -> list[PreviewLink]:
    """Return the valid links to an article, newest first."""
    alive = sa.select(PreviewLink).where(PreviewLink.article_id == article.id, PreviewLink.expires_at > clock.now())
    return list(db.session.scalars(alive.options(joinedload(PreviewLink.by)).order_by(PreviewLink.id.desc()).limit(50)))


@atomic()
def sweep_preview_links() -> None:
    """Delete expired links."""
    db.session.execute(sa.delete(PreviewLink).where(PreviewLink.expires_at < clock.now()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
