"""Tables of articles: Article, Author, Category, Tag, Teaser, Revision, Autosave, Redirect and others."""

import enum
import hashlib
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.orderinglist import ordering_list
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models import User
from clinic.core import clock, content_version
from clinic.core.bounded import unindexed
from clinic.core.db import Base, JsonWords, UtcDateTime, Words, state_column
from clinic.core.order import Ordered
from clinic.core.text import minutes_to_read
from clinic.media.models import Image


class Kind(enum.StrEnum):
    """Kind of an article. A post has a date and comments; a page has neither."""

    POST = "post"
    PAGE = "page"


class ArticleState(enum.StrEnum):
    """State that staff have set. A published article with a time in the future is scheduled."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


@content_version.shown
class Author(Ordered, Base):
    """Author or reviewer of articles, with a public page. Team members appear on the home page."""

    __tablename__ = "author"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    title: Mapped[str]
    bio: Mapped[str]
    is_on_team: Mapped[bool] = mapped_column(default=True)
    image_id: Mapped[int | None] = mapped_column(sa.ForeignKey("image.id"), index=True)

    image: Mapped[Image | None] = relationship()

    @property
    def address(self) -> str:
        """Return the path of the author's page."""
        return f"/team/{self.slug}/"

    def __str__(self) -> str:
        return self.name


@content_version.shown
class Category(Ordered, Base):
    """Subject of articles. Each article has one category."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)

    @property
    def address(self) -> str:
        """Return the path of the category's list."""
        return f"/articles/category/{self.slug}/"

    def __str__(self) -> str:
        return self.name


@content_version.shown
class Tag(Base):
    """Word that describes articles. An article may have several tags."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)

    @property
    def address(self) -> str:
        """Return the path of the tag's list."""
        return f"/articles/tag/{self.slug}/"

    def __str__(self) -> str:
        return self.name


# Readers see no drafts and no trashed articles.
IS_OUT = "{row}.state <> 'draft' AND {row}.trashed_at IS NULL"
OF_ONE_THAT_IS_OUT = (
    "EXISTS (SELECT 1 FROM article AS a WHERE a.id = {row}.article_id AND a.state <> 'draft' AND a.trashed_at IS NULL)"
)

article_tag = content_version.shown(when=OF_ONE_THAT_IS_OUT)(
    sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True),
    )
)


@content_version.shown(when=OF_ONE_THAT_IS_OUT)
class Teaser(Base):
    """Article that an editor picked to appear under another one."""

    __tablename__ = "teaser"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    shown_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]

    shown: Mapped["Article"] = relationship(foreign_keys=[shown_id])


