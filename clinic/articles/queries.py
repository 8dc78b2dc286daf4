"""Every read about articles and pages."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, selectinload

from clinic.articles.models import (
    Article,
    ArticleState,
    Author,
    Category,
    Kind,
    Redirect,
    Tag,
    Teaser,
    article_tag,
)
from clinic.core import clock
from clinic.core.db import db

PAGE_SIZE = 12
TEASERS = 3


def is_public() -> sa.ColumnElement[bool]:
    """What readers may see now: published, and its time has come."""
    return sa.and_(Article.state == ArticleState.PUBLISHED, Article.published_at <= clock.now())


@dataclass(frozen=True)
class Listing:
    """One page of a list of articles. `number` counts from 1."""

    articles: list[Article]
    number: int
    pages: int
    total: int


def published_articles(
    number: int = 1,
    *,
    category: Category | None = None,
    tag: Tag | None = None,
    author: Author | None = None,
    size: int = PAGE_SIZE,
) -> Listing | None:
    """Published posts, newest first. None when there is no such page (the first always exists)."""
    where = [Article.kind == Kind.POST, is_public()]
    if category:
        where.append(Article.category_id == category.id)
    if author:
        where.append(Article.author_id == author.id)
    if tag:
        where.append(Article.id.in_(sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)))
    total = db.session.scalar(sa.select(sa.func.count(Article.id)).where(*where)) or 0
    pages = max(1, -(-total // size))
    if not 1 <= number <= pages:
        return None
    rows = db.session.scalars(
        _cards()
        .where(*where)
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    return Listing(articles=list(rows), number=number, pages=pages, total=total)


def article_with_slug(kind: Kind, slug: str) -> Article | None:
    """The article at an address in whatever state, with what its page shows."""
    return db.session.scalar(
        sa.select(Article)
        .where(Article.kind == kind, Article.slug == slug)
        .options(
            joinedload(Article.author),
            joinedload(Article.reviewer),
            joinedload(Article.category),
            joinedload(Article.image),
            selectinload(Article.tags),
        )
    )


def new_address(slug: str) -> Article | None:
    """The article that once had this slug."""
    return db.session.scalar(
        sa.select(Article).join(Redirect, Redirect.article_id == Article.id).where(Redirect.slug == slug)
    )


def teasers_for(article: Article) -> list[Article]:
    """What to read next: an editor's picks, then posts that share tags or category, then the newest. Never itself."""
    picked = list(
        db.session.scalars(
            _cards()
            .join(Teaser, Teaser.shown_id == Article.id)
            .where(Teaser.article_id == article.id, is_public(), Article.id != article.id)
            .order_by(Teaser.position)
            .limit(TEASERS)
        )
    )
    if len(picked) == TEASERS:
        return picked
    tag_ids = [tag.id for tag in article.tags]
    shared = (
        sa.select(sa.func.count())
        .where(article_tag.c.article_id == Article.id, article_tag.c.tag_id.in_(tag_ids))
        .scalar_subquery()
    )
    same_category = sa.case((Article.category_id == article.category_id, 1), else_=0)
    more = db.session.scalars(
        _cards()
        .where(Article.kind == Kind.POST, is_public(), Article.id.not_in([article.id, *(one.id for one in picked)]))
        .order_by((shared * 2 + same_category).desc(), Article.published_at.desc())
        .limit(TEASERS - len(picked))
    )
    return picked + list(more)


@dataclass(frozen=True)
class Neighbours:
    """The posts published just before and just after one."""

    older: Article | None
    newer: Article | None


def neighbours_of(article: Article) -> Neighbours:
    """What stands before and after a post in the list: one statement."""
    if article.published_at is None:
        return Neighbours(None, None)
    public = (Article.kind == Kind.POST, is_public(), Article.id != article.id)
    older = sa.select(Article.id).where(*public, Article.published_at <= article.published_at)
    newer = sa.select(Article.id).where(*public, Article.published_at > article.published_at)
    ids = sa.union_all(
        older.order_by(Article.published_at.desc(), Article.id.desc()).limit(1).subquery().select(),
        newer.order_by(Article.published_at, Article.id).limit(1).subquery().select(),
    )
    rows = db.session.scalars(sa.select(Article).options(defer(Article.body)).where(Article.id.in_(ids)))
    by_side = {(one.published_at or article.published_at) > article.published_at: one for one in rows}
    return Neighbours(older=by_side.get(False), newer=by_side.get(True))


def _cards() -> sa.Select[tuple[Article]]:
    """Articles as cards show them: with picture, category and author, without the body."""
    return sa.select(Article).options(
        joinedload(Article.image),
        joinedload(Article.category),
        joinedload(Article.author),
        defer(Article.body),
    )


def category_with_slug(slug: str) -> Category | None:
    """The category at an address."""
    return db.session.scalar(sa.select(Category).where(Category.slug == slug))


def author_with_slug(slug: str) -> Author | None:
    """The author at an address."""
    return db.session.scalar(sa.select(Author).where(Author.slug == slug))


def tag_with_slug(slug: str) -> Tag | None:
    """The tag at an address."""
    return db.session.scalar(sa.select(Tag).where(Tag.slug == slug))


def categories() -> list[Category]:
    """All categories by name."""
    return list(db.session.scalars(sa.select(Category).order_by(Category.name).limit(100)))


def authors() -> list[Author]:
    """All authors by name."""
    return list(db.session.scalars(sa.select(Author).order_by(Author.name).limit(200)))


def posts_to_pick() -> list[tuple[int, str]]:
    """Ids and titles of posts that can be a teaser, newest first."""
    rows = db.session.execute(
        sa.select(Article.id, Article.title)
        .where(Article.kind == Kind.POST, Article.state == ArticleState.PUBLISHED)
        .order_by(Article.published_at.desc())
        .limit(500)
    )
    return [(row.id, row.title) for row in rows]


def count_articles(state: ArticleState) -> int:
    """How many posts are in this state."""
    where = (Article.kind == Kind.POST, Article.state == state)
    return db.session.scalar(sa.select(sa.func.count(Article.id)).where(*where)) or 0
