"""Read queries on articles and pages."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.articles.models import (
    Article,
    ArticleState,
    Author,
    Category,
    Kind,
    Tag,
    article_tag,
)
from clinic.core.bounded import count_up_to
from clinic.core.db import db

MOST_COUNTED = 1000


def category_with_slug(slug: str) -> Category | None:
    """Return the category with this slug."""
    return db.session.scalar(sa.select(Category).where(Category.slug == slug))


def author_with_slug(slug: str) -> Author | None:
    """Return the author with this slug."""
    return db.session.scalar(sa.select(Author).where(Author.slug == slug).options(joinedload(Author.image)))


def tag_with_slug(slug: str) -> Tag | None:
    """Return the tag with this slug."""
    return db.session.scalar(sa.select(Tag).where(Tag.slug == slug))


_CATEGORIES = sa.select(Category).order_by(Category.position, Category.id).limit(100)


def categories() -> list[Category]:
    """Return all categories in the clinic's order."""
    return list(db.session.scalars(_CATEGORIES))


def authors() -> list[Author]:
    """Return all authors by name."""
    return list(db.session.scalars(sa.select(Author).order_by(Author.name).limit(200)))


def team() -> list[Author]:
    """Return the team members in the clinic's order, with their portraits."""
    people = sa.select(Author).where(Author.is_on_team).options(joinedload(Author.image))
    return list(db.session.scalars(people.order_by(Author.position, Author.id).limit(60)))


def posts_to_pick() -> list[tuple[int, str]]:
    """Return ids and titles of posts that can be a teaser, newest first."""
    rows = db.session.execute(
        sa.select(Article.id, Article.title)
        .where(Article.kind == Kind.POST, Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
        .order_by(Article.published_at.desc())
        .limit(500)
    )
    return [(row.id, row.title) for row in rows]


def published_ids() -> list[int]:
    """Return the ids of all published texts, including scheduled ones."""
    return list(db.session.scalars(sa.select(Article.id).where(Article.state == ArticleState.PUBLISHED)))


def article_in_trash(kind: Kind, id_: int) -> Article | None:
    """Return the article with this id if it is in the trash."""
    return db.session.scalar(
        sa.select(Article).where(Article.id == id_, Article.kind == kind, Article.trashed_at.is_not(None))
    )


def count_articles(state: ArticleState) -> int:
    """Count posts in this state, up to a thousand."""
    where = (Article.kind == Kind.POST, Article.state == state, Article.trashed_at.is_(None))
    return count_up_to(MOST_COUNTED, sa.select(Article.id).where(*where))


def articles_by_category() -> dict[int, int]:
    """Count articles and drafts of each category, up to a thousand."""
    return _counts(Category.id, Article.category_id)


def articles_by_tag() -> dict[int, int]:
    """Count articles and drafts of each tag, up to a thousand."""
    return _counts(Tag.id, article_tag.c.tag_id)


def articles_by_author() -> dict[int, int]:
    """Count articles and drafts of each author, up to a thousand."""
    return _counts(Author.id, Article.author_id)


def _counts(id_: Any, named_by: Any) -> dict[int, int]:
    some = sa.select(sa.literal(1)).where(named_by == id_).correlate(id_.class_).limit(MOST_COUNTED).subquery()
    number = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    return {row[0]: row[1] for row in db.session.execute(sa.select(id_, number))}


def tags() -> list[Tag]:
    """Return all tags by name."""
    return list(db.session.scalars(sa.select(Tag).order_by(Tag.name).limit(1000)))


def next_due_at(after: datetime) -> datetime | None:
    """Return the time at which the next scheduled text becomes public, after a moment."""
    waits = sa.select(sa.func.min(Article.published_at)).where(
        Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None), Article.published_at > after
    )
    return db.session.scalar(waits)