@content_version.shown(when=OF_ONE_THAT_IS_OUT)
class Relation(Base):
    """Two articles that share telling words, recorded when one of them is indexed. Each pair is stored both ways."""

    __tablename__ = "relation"
    __table_args__ = (sa.Index("ix_relation_best", "article_id", "score"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    shown_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    score: Mapped[float]


SHOWN, TRASHED = sa.text("trashed_at IS NULL"), sa.text("trashed_at IS NOT NULL")


def _shown_index(name: str, *columns: str) -> sa.Index:
    """Return an index without trashed articles, so that a list is read from it in order."""
    return sa.Index(f"ix_article_{name}", *columns, sqlite_where=SHOWN, postgresql_where=SHOWN)


@content_version.shown(when=IS_OUT, but=("version", "created_at", "review_due_on", "signed_off"))
class Article(Base):
    """A text on the site. `body` is sanitised HTML in which <figure data-image="7"> stands for image 7.

    `version` counts the saves; saving a form that was opened at an older version raises ArticleChanged. A trashed
    article has `trashed_at` and is never shown; it keeps its slug. `signed_off` is the digest of the text that the
    reviewer read.
    """

    __tablename__ = "article"
    __table_args__ = (
        _shown_index("listed", "kind", "state", "published_at", "id"),
        _shown_index("due", "state", "published_at"),
        _shown_index("of_category", "category_id", "kind", "state", "published_at", "id"),
        _shown_index("of_author", "author_id", "kind", "state", "published_at", "id"),
        _shown_index("by_title", "kind", "title"),
        _shown_index("by_time", "kind", "published_at"),
        _shown_index("by_change", "kind", "updated_at"),
        _shown_index("by_state", "kind", "state", "updated_at"),
        sa.Index("ix_article_image_id_id", "image_id", "id"),
        sa.Index("ix_article_in_trash", "kind", "updated_at", sqlite_where=TRASHED, postgresql_where=TRASHED),
        sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_has_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(state_column(Kind))
    slug: Mapped[str] = mapped_column(Words(80), unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    words: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[ArticleState] = mapped_column(state_column(ArticleState), default=ArticleState.DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    trashed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    retired_because: Mapped[str] = mapped_column(default="")
    successor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id", ondelete="SET NULL"), index=True)
    reviewed_on: Mapped[date | None]
    review_due_on: Mapped[date | None] = mapped_column(index=True)
    signed_off: Mapped[str] = mapped_column(default="")
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("author.id"), index=True)
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("author.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(sa.ForeignKey("category.id"), index=True)
    image_id: Mapped[int | None] = mapped_column(sa.ForeignKey("image.id"))
    image_alt: Mapped[str] = mapped_column(default="")
    image_credit: Mapped[str] = mapped_column(default="")
    image_source: Mapped[str] = mapped_column(default="")
    image_licence: Mapped[str] = mapped_column(default="")

    author: Mapped[Author | None] = relationship(foreign_keys=[author_id])
    reviewer: Mapped[Author | None] = relationship(foreign_keys=[reviewer_id])
    category: Mapped[Category | None] = relationship()
    image: Mapped[Image | None] = relationship()
    successor: Mapped["Article | None"] = relationship(remote_side=[id])
    tags: Mapped[list[Tag]] = relationship(secondary=article_tag, order_by=Tag.name)
    teasers: Mapped[list[Teaser]] = relationship(
        foreign_keys=[Teaser.article_id],
        order_by=Teaser.position,
        collection_class=ordering_list("position"),
        cascade="all, delete-orphan",
    )

    @property
    def address(self) -> str:
        """Return the public path of the article."""
        return f"/articles/{self.slug}/" if self.kind == Kind.POST else f"/{self.slug}/"

    @property
    def minutes(self) -> int:
        """Return the reading time in whole minutes."""
        return minutes_to_read(self.words)

    @property
    def is_public(self) -> bool:
        """Return True if readers see the article now. Checked on each read, so no job has to publish it."""
        return (
            self.state == ArticleState.PUBLISHED
            and self.trashed_at is None
            and self.published_at is not None
            and self.published_at <= clock.now()
        )

    @classmethod
    def is_public_now(cls) -> sa.ColumnElement[bool]:
        """Return the SQL condition for "public now"."""
        return cls.is_public_at(clock.now())

    @classmethod
    def is_public_at(cls, moment: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
        """Return the SQL condition for "public at a moment", which may be a bound parameter."""
        return sa.and_(cls.state == ArticleState.PUBLISHED, cls.published_at <= moment, cls.trashed_at.is_(None))

    @classmethod
    def is_public_of_few(cls) -> sa.ColumnElement[bool]:
        """Return the same condition without index use, for queries that already select few articles."""
        return unindexed(cls.is_public_now())

    @property
    def state_word(self) -> str:
        """Return the state as staff see it; "scheduled" for a published article with a time in the future."""
        is_later = self.published_at is not None and self.published_at > clock.now()
        return "scheduled" if self.state == ArticleState.PUBLISHED and is_later else str(self.state)

    @property
    def is_changed_since_review(self) -> bool:
        """Return True if the text differs from the one that the reviewer read."""
        return bool(self.signed_off) and self.signed_off != text_digest(self.title, self.summary, self.body)

    def __str__(self) -> str:
        return self.title


def text_digest(*parts: str) -> str:
    """Return a digest of these exact words."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:16]


class Revision(Base):
    """Article as it was after one save, by the field names of the operation's input (Text)."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    fields: Mapped[dict[str, Any]] = mapped_column(JsonWords)

    by: Mapped[User | None] = relationship()


class ReadCount(Base):
    """Number of reads of an article on one day of the clinic's calendar."""

    __tablename__ = "read_count"
    __table_args__ = (sa.Index("ix_read_count_day_reads", "day", "reads"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reads: Mapped[int]


class ReadDay(Base):
    """Number of reads of all articles on one day, stored because summing gets slower as articles are added."""

    __tablename__ = "read_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    reads: Mapped[int]


@content_version.shown(but=("created_at",))
class Redirect(Base):
    """Old path of this site and its target: an article, wherever it moves, or a fixed path."""

    __tablename__ = "redirect"
    __table_args__ = (sa.CheckConstraint("(article_id IS NULL) = (target <> '')", name="one_target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(Words(400), unique=True)
    article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), index=True)
    target: Mapped[str] = mapped_column(Words(400), default="", index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    article: Mapped[Article | None] = relationship()

    @property
    def leads_to(self) -> str:
        """Return the target path."""
        return self.article.address if self.article else self.target

    def __str__(self) -> str:
        return self.path


@content_version.shown(when=OF_ONE_THAT_IS_OUT)
class ArticleImage(Base):
    """Image inside a body, recorded so that the image is not deleted while an article shows it."""

    __tablename__ = "article_image"
    __table_args__ = (sa.Index("ix_article_image_image_id_article_id", "image_id", "article_id"),)

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(sa.ForeignKey("image.id"), primary_key=True)
