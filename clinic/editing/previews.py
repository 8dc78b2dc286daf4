"""Secret links under which people without a login read an article before it is published."""

import hashlib
import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.accounts.models import User
from clinic.articles.models import Article, PreviewLink
from clinic.core import audit, clock
from clinic.core.db import atomic, db

LIVES = timedelta(days=7)


@atomic()
def make_preview_link(article: Article, *, by: audit.Actor) -> str:
    """A new link. Returns its secret, which is not kept and can be shown only now."""
    secret = secrets.token_urlsafe(24)
    link = PreviewLink(digest=_digest(secret), article_id=article.id, by_id=by.id, expires_at=clock.now() + LIVES)
    db.session.add(link)
    audit.record("shared a preview of", article, by=by)
    return secret


@atomic()
def revoke_preview_link(link: PreviewLink, *, by: audit.Actor) -> None:
    """The link is dead from now on."""
    audit.record("revoked a preview of", f"article:{link.article_id}", by=by)
    db.session.delete(link)


def article_for_preview(secret: str) -> Article | None:
    """The article of a link that is alive, as it is now. A link ends with the sign-in of the person who made it."""
    link = db.session.scalar(
        sa.select(PreviewLink)
        .join(User, User.id == PreviewLink.by_id)
        .where(PreviewLink.digest == _digest(secret), PreviewLink.expires_at > clock.now(), User.active)
        .options(joinedload(PreviewLink.article))
    )
    return link.article if link and link.article.trashed_at is None else None


def preview_links(article: Article) -> list[PreviewLink]:
    """The links to an article that are alive, the youngest first."""
    alive = sa.select(PreviewLink).where(PreviewLink.article_id == article.id, PreviewLink.expires_at > clock.now())
    return list(db.session.scalars(alive.options(joinedload(PreviewLink.by)).order_by(PreviewLink.id.desc()).limit(50)))


@atomic()
def sweep_preview_links() -> None:
    """Forget those that have expired."""
    db.session.execute(sa.delete(PreviewLink).where(PreviewLink.expires_at < clock.now()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
