"""Every write about comments."""

import hashlib

import sqlalchemy as sa

from clinic.accounts.models import User
from clinic.comments import emails
from clinic.comments.models import Comment, CommentState
from clinic.core import audit, clock
from clinic.core.db import atomic, db, insert_or_skip


@atomic()
def post_comment(*, article_id: int, article_title: str, name: str, email: str, body: str) -> None:
    """Keep a comment for the moderator, who is told. Sent again, it changes nothing."""
    digest = hashlib.sha256("\x00".join((str(article_id), email.lower(), body)).encode()).hexdigest()
    is_new = insert_or_skip(
        Comment,
        article_id=article_id,
        name=name,
        email=email,
        body=body,
        state=CommentState.PENDING,
        posted_at=clock.now(),
        digest=digest,
    )
    if is_new:
        comment = db.session.scalars(sa.select(Comment).where(Comment.digest == digest)).one()
        audit.record("posted", comment)
        emails.comment_waits(comment, article_title)


@atomic()
def moderate_comment(comment: Comment, state: CommentState, *, by: User) -> bool:
    """Approve, reject or mark as spam. False when it is in that state already (pressed twice, say)."""
    changed = db.session.execute(
        sa.update(Comment)
        .where(Comment.id == comment.id, Comment.state != state)
        .values(state=state, moderated_at=clock.now(), moderated_by_id=by.id)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(str(state), comment, by=by)
    return True
