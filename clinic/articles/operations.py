"""Every write about articles and pages."""

from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.articles.body import heading_text, image_ids
from clinic.articles.errors import NotReady, SlugTaken
from clinic.articles.models import (
    Article,
    ArticleImage,
    ArticleState,
    Author,
    Category,
    Kind,
    Redirect,
    Tag,
    Teaser,
)
from clinic.core import audit, clock, search
from clinic.core.db import atomic, db
from clinic.core.html import plain_text, sanitise
from clinic.core.text import slugify
from clinic.media.queries import images_by_id

# First parts of addresses that pages may not take, because the site itself answers there.
RESERVED_SLUGS = frozenset(
    [
        "admin",
        "articles",
        "assets",
        "book",
        "change",
        "feed.xml",
        "fs-static",
        "healthz",
        "login",
        "logout",
        "media",
        "metrics",
        "mf-recovery",
        "mf-recovery-codes",
        "readyz",
        "reset",
        "robots.txt",
        "site.webmanifest",
        ".well-known",
        "search",
        "sitemap.xml",
        "static",
        "styleguide",
        "tf-rescue",
        "tf-select",
        "tf-setup",
        "tf-validate",
        "verify",
        "wan-delete",
        "wan-register",
        "wan-signin",
        "wan-verify",
    ]
)


@dataclass
class Text:
    """What an editor has written, as typed."""

    title: str
    body: str
    summary: str = ""
    slug: str = ""
    author_id: int | None = None
    reviewer_id: int | None = None
    reviewed_on: date | None = None
    category_id: int | None = None
    image_id: int | None = None
    tags: list[str] = field(default_factory=list)
    teaser_ids: list[int] = field(default_factory=list)


@atomic()
def write_article(kind: Kind, text: Text, *, by: audit.Actor | None = None) -> Article:
    """A new draft. An empty slug is made from the title. Raises SlugTaken."""
    now = clock.now()
    article = Article(
        kind=kind, slug="", title="", summary="", body="", state=ArticleState.DRAFT, created_at=now, updated_at=now
    )
    _fill(article, text, _free_slug(text.slug or slugify(text.title) or "untitled", None, is_chosen=bool(text.slug)))
    db.session.add(article)
    _flush(article)
    _forget_redirects(article.slug)
    _note_images(article)
    audit.record("wrote", article, by=by, detail=article.title)
    return article


@atomic()
def edit_article(article: Article, text: Text, *, by: audit.Actor | None = None) -> Article:
    """Save a changed text. Once published, a changed slug leaves a redirect. Raises SlugTaken, NotReady."""
    old_slug = article.slug
    was_published = article.published_at is not None
    _fill(article, text, _free_slug(text.slug or old_slug, article, is_chosen=True))
    article.updated_at = clock.now()
    _flush(article)
    _note_images(article)
    if article.state == ArticleState.PUBLISHED:
        _check_ready(article)
        _index(article)
    if article.slug != old_slug:
        _forget_redirects(article.slug, old_slug)
        if was_published:
            db.session.add(Redirect(slug=old_slug, article_id=article.id))
    audit.record("edited", article, by=by, detail=article.title)
    return article


@atomic()
def publish_article(article: Article, *, at: datetime | None = None, by: audit.Actor | None = None) -> Article:
    """Show an article to readers, now or from `at` on. Raises NotReady. Publishing again keeps the first date."""
    _check_ready(article)
    article.published_at = at or article.published_at or clock.now()
    article.state = ArticleState.PUBLISHED
    _index(article)
    audit.record("published", article, by=by, detail=article.title)
    return article


@atomic()
def retire_article(article: Article, *, by: audit.Actor | None = None) -> Article:
    """Take an article down: its address answers 410 from now on."""
    article.state = ArticleState.RETIRED
    search.drop(article.id)
    audit.record("retired", article, by=by, detail=article.title)
    return article


