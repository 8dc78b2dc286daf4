"""Reads about comments."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.comments.models import Comment, CommentState
from clinic.core.bounded import Found, count_up_to, first_found, latest_with
from clinic.core.db import db

MOST_SHOWN = 500
MOST_COUNTED = 1000


# Built once, because every article page uses it.
_APPROVED = (
    sa.select(Comment.id, Comment.name, Comment.body, Comment.posted_at)
    .where(Comment.article_id == sa.bindparam("article_id"), Comment.state == CommentState.APPROVED)
    .order_by(Comment.posted_at, Comment.id)
    .limit(MOST_SHOWN)
)


def approved_comments(article_id: int) -> Sequence[sa.Row[tuple[int, str, str, datetime]]]:
    """Return the approved comments of an article (id, name, body, posted_at), oldest first."""
    return db.session.execute(_APPROVED, {"article_id": article_id}).all()


def count_pending() -> int:
    """Return the number of pending comments, at most a thousand."""
    return count_up_to(MOST_COUNTED, sa.select(Comment.id).where(Comment.state == CommentState.PENDING))


def comments_by_id(ids: list[int]) -> list[Comment]:
    """Return the comments with these ids, oldest first; at most 500."""
    return list(
        db.session.scalars(sa.select(Comment).where(Comment.id.in_(ids)).order_by(Comment.posted_at).limit(MOST_SHOWN))
    )


def comments_with(text: str) -> sa.Select[tuple[int]]:
    """Select the ids of comments whose text or author matches: among the latest ones, and all with this exact email."""
    from_them = Comment.email == text.strip().lower()
    return latest_with(text, Comment.id, Comment.name, Comment.email, Comment.body, others=from_them)


def ids_of_comments_with(text: str) -> list[int]:
    """Return the ids of comments that match, as comments_with selects them."""
    return list(db.session.scalars(comments_with(text)))


def find_comments(text: str, most: int) -> Found[Comment]:
    """Return comments whose text or author matches, newest first, with their articles."""
    wanted = sa.select(Comment).where(Comment.id.in_(comments_with(text)))
    newest = wanted.order_by(Comment.posted_at.desc(), Comment.id.desc())
    return first_found(newest.options(joinedload(Comment.article)), most)
