"""Write operations on articles and pages."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.articles.addresses import forget_redirects, free_slug
from clinic.articles.body import image_ids
from clinic.articles.errors import ArticleChanged, SlugTaken
from clinic.articles.indexing import index_article
from clinic.articles.lifecycle import check_ready
from clinic.articles.models import (
    Article,
    ArticleImage,
    ArticleState,
    Kind,
    Redirect,
    Revision,
    Tag,
    Teaser,
)
from clinic.articles.reviews import note_sign_off
from clinic.articles.text import Text
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.html import plain_text, sanitise
from clinic.core.text import clean_line, clean_text, slugify
from clinic.media.queries import images_by_id


@atomic()
def write_article(kind: Kind, text: Text, *, by: audit.Actor | None = None) -> Article:
    """Create a draft. An empty slug is made from the title. Raises SlugTaken."""
    now = clock.now()
    article = Article(
        kind=kind, slug="", title="", summary="", body="", state=ArticleState.DRAFT, created_at=now, updated_at=now
    )
    wanted = text.slug or slugify(text.title) or "untitled"
    _fill(article, text, free_slug(wanted, None, is_chosen=bool(text.slug), kind=kind))
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
    _fill(article, text, free_slug(text.slug or article.slug, article, is_chosen=True))
    _flush(article)
    if Text.of(article) == before:
        return article
    article.version += 1
    article.updated_at = clock.now()
    _note_images(article)
    if article.state == ArticleState.PUBLISHED:
        check_ready(article)
        index_article(article)
    if article.address != old_address:
        if article.state == ArticleState.PUBLISHED:  # a draft must not take over the address of a redirect
            forget_redirects(article.address)
        if was_published:
            forget_redirects(old_address)
            db.session.add(Redirect(path=old_address, article_id=article.id, created_at=clock.now()))
    _keep_revision(article, by)
    audit.record(verb, article, by=by, detail=despite or article.title)
    return article


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
        note_sign_off(article)
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
    """Add a first revision to an article that is older than the revision history."""
    if db.session.scalar(sa.select(Revision.id).where(Revision.article_id == article.id).limit(1)) is None:
        _keep_revision(article, None)


def _note_images(article: Article) -> None:
    db.session.execute(sa.delete(ArticleImage).where(ArticleImage.article_id == article.id))
    for image_id in images_by_id(image_ids(article.body)):
        db.session.add(ArticleImage(article_id=article.id, image_id=image_id))
    db.session.flush()
