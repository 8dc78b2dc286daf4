"""Generated comments: spread over all articles, a fifth of them on few, and one in two hundred pending."""

from collections.abc import Iterator

import sqlalchemy as sa

from clinic.articles.models import Article, ArticleState, Kind
from clinic.core.db import db
from clinic.demo.bulk.leads import GIVEN
from clinic.demo.bulk.rows import THREE_YEARS, Row, ago, go_on_counting, in_portions, insert_all, mixed, next_id
from clinic.demo.bulk.words import comment_of

WAITING_SECONDS = 7 * 86_400


def bulk_comments(number: int) -> Iterator[int]:
    """Add `number` comments to the existing articles. Yields the number done after each batch."""
    first = next_id("comment")
    is_published = (Article.kind == Kind.POST, Article.state == ArticleState.PUBLISHED)
    ids = list(db.session.scalars(sa.select(Article.id).where(*is_published).order_by(Article.id)))
    db.session.rollback()
    if not ids:
        return

    def insert(places: range) -> None:
        insert_all(
            "INSERT INTO comment (id, article_id, name, email, body, state, posted_at, digest) VALUES (:id, :article,"
            " :name, :email, :body, :state, :at, :digest)",
            [_row(first + place, ids) for place in places],
        )

    yield from in_portions(number, insert)
    go_on_counting("comment")


def _row(id_: int, article_ids: list[int]) -> Row:
    which = mixed(id_, 1)
    articles = article_ids[::100] if which % 5 == 0 else article_ids
    name = f"{GIVEN[0][which % 14]} {GIVEN[1][which // 14 % 14]}"
    state = _state(mixed(id_, 2) % 200)
    return {
        "id": id_,
        "article": articles[mixed(id_, 3) % len(articles)],
        "name": name,
        "email": f"{name.split()[0].lower()}.{id_}@bulk.example.org",
        "body": comment_of(id_),
        "state": state,
        "at": ago(mixed(id_, 4) % (WAITING_SECONDS if state == "pending" else THREE_YEARS)),
        "digest": f"bulk {id_}",
    }


def _state(of_two_hundred: int) -> str:
    if of_two_hundred == 0:
        return "pending"
    if of_two_hundred < 36:
        return "spam"
    return "rejected" if of_two_hundred < 44 else "approved"
