"""Every read of the search page, the feed and the sitemap."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload

from clinic.articles.models import Article, Category, Kind
from clinic.articles.queries import is_public
from clinic.core import search
from clinic.core.db import db

PAGE_SIZE = 10
FEED_SIZE = 20
SITEMAP_SIZE = 50_000  # addresses in one file (sitemaps.org/protocol.html)


@dataclass(frozen=True)
class Hit:
    """One found article and the words around the find, with signs around the words (search.OPEN, search.CLOSE)."""

    article: Article
    snippet: str


@dataclass(frozen=True)
class Found:
    """One page of what a search found. `number` counts from 1."""

    query: search.Query
    hits: list[Hit]
    number: int
    pages: int
    total: int


def found_articles(typed: str, *, category: Category | None = None, number: int = 1) -> Found:
    """What readers may see that has all the words, best first. Drafts, scheduled and retired texts never leak."""
    query = search.read(typed)
    if not query.words:
        return Found(query, [], 1, 1, 0)
    hits = search.matches(query)
    where = [is_public()]
    if category:
        where.append(Article.category_id == category.id)
    joined = sa.select(Article, hits.c.snippet).join(hits, hits.c.ref == Article.id).where(*where)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(joined.order_by(None).subquery())) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(number, 1), pages)
    rows = db.session.execute(
        joined.options(defer(Article.body), joinedload(Article.category))
        .order_by(hits.c.rank, Article.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Found(query, [Hit(row.Article, row.snippet) for row in rows], number, pages, total)


def newest_for_feed() -> list[Article]:
    """The newest posts with all their text."""
    return list(
        db.session.scalars(
            sa.select(Article)
            .where(Article.kind == Kind.POST, is_public())
            .options(joinedload(Article.author), joinedload(Article.category))
            .order_by(Article.published_at.desc(), Article.id.desc())
            .limit(FEED_SIZE)
        )
    )


def count_public() -> int:
    """How many addresses the sitemap has, without the fixed ones."""
    return db.session.scalar(sa.select(sa.func.count(Article.id)).where(is_public())) or 0


def addresses(part: int) -> Iterator[tuple[str, datetime]]:
    """The addresses of one sitemap file and when each changed, oldest first, read in portions. `part` counts from 0."""
    rows = db.session.execute(
        sa.select(Article.kind, Article.slug, Article.updated_at, Article.published_at)
        .where(is_public())
        .order_by(Article.id)
        .limit(SITEMAP_SIZE)
        .offset(part * SITEMAP_SIZE)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        path = f"/articles/{row.slug}/" if row.kind == Kind.POST else f"/{row.slug}/"
        yield path, max(row.updated_at, row.published_at)
