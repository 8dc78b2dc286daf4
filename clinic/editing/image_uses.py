"""Uses of images in articles, pages and portraits."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer

from clinic.articles.models import Article, ArticleImage, Author
from clinic.core.db import db


@dataclass(frozen=True)
class Use:
    """Use of an image. `what` is the kind of row that `id` names; `state` is its state as staff see it."""

    what: str
    id: int
    title: str
    how: str
    state: str


MOST_OF_ONE = 100
Found = list[tuple[int, Use]]


def _as_main_picture(ids: Collection[int]) -> Found:
    latest = _latest(ids, Article.image_id, Article.id)
    shown = sa.select(Article).where(Article.id.in_(latest)).options(defer(Article.body)).order_by(Article.title)
    return [(row.image_id or 0, _of_article(row, "main picture")) for row in db.session.scalars(shown)]


def _in_a_text(ids: Collection[int]) -> Found:
    shown = (
        sa.select(ArticleImage.image_id, Article)
        .join(Article, Article.id == ArticleImage.article_id)
        .where(
            ArticleImage.image_id.in_(ids),
            Article.id.in_(_latest(ids, ArticleImage.image_id, ArticleImage.article_id)),
        )
        .options(defer(Article.body))
        .order_by(Article.title)
    )
    return [(image_id, _of_article(article, "in the text")) for image_id, article in db.session.execute(shown)]


def _latest(ids: Collection[int], image_id: Any, article_id: Any) -> sa.CompoundSelect[tuple[int]]:
    """Return the latest articles that show each image, up to a limit per image."""
    of_one = sa.select(article_id).order_by(article_id.desc()).limit(MOST_OF_ONE)
    return sa.union_all(*(of_one.where(image_id == id_).subquery().select() for id_ in ids))


def _as_portrait(ids: Collection[int]) -> Found:
    shown = sa.select(Author).where(Author.image_id.in_(ids)).order_by(Author.name)
    return [(row.image_id or 0, Use("author", row.id, row.name, "portrait", "")) for row in db.session.scalars(shown)]


def _of_article(article: Article, how: str) -> Use:
    state = "in the trash" if article.trashed_at else article.state_word
    return Use(what=str(article.kind), id=article.id, title=article.title, how=how, state=state)


# Add a line here for each new kind of row that shows images.
SOURCES: tuple[Callable[[Collection[int]], Found], ...] = (_as_main_picture, _in_a_text, _as_portrait)


def uses_of(ids: Collection[int]) -> dict[int, list[Use]]:
    """Return the uses of each image by its number: the latest MOST_OF_ONE articles of each kind."""
    if not ids:
        return {}
    uses: dict[int, list[Use]] = {id_: [] for id_ in ids}
    for source in SOURCES:
        for image_id, use in source(ids):
            uses[image_id].append(use)
    return uses
