"""Writes to the search index about articles, and the relations between them."""

import sqlalchemy as sa

from clinic.articles.body import heading_text, indexed_text
from clinic.articles.models import (
    Article,
    ArticleState,
    Kind,
    Relation,
)
from clinic.core import search
from clinic.core.db import atomic, db
from clinic.core.text_index import refold

MOST_RELATIONS = 12


@atomic()
def reindex_article(id_: int) -> None:
    """Reindex one text if it is published."""
    article = db.session.get(Article, id_)
    if article and article.state == ArticleState.PUBLISHED:
        index_article(article)


def refold_articles(most: int = 25) -> bool:
    """Build a part of the search index anew if words are folded in another way than when it was built. True: there was
    something to do."""

    def portion(begin: int) -> int | None:
        following = sa.select(Article.id).where(Article.id > begin).order_by(Article.id).limit(most)
        ids = list(db.session.scalars(following))
        for id_ in ids:
            reindex_article(id_)
        if not ids:
            search.forget_old_words()
        return ids[-1] if ids else None

    return refold("articles", portion)


def index_article(article: Article) -> None:
    """Put an article into the search index and note the posts that share its telling words."""
    headings, text = heading_text(article.body), indexed_text(article.summary, article.body)
    search.put(article.id, title=article.title, headings=headings, text=text)
    if article.kind == Kind.POST:
        _relate(article, f"{article.title} {headings} {text}")


def _relate(article: Article, text: str) -> None:
    """Record related articles. Done on saving and not on reading, because it costs a search."""
    db.session.execute(
        sa.delete(Relation).where(sa.or_(Relation.article_id == article.id, Relation.shown_id == article.id))
    )
    alike = search.similar(article.id, text, MOST_RELATIONS)
    posts = db.session.scalars(sa.select(Article.id).where(Article.id.in_(alike), Article.kind == Kind.POST))
    for other in posts.all():
        db.session.add(Relation(article_id=article.id, shown_id=other, score=alike[other]))
        db.session.add(Relation(article_id=other, shown_id=article.id, score=alike[other]))
