"""Articles found by words."""

import sqlalchemy as sa
from sqlalchemy.orm import defer

from clinic.articles.lists import cards
from clinic.articles.models import (
    Article,
    Category,
    Kind,
)
from clinic.articles.queries import MOST_COUNTED
from clinic.core import search
from clinic.core.bounded import Found, latest_with, unindexed
from clinic.core.db import db
from clinic.core.folding import words_of
from clinic.core.text import clean_line

MOST_HITS, MOST_OF_CATEGORY = 100, 2000  # most search results, of the latest texts with the words


def find_articles(text: str, most: int) -> dict[Kind, Found[Article]]:
    """Find articles and pages in any state by title and slug, last changed first, without the trash."""
    number, last_changed = sa.func.count(), (Article.updated_at.desc(), Article.id.desc())
    found = (
        sa.select(
            Article.id,
            number.over(partition_by=Article.kind).label("total"),
            sa.func.row_number().over(partition_by=Article.kind, order_by=last_changed).label("place"),
        )
        .where(Article.id.in_(texts_titled(text)), unindexed(Article.trashed_at.is_(None)))
        .subquery()
    )
    first = sa.select(Article, found.c.total).join(found, found.c.id == Article.id).where(found.c.place <= most)
    rows = db.session.execute(first.order_by(found.c.place).options(defer(Article.body))).all()
    return {
        kind: Found(rows=[row.Article for row in of_kind], total=of_kind[0].total if of_kind else 0)
        for kind in Kind
        for of_kind in [[row for row in rows if row.Article.kind == kind]]
    }


def texts_titled(text: str) -> sa.Select[tuple[int]]:
    """Return ids of articles and pages by title and slug: the latest ones, and public ones with these words."""
    words = search.Query(tuple(words_of(text)[: search.MOST_WORDS]))
    others = Article.id.in_(search.find(words, MOST_HITS))
    return latest_with(text, Article.id, Article.title, Article.slug, others=others, most=MOST_COUNTED)


def ids_of_texts_titled(text: str) -> list[int]:
    """Return the ids of articles and pages that match, as texts_titled selects them."""
    return list(db.session.scalars(texts_titled(text)))


def articles_about(words: str, most: int) -> list[Article]:
    """Return public texts with all of these words or, failing that, with the rarest of them; best first."""
    query = search.read(words)
    longest = sorted(query.words, key=len, reverse=True)[:2]
    for wanted in (query, *(search.Query((word,), common=query.common & {word}) for word in longest)):
        if ids := public_hits(wanted)[:most]:
            rows = {row.id: row for row in db.session.scalars(cards().where(Article.id.in_(ids)))}
            return [rows[id_] for id_ in ids]
    return []


def public_hits(query: search.Query, category: Category | None = None) -> list[int]:
    """Return the ids of public texts with the words of a query, best first: the latest MOST_HITS of them."""
    if not query.words:
        return []
    where = [Article.is_public_of_few(), *([Article.category_id == category.id] if category else [])]
    found = search.find(query, MOST_OF_CATEGORY if category else MOST_HITS)
    public = sa.select(Article.id).where(Article.id.in_(found), *where).order_by(Article.id.desc()).limit(MOST_HITS)
    return search.best_first(query, list(db.session.scalars(public)))


def articles_to_link(words: str, most: int = 20) -> list[dict[str, str]]:
    """Return articles and pages with these words in the title, for a link: title, address, state."""
    found = sa.select(Article).options(defer(Article.body)).where(Article.trashed_at.is_(None))
    for word in clean_line(words).split():
        found = found.where(Article.title.icontains(word, autoescape=True))
    rows = db.session.scalars(found.order_by(Article.updated_at.desc()).limit(most))
    return [{"title": row.title, "address": row.address, "state": row.state_word} for row in rows]
