"""The address book: addresses in use, addresses that an article may take, and reserved ones."""

import sqlalchemy as sa
from sqlalchemy.orm import defer

from clinic.articles.errors import SlugTaken
from clinic.articles.models import (
    Article,
    Kind,
    Redirect,
)
from clinic.core.db import Base, db
from clinic.core.text import slugify

FIXED_ADDRESSES = frozenset(["/", "/articles/", "/book/", "/search/", "/feed.xml", "/sitemap.xml"])
# Folders whose pages are rows, and the table of these rows. Tables of parts above this one are known by name.
LISTED = {
    ("articles", "category"): "category",
    ("articles", "tag"): "tag",
    ("team",): "author",
    ("services",): "service",
}
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


def free_slug(wanted: str, article: Article | None, *, is_chosen: bool, kind: Kind = Kind.POST) -> str:
    """Return a slug that no other article has.

    A slug that an editor chose is returned unchanged or refused (SlugTaken). One that is made from a title gets a
    number, and avoids addresses that a redirect still leads away from.
    """
    base = slugify(wanted)
    slug, number = base, 2
    while (
        not slug
        or slug in RESERVED_SLUGS
        or is_taken(slug, article)
        or (not is_chosen and _is_redirected(Article(kind=kind, slug=slug).address))
    ):
        if is_chosen:
            raise SlugTaken(base)
        slug, number = f"{base[:75]}-{number}", number + 1
    return slug


def _is_redirected(path: str) -> bool:
    with db.session.no_autoflush:
        return db.session.scalar(sa.select(Redirect.id).where(Redirect.path == path)) is not None


def is_taken(slug: str, article: Article | None) -> bool:
    """Return whether another article has this slug, in whatever state."""
    with db.session.no_autoflush:
        other = db.session.scalar(sa.select(Article.id).where(Article.slug == slug))
    return other is not None and (article is None or other != article.id)


def forget_redirects(*paths: str) -> None:
    """Delete the redirects of these paths, because an article stands there now or stood there last."""
    db.session.execute(sa.delete(Redirect).where(Redirect.path.in_(paths)))


def holder_of_slug(slug: str) -> Article | None:
    """Return the article with a slug, in whatever state, the trash included."""
    return db.session.scalar(sa.select(Article).where(Article.slug == slug).options(defer(Article.body)))


def is_known_address(path: str) -> bool:
    """Return whether this site answers at a path, or will once the page there is published."""
    if path in FIXED_ADDRESSES or path.startswith("/media/") or _is_shown(path) is not None:
        return True
    return _is_redirected(f"/{path.strip('/')}/")


def is_answered(path: str) -> bool:
    """Return whether readers find a page at a path without being redirected."""
    first, *rest = path.strip("/").split("/")
    return (not rest and (not first or first in RESERVED_SLUGS)) or bool(_is_shown(path))


def _is_shown(path: str) -> bool | None:
    """Return whether readers see the page at a path, and None if there is no page that staff have written."""
    *folders, slug = path.strip("/").split("/")
    table = LISTED.get(tuple(folders))
    if table is None:
        article = article_at(path)
        return article.is_public if article else None
    rows = Base.metadata.tables[table]
    is_shown = db.session.scalar(sa.select(rows.c.get("is_active", sa.true())).where(rows.c.slug == slug))
    return None if is_shown is None else bool(is_shown)


def article_at(path: str) -> Article | None:
    """Return the article or page with this path, in whatever state."""
    parts = path.strip("/").split("/")
    if len(parts) == 2 and parts[0] == "articles":
        where = (Article.kind == Kind.POST, Article.slug == parts[1])
    elif len(parts) == 1:
        where = (Article.kind == Kind.PAGE, Article.slug == parts[0])
    else:
        return None
    return db.session.scalar(sa.select(Article).where(*where))


def article_id_with_slug(slug: str) -> int | None:
    """Return the id of the article with a slug, if there is one."""
    return db.session.scalar(sa.select(Article.id).where(Article.slug == slug)) if slug else None
