"""Every read about comments."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.comments.models import Comment, CommentState
from clinic.core.bounded import Found, count_up_to, first_found, latest_with
from clinic.core.db import db

MOST_SHOWN = 500
MOST_COUNTED = 1000


# Put together once: it belongs to every article's page.
_APPROVED = (
    sa.select(Comment.id, Comment.name, Comment.body, Comment.posted_at)
    .where(Comment.article_id == sa.bindparam("article_id"), Comment.state == CommentState.APPROVED)
    .order_by(Comment.posted_at, Comment.id)
    .limit(MOST_SHOWN)
)


def approved_comments(article_id: int) -> Sequence[sa.Row[tuple[int, str, str, datetime]]]:
    """What readers see of comments under an article (id, name, body, posted_at), oldest first."""
    return db.session.execute(_APPROVED, {"article_id": article_id}).all()


def count_pending() -> int:
    """How many comments wait for the moderator, counted up to a thousand."""
    return count_up_to(MOST_COUNTED, sa.select(Comment.id).where(Comment.state == CommentState.PENDING))


def comments_by_id(ids: list[int]) -> list[Comment]:
    """These comments, oldest first; at most 500."""
    return list(
        db.session.scalars(sa.select(Comment).where(Comment.id.in_(ids)).order_by(Comment.posted_at).limit(MOST_SHOWN))
    )


def comments_with(text: str) -> sa.Select[tuple[int]]:
    """The ids of comments by who wrote them and by their words: of the latest ones, and of all from this e-mail."""
    from_them = Comment.email == text.strip().lower()
    return latest_with(text, Comment.id, Comment.name, Comment.email, Comment.body, others=from_them)


def find_comments(text: str, most: int) -> Found[Comment]:
    """Comments by who wrote them and by their words, newest first, with the article each stands under."""
    wanted = sa.select(Comment).where(Comment.id.in_(comments_with(text)))
    newest = wanted.order_by(Comment.posted_at.desc(), Comment.id.desc())
    return first_found(newest.options(joinedload(Comment.article)), most)
