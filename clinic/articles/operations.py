"""Write operations on articles and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.articles import emails
from clinic.articles.body import heading_text, image_ids, indexed_text
from clinic.articles.errors import ArticleChanged, NotReady, RedirectRefused, SlugTaken
from clinic.articles.models import (
    Article,
    ArticleImage,
    ArticleState,
    Author,
    Category,
    Kind,
    ReadCount,
    ReadDay,
    Redirect,
    Relation,
    Revision,
    Tag,
    Teaser,
    text_digest,
)
from clinic.core import audit, clock, search
from clinic.core.clock import months_after
from clinic.core.db import atomic, db, upsert
from clinic.core.html import plain_text, sanitise
from clinic.core.jobs import for_each
from clinic.core.preferences import preferences
from clinic.core.text import clean_line, clean_text, slugify
from clinic.media.models import Image
from clinic.media.queries import images_by_id

MOST_RELATIONS = 12
TRASH_KEPT = timedelta(days=30)
# First path segments that pages may not use, because the site itself answers there.
RESERVED_SLUGS = frozenset(
    [
        "admin",
        "articles",
        "assets",
        "book",
        "calendar",
        "change",
        "feed.xml",
        "fs-static",
        "healthz",
        "login",
        "logout",
        "media",
        "metrics",
        "preview",
        "link",
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
    """Text of an editor as typed."""

    title: str
    body: str
    summary: str = ""
    slug: str = ""
    author_id: int | None = None
    reviewer_id: int | None = None
    reviewed_on: date | None = None
    category_id: int | None = None
    image_id: int | None = None
    image_alt: str = ""  # override the image's own texts
    image_credit: str = ""
    image_source: str = ""
    image_licence: str = ""
    tags: list[str] = field(default_factory=list)
    teaser_ids: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, article: Article) -> "Text":
        """Return the stored text of an article."""
        own = {name: getattr(article, name) for name in cls.__dataclass_fields__ if hasattr(article, name)}
        own["tags"] = sorted(tag.name for tag in article.tags)
        return cls(**own, teaser_ids=[teaser.shown_id for teaser in article.teasers])

    def as_fields(self) -> dict[str, Any]:
        """Return the text as a dict for a JSON column."""
        return vars(self) | {"reviewed_on": self.reviewed_on.isoformat() if self.reviewed_on else None}

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Text":
        """Return the text from the dict of a JSON column."""
        day = fields.get("reviewed_on")
        known = {name: value for name, value in fields.items() if name in cls.__dataclass_fields__}
        return cls(**known | {"reviewed_on": date.fromisoformat(day) if day else None})


@atomic()
def write_article(kind: Kind, text: Text, *, by: audit.Actor | None = None) -> Article:
    """Create a draft. An empty slug is made from the title. Raises SlugTaken."""
    now = clock.now()
    article = Article(
        kind=kind, slug="", title="", summary="", body="", state=ArticleState.DRAFT, created_at=now, updated_at=now
    )
    wanted = text.slug or slugify(text.title) or "untitled"
    _fill(article, text, _free_slug(wanted, None, is_chosen=bool(text.slug), kind=kind))
    db.session.add(article)
    _flush(article)
    _note_images(article)
    _keep_revision(article, by)
    audit.record("wrote", article, by=by, detail=article.title)
    return article


@atomic()
def edit_article(
    article: Article,
    text: Text,
    *,
    base: int | None = None,
    despite: str = "",
    by: audit.Actor | None = None,
    verb: str = "edited",
) -> Article:
    """Save a changed text with a revision; an unchanged text is not saved.

    `despite` is the reason for saving a published text that has findings. Once published, a changed slug leaves a
    redirect. `base` is the version that the editor started from. Raises SlugTaken, NotReady, and ArticleChanged when
    there is a newer version than `base`.
    """
    db.session.refresh(article, with_for_update={"of": Article})
    if base is not None and base != article.version:
        raise ArticleChanged(article.version)
    _keep_first_revision(article)
    before, old_address = Text.of(article), article.address
    was_published = article.published_at is not None
    _fill(article, text, _free_slug(text.slug or article.slug, article, is_chosen=True))
    _flush(article)
    if Text.of(article) == before:
        return article
    article.version += 1
    article.updated_at = clock.now()
    _note_images(article)
    if article.state == ArticleState.PUBLISHED:
        _check_ready(article)
        _index(article)
    if article.address != old_address:
        if article.state == ArticleState.PUBLISHED:  # a draft must not take over the address of a redirect
            forget_redirects(article.address)
        if was_published:
            forget_redirects(old_address)
            db.session.add(Redirect(path=old_address, article_id=article.id, created_at=clock.now()))
    _keep_revision(article, by)
    audit.record(verb, article, by=by, detail=despite or article.title)
    return article


@atomic()
def restore_revision(revision: Revision, *, despite: str = "", by: audit.Actor | None = None) -> Article:
    """Restore an earlier revision of an article, as a new revision. Raises NotReady.

    An author or image that no longer exists is left out. A slug that another text has taken since is not restored.
    """
    article = db.session.get_one(Article, revision.article_id)
    text = restorable_text(article, revision)
    return edit_article(article, text, despite=despite, by=by, verb="restored")


def restorable_text(article: Article, revision: Revision) -> Text:
    """Return the text of a revision as it can be restored now."""
    text = Text.from_fields(revision.fields)
    if _is_taken(text.slug, article):
        text.slug = article.slug
    models = {"author_id": Author, "reviewer_id": Author, "category_id": Category, "image_id": Image}
    for name, model in models.items():
        if getattr(text, name) is not None and db.session.get(model, getattr(text, name)) is None:
            setattr(text, name, None)
    text.teaser_ids = [id_ for id_ in text.teaser_ids if db.session.get(Article, id_)]
    return text


@atomic()
def publish_article(
    article: Article, *, at: datetime | None = None, despite: str = "", by: audit.Actor | None = None
) -> Article:
    """Publish an article now or from `at` on. Raises NotReady. Publishing again keeps the first date.

    `despite` is the reason for publishing with findings (preflight.py).
    """
    _check_ready(article)
    now = clock.now()
    was_public = article.published_at is not None and article.published_at <= now
    article.published_at = at or (article.published_at if was_public else now)
    article.state = ArticleState.PUBLISHED
    article.retired_because, article.successor_id = "", None
    if article.is_public:
        forget_redirects(article.address)  # the redirect of a scheduled article stays until it is published
    _index(article)
    audit.record("published" if article.is_public else "scheduled", article, by=by, detail=despite or article.title)
    return article


@atomic()
def unschedule_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Turn a scheduled article into a draft. Does nothing if it is already published."""
    db.session.refresh(article, with_for_update={"of": Article})
    if article.state_word == "scheduled":
        article.state, article.published_at = ArticleState.DRAFT, None
        search.drop(article.id)
        audit.record("unscheduled", article, by=by, detail=article.title)


