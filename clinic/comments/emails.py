"""Emails about comments, one function per message."""

from clinic.comments.models import Comment
from clinic.core import signing
from clinic.outbox import operations as outbox
from clinic.preferences import preferences

APPROVE = "approve-comment"


def comment_waits(comment: Comment, title: str) -> None:
    """Tell the moderator about a new comment, with a link to approve it."""
    outbox.enqueue(
        "comment_waits",
        to=preferences().moderator_email,
        once_key=f"comment_waits:{comment.id}",
        comment=comment,
        title=title,
        approve_url=signing.link_url(APPROVE, str(comment.id)),
    )
