"""Revisions of articles: earlier saves, listed and restored."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.articles.addresses import is_taken
from clinic.articles.models import (
    Article,
    Author,
    Category,
    Revision,
)
from clinic.articles.operations import edit_article
from clinic.articles.text import Text
from clinic.core import audit
from clinic.core.db import atomic, db
from clinic.media.models import Image


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
    if is_taken(text.slug, article):
        text.slug = article.slug
    models = {"author_id": Author, "reviewer_id": Author, "category_id": Category, "image_id": Image}
    for name, model in models.items():
        if getattr(text, name) is not None and db.session.get(model, getattr(text, name)) is None:
            setattr(text, name, None)
    text.teaser_ids = [id_ for id_ in text.teaser_ids if db.session.get(Article, id_)]
    return text


def revisions_of(article: Article, most: int = 200) -> list[Revision]:
    """Return the revisions of an article, newest first."""
    newest = sa.select(Revision).where(Revision.article_id == article.id).order_by(Revision.id.desc())
    return list(db.session.scalars(newest.options(joinedload(Revision.by)).limit(most)))


def revision_of(article: Article, version: int) -> Revision | None:
    """Return the revision of one version."""
    wanted = sa.select(Revision).where(Revision.article_id == article.id, Revision.version == version)
    return db.session.scalar(wanted.options(joinedload(Revision.by)).order_by(Revision.id.desc()).limit(1))
