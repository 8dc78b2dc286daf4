"""Rows that help editors: autosaves, open forms, links to previews."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models import User
from clinic.articles.models import Article
from clinic.core.db import Base, JsonWords, UtcDateTime


class Autosave(Base):
    """Unsaved changes of one person in the form of one article.

    `place` is "articles_admin:7:4f1c09ab" or, for a new article, "articles_admin:new:4f1c09ab". Two open forms of one
    person have two places. `base_version` is the version at which the form was opened; `fields` are the form's values.
    """

    __tablename__ = "autosave"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    base_version: Mapped[int]
    fields: Mapped[dict[str, Any]] = mapped_column(JsonWords)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Presence(Base):
    """Time at which a person last had the form of an article open."""

    __tablename__ = "presence"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    user: Mapped[User] = relationship()


class PreviewLink(Base):
    """Secret address under which anyone can read an article as it is now. Only the digest of the secret is stored."""

    __tablename__ = "preview_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    article: Mapped[Article] = relationship()
    by: Mapped[User | None] = relationship()