@atomic()
def delete_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Remove an article with its comments for good."""
    audit.record("deleted", article, by=by, detail=article.title)
    search.drop(article.id)
    db.session.delete(article)


@atomic()
def ensure_category(*, slug: str, name: str) -> Category:
    """The category with this slug, made if it is not there."""
    category = db.session.scalar(sa.select(Category).where(Category.slug == slug))
    if category is None:
        category = Category(slug=slug, name=name)
        db.session.add(category)
        db.session.flush()
    return category


@atomic()
def ensure_author(*, slug: str, name: str, title: str, bio: str) -> Author:
    """The author with this slug, made if they are not there."""
    author = db.session.scalar(sa.select(Author).where(Author.slug == slug))
    if author is None:
        author = Author(slug=slug, name=name, title=title, bio=bio)
        db.session.add(author)
        db.session.flush()
    return author


def _fill(article: Article, text: Text, slug: str) -> None:
    article.slug = slug
    article.title = text.title
    article.summary = text.summary
    article.body = sanitise(text.body)
    article.words = len(plain_text(article.body).split())
    article.author_id = text.author_id
    article.reviewer_id = text.reviewer_id
    article.reviewed_on = text.reviewed_on
    article.category_id = text.category_id
    article.image_id = text.image_id
    with db.session.no_autoflush:
        article.tags = _tags_named(text.tags)
        wanted = [id_ for id_ in dict.fromkeys(text.teaser_ids) if id_ != article.id]
        if [teaser.shown_id for teaser in article.teasers] != wanted:
            kept = {teaser.shown_id: teaser for teaser in article.teasers}
            article.teasers = [kept.get(id_) or Teaser(shown_id=id_) for id_ in wanted]
            article.teasers.reorder()  # type: ignore[attr-defined]


def _tags_named(names: list[str]) -> list[Tag]:
    by_slug = {slugify(name): name for name in names if slugify(name)}
    known = {tag.slug: tag for tag in db.session.scalars(sa.select(Tag).where(Tag.slug.in_(by_slug)))}
    return [known.get(slug) or Tag(slug=slug, name=name) for slug, name in by_slug.items()]


def _free_slug(wanted: str, article: Article | None, *, is_chosen: bool) -> str:
    """A slug nobody has. One that an editor chose is taken as it is, or refused (SlugTaken)."""
    base = slugify(wanted)
    slug, number = base, 2
    while not slug or slug in RESERVED_SLUGS or _is_taken(slug, article):
        if is_chosen:
            raise SlugTaken(base)
        slug, number = f"{base[:75]}-{number}", number + 1
    return slug


def _is_taken(slug: str, article: Article | None) -> bool:
    with db.session.no_autoflush:
        other = db.session.scalar(sa.select(Article.id).where(Article.slug == slug))
    return other is not None and (article is None or other != article.id)


def _flush(article: Article) -> None:
    slug = article.slug
    try:
        db.session.flush()
    except IntegrityError as error:
        raise SlugTaken(slug) from error


def _forget_redirects(*slugs: str) -> None:
    """An address that a text has now, or has last had, leads nowhere else."""
    db.session.execute(sa.delete(Redirect).where(Redirect.slug.in_(slugs)))


def _note_images(article: Article) -> None:
    db.session.execute(sa.delete(ArticleImage).where(ArticleImage.article_id == article.id))
    for image_id in images_by_id(image_ids(article.body)):
        db.session.add(ArticleImage(article_id=article.id, image_id=image_id))
    db.session.flush()


def _index(article: Article) -> None:
    search.put(
        article.id,
        title=article.title,
        headings=heading_text(article.body),
        text=f"{article.summary} {plain_text(article.body)}",
    )


def _check_ready(article: Article) -> None:
    missing = [] if article.summary else ["a summary"]
    if not article.words:
        missing.append("a text")
    if article.kind == Kind.POST:
        image = images_by_id([article.image_id] if article.image_id else []).get(article.image_id or 0)
        if article.category_id is None:
            missing.append("a category")
        if article.author_id is None:
            missing.append("an author")
        if image and not (image.alt and image.credit):
            missing.append("an alt text and a credit of its picture")
    if missing:
        raise NotReady(missing)
