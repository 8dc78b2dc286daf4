"""Reads of the search page, the feed and the sitemap."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.articles.body import indexed_text
from clinic.articles.finding import MOST_HITS, public_hits
from clinic.articles.lists import is_public
from clinic.articles.models import Article, Category, Kind
from clinic.core import search
from clinic.core.db import db

PAGE_SIZE = 10
FEED_SIZE = 20
PART_SIZE = 49_000  # ids; a sitemap may hold 50,000 addresses (sitemaps.org/protocol.html), some are fixed


@dataclass(frozen=True)
class Hit:
    """One search result. The snippet is a list of text parts, each with whether it matches."""

    article: Article
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True)
class Found:
    """One page of search results. `number` counts from 1; `is_more` tells whether results were left out."""

    query: search.Query
    hits: list[Hit]
    number: int
    pages: int
    total: int
    is_more: bool = False


def found_articles(typed: str, *, category: Category | None = None, number: int = 1) -> Found:
    """Return one page of public texts that contain all the words, best match first. Drafts, scheduled and retired texts
    are excluded."""
    query = search.read(typed)
    ids = public_hits(query, category)
    pages = max(1, -(-len(ids) // PAGE_SIZE))
    number = min(max(number, 1), pages)
    shown = ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    hits = list(_hits(query, shown)) if shown else []
    return Found(query, hits, number, pages, len(ids), is_more=len(ids) >= MOST_HITS)


def _hits(query: search.Query, ids: list[int]) -> Iterator[Hit]:
    cards = sa.select(Article).where(Article.id.in_(ids)).options(joinedload(Article.category))
    articles = {row.id: row for row in db.session.scalars(cards)}
    snippets = search.snippets(query, {id_: indexed_text(articles[id_].summary, articles[id_].body) for id_ in ids})
    for id_ in ids:
        yield Hit(articles[id_], snippets.get(id_, []))


def newest_for_feed() -> list[Article]:
    """Return the newest posts with author and category, for the feed."""
    return list(
        db.session.scalars(
            sa.select(Article)
            .where(Article.kind == Kind.POST, is_public())
            .options(joinedload(Article.author), joinedload(Article.category))
            .order_by(Article.published_at.desc(), Article.id.desc())
            .limit(FEED_SIZE)
        )
    )


def count_parts() -> int:
    """Return the number of sitemap files. Each covers a range of ids, so that no query counts or skips articles."""
    return (db.session.scalar(sa.select(sa.func.max(Article.id))) or 0) // PART_SIZE + 1


def addresses(part: int) -> Iterator[tuple[str, datetime]]:
    """Yield the addresses in one sitemap file with their time of change, in id order, read in batches. `part` counts
    from 0."""
    rows = db.session.execute(
        sa.select(Article.kind, Article.slug, Article.updated_at, Article.published_at)
        .where(Article.is_public_of_few(), Article.id >= part * PART_SIZE, Article.id < (part + 1) * PART_SIZE)
        .order_by(Article.id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        path = f"/articles/{row.slug}/" if row.kind == Kind.POST else f"/{row.slug}/"
        yield path, max(row.updated_at, row.published_at)
