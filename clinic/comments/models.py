"""The comment model."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core import content_version
from clinic.core.db import Base, UtcDateTime, Words, state_column


class CommentState(enum.StrEnum):
    """The moderation state of a comment. Only approved comments are public."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SPAM = "spam"


@content_version.shown(when="{row}.state = 'approved'", but=("email", "digest", "moderated_at", "moderated_by_id"))
class Comment(Base):
    """A comment under an article. Only moderators see the email address; the network address is not stored."""

    __tablename__ = "comment"
    __table_args__ = (
        sa.Index("ix_comment_article_id_state_posted_at", "article_id", "state", "posted_at"),
        sa.Index("ix_comment_state_posted_at", "state", "posted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"))
    name: Mapped[str]
    email: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    state: Mapped[CommentState] = mapped_column(state_column(CommentState), default=CommentState.PENDING)
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # Identifies a comment by article, email and text, so that sending it again creates no second one.
    digest: Mapped[str] = mapped_column(Words(64), unique=True)
    moderated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moderated_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))

    article: Mapped[Any] = relationship("Article", lazy="raise")