@atomic()
def retire_article(
    article: Article, *, because: str = "", successor: Article | None = None, by: audit.Actor | None = None
) -> Article:
    """Retire an article. Its address then answers 410 or redirects to the successor. Raises RedirectRefused."""
    onward = successor
    while onward is not None:
        if onward.id == article.id:
            raise RedirectRefused("This redirect would lead in a circle. Choose another article.")
        onward = onward.successor
    article.state = ArticleState.RETIRED
    article.retired_because = because
    article.successor_id = successor.id if successor else None
    search.drop(article.id)
    audit.record("retired", article, by=by, detail=because or article.title)
    return article


@atomic()
def trash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Move an article to the trash.

    It disappears from the site and the lists, but keeps its slug until it is deleted.
    """
    if article.trashed_at is None:
        article.trashed_at = clock.now()
        audit.record("trashed", article, by=by, detail=article.title)


@atomic()
def untrash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Restore an article from the trash unchanged."""
    if article.trashed_at is not None:
        article.trashed_at = None
        audit.record("untrashed", article, by=by, detail=article.title)


def sweep_trash() -> None:
    """Delete articles permanently whose time in the trash is over."""
    old = sa.select(Article).where(Article.trashed_at < clock.now() - TRASH_KEPT).limit(100)
    for_each(db.session.scalars(old).all(), delete_article)


