"""Writes about comments."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from clinic.accounts.models import User
from clinic.comments import emails
from clinic.comments.models import Comment, CommentState
from clinic.core import audit, clock
from clinic.core.db import atomic, db, insert_or_skip
from clinic.core.text import clean_line, clean_text


@atomic()
def post_comment(*, article_id: int, article_title: str, name: str, email: str, body: str) -> None:
    """Store a comment as pending and email the moderator. Does nothing if the same comment was already sent."""
    name, body = clean_line(name), clean_text(body)
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
    """Set the state of a comment. Returns False if it already has that state, for example on a second click."""
    changed = db.session.execute(
        sa.update(Comment)
        .where(Comment.id == comment.id, Comment.state != state)
        .values(state=state, moderated_at=clock.now(), moderated_by_id=by.id)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(str(state), comment, by=by)
    return True


@atomic()
def approve_pending(comment: Comment) -> bool:
    """Approve a pending comment by the link in the moderator's email. Returns False if it is no longer pending."""
    changed = db.session.execute(
        sa.update(Comment)
        .where(Comment.id == comment.id, Comment.state == CommentState.PENDING)
        .values(state=CommentState.APPROVED, moderated_at=clock.now())
    )
    if changed.rowcount:  # type: ignore[attr-defined]
        audit.record("approved", comment, detail="by the link in the email")
    return bool(changed.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class PutBack:
    """The result of undoing a moderation: comments restored, already as before, and decided by others since."""

    done: int
    before: int
    decided: int


@atomic()
def undo_moderation(states: dict[int, CommentState], *, of: CommentState, by: User) -> PutBack:
    """Restore the states that comments had before `by` moved them to `of`. Later decisions of others stay."""
    counts = {"done": 0, "before": 0, "decided": 0}
    comments = db.session.scalars(sa.select(Comment).where(Comment.id.in_(states)).order_by(Comment.id))
    for comment in comments.all():
        state = states[comment.id]
        is_waiting = state == CommentState.PENDING
        changed = db.session.execute(
            sa.update(Comment)
            .where(Comment.id == comment.id, Comment.state == of, Comment.moderated_by_id == by.id)
            .values(
                state=state,
                moderated_at=None if is_waiting else clock.now(),
                moderated_by_id=None if is_waiting else by.id,
            )
        )
        if changed.rowcount:  # type: ignore[attr-defined]
            audit.record("put back", comment, by=by, detail=state)
            counts["done"] += 1
        else:
            counts["before" if comment.state == state else "decided"] += 1
    return PutBack(**counts)
