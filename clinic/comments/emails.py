"""One function per message about comments."""

from clinic.comments.models import Comment
from clinic.core import signing
from clinic.outbox import operations as outbox
from clinic.preferences import preferences

APPROVE = "approve-comment"


def comment_waits(comment: Comment, title: str) -> None:
    """To the moderator: a comment waits."""
    outbox.enqueue(
        "comment_waits",
        to=preferences().moderator_email,
        once_key=f"comment_waits:{comment.id}",
        comment=comment,
        title=title,
        approve_url=signing.link_url(APPROVE, str(comment.id)),
    )
