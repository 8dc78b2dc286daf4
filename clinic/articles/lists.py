"""Lists of published articles, page by page."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, load_only

from clinic.articles.models import (
    Article,
    Author,
    Category,
    Kind,
    ReadCount,
    Tag,
    article_tag,
)
from clinic.core import clock
from clinic.core.bounded import count_up_to, counting_up_to
from clinic.core.db import UtcDateTime, db

PAGE_SIZE = 12
MOST_LISTED = 100 * PAGE_SIZE + 1  # most articles of a list that are counted; a longer list shows no number of pages
MOST_SORTED = 2000
MOST_READ_OF_DAY = 10
NEWEST = (Article.published_at.desc(), Article.id.desc())


def is_public() -> sa.ColumnElement[bool]:
    """Return the SQL condition for texts that readers can see now: published, with a time that has come."""
    return Article.is_public_now()


@dataclass(frozen=True)
class Listing:
    """One page of a list of articles. `number` counts from 1; `pages` is None when there are too many to count."""

    articles: list[Article]
    number: int
    pages: int | None
    has_next: bool


def published_articles(
    number: int = 1, *, category: Category | None = None, tag: Tag | None = None, author: Author | None = None
) -> Listing | None:
    """Return a page of published posts, newest first, or None if there is no such page (the first always exists)."""
    owners = {"category_id": category, "author_id": author}
    named = {column: owner.id for column, owner in owners.items() if owner}
    values = named | {"now": clock.now()}
    is_common = tag is not None and _is_common(tag)
    on_page, number_of = _listed(_tagged(tag, is_common)) if tag else _listed_by(*named)
    skipped = (number - 1) * PAGE_SIZE
    ids = list(db.session.scalars(on_page, values | {"skipped": skipped})) if number > 0 else []
    if not ids and number != 1:
        return None
    rows = list(db.session.scalars(_CARDS, {"ids": ids[:PAGE_SIZE]}))
    total = MOST_LISTED if is_common else db.session.scalar(number_of, values) or 0
    pages = None if total == MOST_LISTED else max(1, -(-total // PAGE_SIZE))
    return Listing(rows, number, pages, has_next=len(ids) > PAGE_SIZE)


@cache
def _listed_by(*columns: str) -> tuple[sa.Select[tuple[int]], sa.Select[tuple[int]]]:
    """Return a statement of _listed() for public posts, all or filtered by these columns.

    It is cached, because building it takes longer than the database's answer.
    """
    owned = [getattr(Article, column) == sa.bindparam(column) for column in columns]
    is_shown = Article.is_public_at(sa.bindparam("now", type_=UtcDateTime))
    return _listed(sa.select(Article.id).where(Article.kind == Kind.POST, is_shown, *owned).order_by(*NEWEST))


def _listed(newest: sa.Select[tuple[int]]) -> tuple[sa.Select[tuple[int]], sa.Select[tuple[int]]]:
    """Return the ids of a page plus one more, after `skipped` others, and the total up to a limit."""
    on_page = newest.limit(PAGE_SIZE + 1).offset(sa.bindparam("skipped", type_=sa.Integer))
    return on_page, counting_up_to(MOST_LISTED, newest.order_by(None))


def _is_common(tag: Tag) -> bool:
    of_tag = sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)
    return count_up_to(MOST_SORTED, of_tag) == MOST_SORTED


def _tagged(tag: Tag, is_common: bool) -> sa.Select[tuple[int]]:
    """Return the ids of posts with a tag, newest first.

    For a common tag, walking all articles finds the newest ones quickly. For a rare tag, all its posts are fetched and
    sorted. The query planner cannot know which kind a tag is.
    """
    of_tag = sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)
    posts = sa.select(Article.id).where(Article.kind == Kind.POST).order_by(*NEWEST)
    if is_common:
        return posts.where(is_public(), of_tag.where(article_tag.c.article_id == Article.id).exists())
    return posts.where(Article.is_public_of_few(), Article.id.in_(of_tag))


def newest_articles(most: int) -> list[Article]:
    """Return the posts published last."""
    posts = cards().where(Article.kind == Kind.POST, is_public())
    return list(db.session.scalars(posts.order_by(*NEWEST).limit(most)))


def most_read(since: date, until: date, *, without: list[Article], most: int = 3) -> list[Article]:
    """Return the most read posts between two days, both included, without the excluded ones.

    Only the most read of each day are considered, because summing all reads gets slower as articles are added.
    """
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    tops = [
        sa.select(ReadCount.article_id)
        .where(ReadCount.day == day)
        .order_by(ReadCount.reads.desc())
        .limit(MOST_READ_OF_DAY)
        .subquery()
        .select()
        for day in days
    ]
    total = sa.func.sum(ReadCount.reads)
    best = db.session.scalars(
        sa.select(ReadCount.article_id)
        .where(ReadCount.article_id.in_(sa.union_all(*tops)), ReadCount.day.between(since, until))
        .group_by(ReadCount.article_id)
        .order_by(total.desc(), ReadCount.article_id.desc())
        .limit(MOST_READ_OF_DAY * most)
    ).all()
    is_shown = (Article.kind == Kind.POST, Article.is_public_of_few(), Article.id.not_in([one.id for one in without]))
    rows = db.session.scalars(cards().where(Article.id.in_(best), *is_shown))
    return sorted(rows, key=lambda row: best.index(row.id))[:most]


def cards() -> sa.Select[tuple[Article]]:
    """Return articles with only the columns that cards show, because every column read costs time."""
    shown = (Article.kind, Article.slug, Article.title, Article.summary, Article.words)
    return sa.select(Article).options(
        load_only(*shown, raiseload=True),
        joinedload(Article.image),
        joinedload(Article.category).load_only(Category.slug, Category.name, raiseload=True),
    )


_CARDS = cards().where(Article.id.in_(sa.bindparam("ids", expanding=True))).order_by(*NEWEST)
