"""The emailed link by which a moderator approves a comment."""

from datetime import timedelta

import sqlalchemy as sa
from flask import render_template
from sqlalchemy.orm import joinedload

from clinic.comments.emails import APPROVE
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import approve_pending
from clinic.core.db import db
from clinic.web.links import MailLink


class ApproveLink(MailLink):
    """Approves one comment. Rejecting is done in the panel."""

    purpose = APPROVE
    lives = timedelta(days=14)
    is_single_use = True

    def show(self, value: str) -> str:
        """Show the comment while it is pending."""
        comment = _comment(value)
        is_waiting = comment is not None and comment.state == CommentState.PENDING
        return render_template("comments/approve.html", comment=comment if is_waiting else None, is_done=False)

    def act(self, value: str) -> str:
        """Approve the comment if it is still pending."""
        comment = _comment(value)
        is_done = comment is not None and approve_pending(comment)
        return render_template("comments/approve.html", comment=comment if is_done else None, is_done=is_done)


def _comment(value: str) -> Comment | None:
    return db.session.scalar(sa.select(Comment).where(Comment.id == int(value)).options(joinedload(Comment.article)))
