"""Every read about comments."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.comments.models import Comment, CommentState
from clinic.core.db import db
from clinic.core.find import Found, first_found, has_words

MOST_SHOWN = 500


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
    """How many comments wait for the moderator."""
    return db.session.scalar(sa.select(sa.func.count(Comment.id)).where(Comment.state == CommentState.PENDING)) or 0


def comments_by_id(ids: list[int]) -> list[Comment]:
    """These comments, oldest first; at most 500."""
    return list(
        db.session.scalars(sa.select(Comment).where(Comment.id.in_(ids)).order_by(Comment.posted_at).limit(MOST_SHOWN))
    )


def find_comments(text: str, most: int) -> Found[Comment]:
    """Comments by who wrote them and by their words, newest first, with the article each stands under."""
    wanted = sa.select(Comment).where(has_words(text, Comment.name, Comment.email, Comment.body))
    newest = wanted.order_by(Comment.posted_at.desc(), Comment.id.desc())
    return first_found(newest.options(joinedload(Comment.article)), most)
