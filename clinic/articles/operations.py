"""Every write about articles and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.articles import emails
from clinic.articles.addresses import _free_slug, _is_taken, forget_redirects
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
    image_alt: str = ""  # instead of the picture's own words, where others fit better
    image_credit: str = ""
    image_source: str = ""
    image_licence: str = ""
    tags: list[str] = field(default_factory=list)
    teaser_ids: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, article: Article) -> "Text":
        """What is stored."""
        own = {name: getattr(article, name) for name in cls.__dataclass_fields__ if hasattr(article, name)}
        own["tags"] = sorted(tag.name for tag in article.tags)
        return cls(**own, teaser_ids=[teaser.shown_id for teaser in article.teasers])

    def as_fields(self) -> dict[str, Any]:
        """For a JSON column."""
        return vars(self) | {"reviewed_on": self.reviewed_on.isoformat() if self.reviewed_on else None}

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Text":
        """From a JSON column."""
        day = fields.get("reviewed_on")
        known = {name: value for name, value in fields.items() if name in cls.__dataclass_fields__}
        return cls(**known | {"reviewed_on": date.fromisoformat(day) if day else None})


@atomic()
def write_article(kind: Kind, text: Text, *, by: audit.Actor | None = None) -> Article:
    """A new draft. An empty slug is made from the title. Raises SlugTaken."""
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
    """Save a changed text and keep it as a revision; a text that is the same changes nothing.

    `despite` is why a published text is saved although there are findings. Once published, a changed slug leaves a
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
        if article.state == ArticleState.PUBLISHED:  # a draft takes no address from a redirect that readers use
            forget_redirects(article.address)
        if was_published:
            forget_redirects(old_address)
            db.session.add(Redirect(path=old_address, article_id=article.id, created_at=clock.now()))
    _keep_revision(article, by)
    audit.record(verb, article, by=by, detail=despite or article.title)
    return article


@atomic()
def restore_revision(revision: Revision, *, despite: str = "", by: audit.Actor | None = None) -> Article:
    """Make an article again what it was after an earlier save: that is a new revision. Raises NotReady.

    What the old text names and is no longer there (an author, a picture) is left out, and an address that is another's
    by now is not taken back.
    """
    article = db.session.get_one(Article, revision.article_id)
    text = restorable_text(article, revision)
    return edit_article(article, text, despite=despite, by=by, verb="restored")


def restorable_text(article: Article, revision: Revision) -> Text:
    """The text of an earlier save as it can be restored now."""
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
    """Show an article to readers, now or from `at` on. Raises NotReady. Publishing again keeps the first date.

    `despite` is why it is published although there were findings (preflight.py).
    """
    _check_ready(article)
    now = clock.now()
    was_public = article.published_at is not None and article.published_at <= now
    article.published_at = at or (article.published_at if was_public else now)
    article.state = ArticleState.PUBLISHED
    article.retired_because, article.successor_id = "", None
    if article.is_public:
        forget_redirects(article.address)  # one that is scheduled lets it lead on until then
    _index(article)
    audit.record("published" if article.is_public else "scheduled", article, by=by, detail=despite or article.title)
    return article


@atomic()
def unschedule_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Make a scheduled article a draft again; harmless when its time has come."""
    db.session.refresh(article, with_for_update={"of": Article})
    if article.state_word == "scheduled":
        article.state, article.published_at = ArticleState.DRAFT, None
        search.drop(article.id)
        audit.record("unscheduled", article, by=by, detail=article.title)


@atomic()
def retire_article(
    article: Article, *, because: str = "", successor: Article | None = None, by: audit.Actor | None = None
) -> Article:
    """Take an article down. Its address answers 410 from now on, or leads to the successor. Raises RedirectRefused."""
    onward = successor
    while onward is not None:
        if onward.id == article.id:
            raise RedirectRefused("Readers would be sent in a circle. Choose another article.")
        onward = onward.successor
    article.state = ArticleState.RETIRED
    article.retired_because = because
    article.successor_id = successor.id if successor else None
    search.drop(article.id)
    audit.record("retired", article, by=by, detail=because or article.title)
    return article


@atomic()
def trash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Hide an article from readers and from the lists. It keeps everything, its slug too, until it is swept."""
    if article.trashed_at is None:
        article.trashed_at = clock.now()
        audit.record("trashed", article, by=by, detail=article.title)


