"""One function per message about comments."""

from clinic.comments.models import Comment
from clinic.core import mail
from clinic.core.preferences import preferences


def comment_waits(comment: Comment, title: str) -> None:
    """To the moderator: a comment waits."""
    mail.enqueue(
        "comment_waits",
        to=preferences().moderator_email,
        once_key=f"comment_waits:{comment.id}",
        comment=comment,
        title=title,
    )
