"""Every read about comments."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.comments.models import Comment, CommentState
from clinic.core.db import db
from clinic.core.find import Found, first_found, has_words

MOST_SHOWN = 500


def approved_comments(article_id: int) -> list[Comment]:
    """What readers see under an article, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Comment)
            .where(Comment.article_id == article_id, Comment.state == CommentState.APPROVED)
            .order_by(Comment.posted_at, Comment.id)
            .limit(MOST_SHOWN)
        )
    )


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
