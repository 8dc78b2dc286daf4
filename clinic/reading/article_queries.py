"""Queries of an article's page: the article, its tags, teasers and neighbours.

The statements are built once, because building them costs more than the database takes to answer.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.articles.lists import NEWEST, cards
from clinic.articles.models import Article, Author, Kind, Relation, Tag, Teaser, article_tag
from clinic.core import clock
from clinic.core.bounded import unindexed
from clinic.core.db import UtcDateTime, db

TEASERS = 3
_ID, _NOW = sa.bindparam("id", type_=sa.Integer), sa.bindparam("now", type_=UtcDateTime)
_ARTICLE_AT = (
    sa.select(Article)
    .where(Article.kind == sa.bindparam("kind"), Article.slug == sa.bindparam("slug"))
    .options(
        joinedload(Article.author).joinedload(Author.image),
        joinedload(Article.reviewer),
        joinedload(Article.category),
        joinedload(Article.image),
    )
)


def article_with_slug(kind: Kind, slug: str) -> Article | None:
    """Return the article with this slug in any state, with the relations that its page shows."""
    return db.session.scalar(_ARTICLE_AT, {"kind": kind, "slug": slug})


_TAGS_OF = sa.select(Tag.name, Tag.slug).join(article_tag).where(article_tag.c.article_id == _ID).order_by(Tag.name)


@dataclass(frozen=True)
class PageLink:
    """Text and path of a link."""

    text: str
    address: str


def tags_of(article: Article) -> list[PageLink]:
    """Return the tags of an article by name."""
    return [PageLink(name, f"/articles/tag/{slug}/") for name, slug in db.session.execute(_TAGS_OF, {"id": article.id})]


def _teasers() -> sa.Select[tuple[Article]]:
    is_shown = sa.and_(unindexed(Article.is_public_at(_NOW)), Article.id != _ID)
    is_post = sa.and_(is_shown, Article.kind == Kind.POST)
    picked = sa.select(Article.id, (-Teaser.position).label("rank")).join(Teaser, Teaser.shown_id == Article.id)
    related = sa.select(Article.id, Relation.score.label("rank")).join(Relation, Relation.shown_id == Article.id)
    newest = sa.select(Article.id, Article.published_at.label("rank"))
    parts: tuple[sa.Select[Any], ...] = (
        picked.where(is_shown, Teaser.article_id == _ID),
        related.where(is_post, Relation.article_id == _ID),
        newest.where(Article.is_public_at(_NOW), Article.id != _ID, Article.kind == Kind.POST),
    )
    found = sa.union_all(*(_placed(100 * number, part) for number, part in enumerate(parts))).subquery()
    place = sa.func.min(found.c.place).label("place")
    best = sa.select(found.c.id, place).group_by(found.c.id).order_by(place).limit(TEASERS).subquery()
    return cards().join(best, best.c.id == Article.id).order_by(best.c.place)


def _placed(first: int, part: sa.Select[Any]) -> sa.Select[tuple[int, int]]:
    """Return the best ids of one part, each with its rank, which continues from a number.

    An article may appear in all three parts, so each part returns twice as many ids as are shown.
    """
    few = part.order_by(sa.desc("rank"), Article.id.desc()).limit(TEASERS * 2).subquery()
    return sa.select(
        few.c.id, (first + sa.func.row_number().over(order_by=(few.c.rank.desc(), few.c.id.desc()))).label("place")
    )


_TEASERS = _teasers()


def teasers_for(article: Article) -> list[Article]:
    """Return the teasers of an article: the editor's picks, then posts with the same telling words, then the newest."""
    return list(db.session.scalars(_TEASERS, {"id": article.id, "now": clock.now()}))


@dataclass(frozen=True)
class Neighbours:
    """The posts published just before and just after a post."""

    older: PageLink | None
    newer: PageLink | None


def _neighbours() -> sa.CompoundSelect[tuple[str, str, str]]:
    public = (Article.kind == Kind.POST, Article.is_public_at(_NOW), Article.id != _ID)
    at = sa.bindparam("at", type_=UtcDateTime)
    older = sa.select(sa.literal("older"), Article.title, Article.slug).where(*public, Article.published_at <= at)
    newer = sa.select(sa.literal("newer"), Article.title, Article.slug).where(*public, Article.published_at > at)
    return sa.union_all(
        older.order_by(*NEWEST).limit(1).subquery().select(),
        newer.order_by(Article.published_at, Article.id).limit(1).subquery().select(),
    )


_NEIGHBOURS = _neighbours()


def neighbours_of(article: Article) -> Neighbours:
    """Return the neighbours of a post in the list, with one statement."""
    if article.published_at is None:
        return Neighbours(None, None)
    rows = db.session.execute(_NEIGHBOURS, {"id": article.id, "now": clock.now(), "at": article.published_at})
    found = {side: PageLink(title, f"/articles/{slug}/") for side, title, slug in rows}
    return Neighbours(found.get("older"), found.get("newer"))
