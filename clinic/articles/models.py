"""Article, Author, Category, Tag, Redirect."""

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.orderinglist import ordering_list
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, state_column
from clinic.core.text import minutes_to_read
from clinic.media.models import Image


class Kind(enum.StrEnum):
    """A post is an article with a date and comments; a page stands by itself."""

    POST = "post"
    PAGE = "page"


class ArticleState(enum.StrEnum):
    """What staff have decided. A published one whose time has not come is scheduled."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Author(Base):
    """Who writes or reviews articles, as readers see them."""

    __tablename__ = "author"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    title: Mapped[str]
    bio: Mapped[str]

    @property
    def address(self) -> str:
        """The path of their page."""
        return f"/team/{self.slug}/"

    def __str__(self) -> str:
        return self.name


class Category(Base):
    """The one subject that an article is filed under."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)

    @property
    def address(self) -> str:
        """The path of its list."""
        return f"/articles/category/{self.slug}/"

    def __str__(self) -> str:
        return self.name


class Tag(Base):
    """One of several words that describe an article."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


article_tag = sa.Table(
    "article_tag",
    Base.metadata,
    sa.Column("article_id", sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Teaser(Base):
    """An article picked by an editor to stand under another one."""

    __tablename__ = "teaser"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    shown_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]

    shown: Mapped["Article"] = relationship(foreign_keys=[shown_id])


class Article(Base):
    """A text on the site. `body` is sanitised HTML in which <figure data-image="7"> stands for picture 7."""

    __tablename__ = "article"
    __table_args__ = (
        sa.Index("ix_article_listed", "kind", "state", "published_at"),
        sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_has_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(state_column(Kind))
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    words: Mapped[int] = mapped_column(default=0)
    state: Mapped[ArticleState] = mapped_column(state_column(ArticleState), default=ArticleState.DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reviewed_on: Mapped[date | None]
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("author.id"), index=True)
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("author.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(sa.ForeignKey("category.id"), index=True)
    image_id: Mapped[int | None] = mapped_column(sa.ForeignKey("image.id"), index=True)

    author: Mapped[Author | None] = relationship(foreign_keys=[author_id])
    reviewer: Mapped[Author | None] = relationship(foreign_keys=[reviewer_id])
    category: Mapped[Category | None] = relationship()
    image: Mapped[Image | None] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=article_tag, order_by=Tag.name)
    teasers: Mapped[list[Teaser]] = relationship(
        foreign_keys=[Teaser.article_id],
        order_by=Teaser.position,
        collection_class=ordering_list("position"),
        cascade="all, delete-orphan",
    )

    @property
    def address(self) -> str:
        """The path it is read at."""
        return f"/articles/{self.slug}/" if self.kind == Kind.POST else f"/{self.slug}/"

    @property
    def minutes(self) -> int:
        """Reading time in whole minutes."""
        return minutes_to_read(self.words)

    @property
    def is_public(self) -> bool:
        """Whether readers see it now. Asked at read time, so no job has to fire."""
        return (
            self.state == ArticleState.PUBLISHED and self.published_at is not None and self.published_at <= clock.now()
        )

    @property
    def state_word(self) -> str:
        """The state as staff see it: a published one whose time has not come is "scheduled"."""
        return "scheduled" if self.state == ArticleState.PUBLISHED and not self.is_public else str(self.state)

    def __str__(self) -> str:
        return self.title


class Redirect(Base):
    """An old slug and the article that had it."""

    __tablename__ = "redirect"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), index=True)

    article: Mapped[Article] = relationship()


class ArticleImage(Base):
    """A picture shown inside a body, so that it is not deleted while an article shows it."""

    __tablename__ = "article_image"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(sa.ForeignKey("image.id"), primary_key=True, index=True)