@atomic()
def untrash_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Bring an article back from the trash exactly as it was."""
    if article.trashed_at is not None:
        article.trashed_at = None
        audit.record("untrashed", article, by=by, detail=article.title)


def sweep_trash() -> None:
    """Remove for good what has lain in the trash for its time."""
    old = sa.select(Article).where(Article.trashed_at < clock.now() - TRASH_KEPT).limit(100)
    for_each(db.session.scalars(old).all(), delete_article)


@atomic()
def sign_off_article(article: Article, *, on: date, by: audit.Actor | None = None) -> None:
    """Note that the text as it stands was read by its reviewer and is correct."""
    article.reviewed_on = on
    _note_sign_off(article)
    audit.record("confirmed", article, by=by, detail=article.title)


def remind_of_reviews(today: date) -> None:
    """Write one mail for each article whose review is due by this day of the clinic's calendar."""
    due = sa.select(Article).where(Article.review_due_on <= today, Article.state == ArticleState.PUBLISHED)
    for_each(db.session.scalars(due.where(Article.trashed_at.is_(None)).limit(200)).all(), emails.review_due)


@atomic()
def delete_article(article: Article, *, by: audit.Actor | None = None) -> None:
    """Remove an article with its comments for good."""
    audit.record("deleted", article, by=by, detail=article.title)
    search.drop(article.id)
    db.session.delete(article)


@atomic()
def add_reads(counts: Mapping[tuple[str, date], int]) -> None:
    """Add to the counts of articles (by slug) and days. A slug that is nobody's any more is left out."""
    slugs = {slug for slug, _ in counts}
    ids = {
        row.slug: row.id
        for row in db.session.execute(sa.select(Article.slug, Article.id).where(Article.slug.in_(slugs)))
    }
    rows = sorted((ids[slug], day, reads) for (slug, day), reads in counts.items() if slug in ids)
    for id_, day, reads in rows:  # in one order everywhere, so that two processes never wait for each other in a circle
        insert = upsert(ReadCount).values(article_id=id_, day=day, reads=reads)
        add = {"reads": ReadCount.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["article_id", "day"], set_=add))
    for day in sorted({day for _, day, _ in rows}):
        insert = upsert(ReadDay).values(day=day, reads=sum(reads for _, on, reads in rows if on == day))
        add = {"reads": ReadDay.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["day"], set_=add))


@atomic()
def reindex_article(id_: int) -> None:
    """Put one text into the search index anew, if it is published."""
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
    """The category with this slug, made if it is not there."""
    category = db.session.scalar(sa.select(Category).where(Category.slug == slug))
    if category is None:
        category = Category(slug=slug, name=clean_line(name))
        db.session.add(category)
        db.session.flush()
    return category


@atomic()
def ensure_author(*, slug: str, name: str, title: str, bio: str) -> Author:
    """The author with this slug, made if they are not there."""
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


def _flush(article: Article) -> None:
    slug = article.slug
    try:
        db.session.flush()
    except IntegrityError as error:
        raise SlugTaken(slug) from error


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
    """For an article that is older than revisions are."""
    if db.session.scalar(sa.select(Revision.id).where(Revision.article_id == article.id).limit(1)) is None:
        _keep_revision(article, None)


def _note_sign_off(article: Article) -> None:
    """Which words the reviewer has read, and when the next review is due."""
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
    """Note which articles share its telling words. Here and not when a page is read: the question costs a search."""
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