@atomic()
def sign_off_article(article: Article, *, on: date, by: audit.Actor | None = None) -> None:
    """Record that the reviewer has read the present text and that it is correct."""
    article.reviewed_on = on
    _note_sign_off(article)
    audit.record("confirmed", article, by=by, detail=article.title)


def remind_of_reviews(today: date) -> None:
    """Enqueue one email for each article whose review is due by this day of the clinic's calendar."""
    due = sa.select(Article).where(Article.review_due_on <= today, Article.state == ArticleState.PUBLISHED)
    for_each(db.session.scalars(due.where(Article.trashed_at.is_(None)).limit(200)).all(), emails.review_due)


@atomic()
def delete_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Delete an article and its comments permanently."""
    audit.record("deleted", article, by=by, detail=article.title)
    search.drop(article.id)
    db.session.delete(article)


@atomic()
def add_reads(counts: Mapping[tuple[str, date], int]) -> None:
    """Add reads by slug and day to the counts. Slugs of deleted articles are skipped."""
    slugs = {slug for slug, _ in counts}
    ids = {
        row.slug: row.id
        for row in db.session.execute(sa.select(Article.slug, Article.id).where(Article.slug.in_(slugs)))
    }
    rows = sorted((ids[slug], day, reads) for (slug, day), reads in counts.items() if slug in ids)
    for id_, day, reads in rows:  # one lock order everywhere prevents deadlocks
        insert = upsert(ReadCount).values(article_id=id_, day=day, reads=reads)
        add = {"reads": ReadCount.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["article_id", "day"], set_=add))
    for day in sorted({day for _, day, _ in rows}):
        insert = upsert(ReadDay).values(day=day, reads=sum(reads for _, on, reads in rows if on == day))
        add = {"reads": ReadDay.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["day"], set_=add))


@atomic()
def reindex_article(id_: int) -> None:
    """Reindex one text if it is published."""
    article = db.session.get(Article, id_)
    if article and article.state == ArticleState.PUBLISHED:
        _index(article)


def refold_articles(most: int = 25) -> bool:
    """Build a part of the search index anew if words are folded in another way than when it was built. True: there was
    something to do."""
    begin = search.place_to_fold("articles")
    if begin is None:
        return False
    following = sa.select(Article.id).where(Article.id > begin).order_by(Article.id).limit(most)
    ids = list(db.session.scalars(following))
    for id_ in ids:
        reindex_article(id_)
    search.note_folded("articles", ids[-1] if ids else None)
    if not ids:
        search.forget_old_words()
    return True


@atomic()
def ensure_category(*, slug: str, name: str) -> Category:
    """Return the category with this slug; create it if it is missing."""
    category = db.session.scalar(sa.select(Category).where(Category.slug == slug))
    if category is None:
        category = Category(slug=slug, name=clean_line(name))
        db.session.add(category)
        db.session.flush()
    return category


@atomic()
def ensure_author(*, slug: str, name: str, title: str, bio: str) -> Author:
    """Return the author with this slug; create it if it is missing."""
    author = db.session.scalar(sa.select(Author).where(Author.slug == slug))
    if author is None:
        author = Author(slug=slug, name=clean_line(name), title=clean_line(title), bio=clean_text(bio))
        db.session.add(author)
        db.session.flush()
    return author


def _fill(article: Article, text: Text, slug: str) -> None:
    article.slug = slug
    article.title = clean_line(text.title)
    article.summary = clean_text(text.summary)
    article.body = sanitise(text.body)
    article.words = len(plain_text(article.body).split())
    article.author_id = text.author_id
    is_new_review = (article.reviewer_id, article.reviewed_on) != (text.reviewer_id, text.reviewed_on)
    article.reviewer_id = text.reviewer_id
    article.reviewed_on = text.reviewed_on
    if is_new_review:
        _note_sign_off(article)
    article.category_id = text.category_id
    article.image_id = text.image_id
    article.image_alt = clean_line(text.image_alt)
    article.image_credit = clean_line(text.image_credit)
    article.image_source = clean_line(text.image_source)
    article.image_licence = clean_line(text.image_licence)
    with db.session.no_autoflush:
        article.tags = _tags_named(text.tags)
        wanted = [id_ for id_ in dict.fromkeys(text.teaser_ids) if id_ != article.id]
        if [teaser.shown_id for teaser in article.teasers] != wanted:
            kept = {teaser.shown_id: teaser for teaser in article.teasers}
            article.teasers = [kept.get(id_) or Teaser(shown_id=id_) for id_ in wanted]
            article.teasers.reorder()  # type: ignore[attr-defined]


def _tags_named(names: list[str]) -> list[Tag]:
    by_slug = {slugify(name): name for name in map(clean_line, names) if slugify(name)}
    known = {tag.slug: tag for tag in db.session.scalars(sa.select(Tag).where(Tag.slug.in_(by_slug)))}
    return [known.get(slug) or Tag(slug=slug, name=name) for slug, name in by_slug.items()]


def _free_slug(wanted: str, article: Article | None, *, is_chosen: bool, kind: Kind = Kind.POST) -> str:
    """Return a slug that is free. A slug chosen by an editor is used unchanged or refused (SlugTaken).

    A slug made from a title avoids addresses that redirect elsewhere.
    """
    base = slugify(wanted)
    slug, number = base, 2
    while (
        not slug
        or slug in RESERVED_SLUGS
        or _is_taken(slug, article)
        or (not is_chosen and _is_redirected(Article(kind=kind, slug=slug).address))
    ):
        if is_chosen:
            raise SlugTaken(base)
        slug, number = f"{base[:75]}-{number}", number + 1
    return slug


def _is_redirected(path: str) -> bool:
    with db.session.no_autoflush:
        return db.session.scalar(sa.select(Redirect.id).where(Redirect.path == path)) is not None


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


def forget_redirects(*paths: str) -> None:
    """Remove redirects from the present and the last address of a text."""
    db.session.execute(sa.delete(Redirect).where(Redirect.path.in_(paths)))


def _keep_revision(article: Article, by: audit.Actor | None) -> None:
    fields = Text.of(article).as_fields()
    db.session.add(
        Revision(
            article_id=article.id,
            version=article.version,
            at=article.updated_at,
            by_id=by.id if by else None,
            fields=fields,
        )
    )


def _keep_first_revision(article: Article) -> None:
    """Add a first revision to an article that is older than the revision history."""
    if db.session.scalar(sa.select(Revision.id).where(Revision.article_id == article.id).limit(1)) is None:
        _keep_revision(article, None)


def _note_sign_off(article: Article) -> None:
    """Store the digest of the reviewed text and the due date of the next review."""
    is_reviewed = article.reviewed_on is not None and article.reviewer_id is not None
    article.signed_off = text_digest(article.title, article.summary, article.body) if is_reviewed else ""
    article.review_due_on = (
        months_after(article.reviewed_on, preferences().review_months) if is_reviewed and article.reviewed_on else None
    )


def _note_images(article: Article) -> None:
    db.session.execute(sa.delete(ArticleImage).where(ArticleImage.article_id == article.id))
    for image_id in images_by_id(image_ids(article.body)):
        db.session.add(ArticleImage(article_id=article.id, image_id=image_id))
    db.session.flush()


def _index(article: Article) -> None:
    headings, text = heading_text(article.body), indexed_text(article.summary, article.body)
    search.put(article.id, title=article.title, headings=headings, text=text)
    if article.kind == Kind.POST:
        _relate(article, f"{article.title} {headings} {text}")


def _relate(article: Article, text: str) -> None:
    """Record related articles. Done on saving and not on reading, because it costs a search."""
    db.session.execute(
        sa.delete(Relation).where(sa.or_(Relation.article_id == article.id, Relation.shown_id == article.id))
    )
    alike = search.similar(article.id, text, MOST_RELATIONS)
    posts = db.session.scalars(sa.select(Article.id).where(Article.id.in_(alike), Article.kind == Kind.POST))
    for other in posts.all():
        db.session.add(Relation(article_id=article.id, shown_id=other, score=alike[other]))
        db.session.add(Relation(article_id=other, shown_id=article.id, score=alike[other]))


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
        says = image and (image.alt or image.is_decorative or article.image_alt)
        if image and not (says and (image.credit or article.image_credit)):
            missing.append("an alt text and a credit of its picture")
    if missing:
        raise NotReady(missing)
