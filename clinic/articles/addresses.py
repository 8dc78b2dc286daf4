"""Addresses of the site: which are in use, which a text may take, and which no text may."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer

from clinic.articles.errors import SlugTaken
from clinic.articles.models import (
    Article,
    Author,
    Category,
    Kind,
    Redirect,
    Tag,
)
from clinic.bookings.models import Service
from clinic.core.db import db
from clinic.core.text import slugify

FIXED_ADDRESSES = frozenset(["/", "/articles/", "/book/", "/search/", "/feed.xml", "/sitemap.xml"])
LISTED: dict[str, type[Category] | type[Tag]] = {"category": Category, "tag": Tag}
# First parts of addresses that pages may not take, because the site itself answers there.
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


def _free_slug(wanted: str, article: Article | None, *, is_chosen: bool, kind: Kind = Kind.POST) -> str:
    """A slug nobody has. One that an editor chose is taken as it is, or refused (SlugTaken).

    One that is made from a title leaves alone what a redirect still leads away from.
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


def forget_redirects(*paths: str) -> None:
    """An address that a text has now, or has last had, leads nowhere else."""
    db.session.execute(sa.delete(Redirect).where(Redirect.path.in_(paths)))


def holder_of_slug(slug: str) -> Article | None:
    """Which text has a slug, in whatever state, the trash included."""
    return db.session.scalar(sa.select(Article).where(Article.slug == slug).options(defer(Article.body)))


def is_known_address(path: str) -> bool:
    """Whether this site answers at a path, or will once what is there is published."""
    parts = path.strip("/").split("/")
    if path in FIXED_ADDRESSES or path.startswith("/media/"):
        return True
    match parts:
        case ["articles", ("category" | "tag") as kind, slug]:
            known = sa.select(LISTED[kind].id).where(LISTED[kind].slug == slug)
        case ["articles", slug]:
            known = sa.select(Article.id).where(Article.kind == Kind.POST, Article.slug == slug)
        case ["services", slug]:
            known = sa.select(Service.id).where(Service.slug == slug)
        case ["team", slug]:
            known = sa.select(Author.id).where(Author.slug == slug)
        case [slug]:
            known = sa.select(Article.id).where(Article.kind == Kind.PAGE, Article.slug == slug)
        case _:
            return False
    old = sa.select(Redirect.id).where(Redirect.path == f"/{path.strip('/')}/")
    return db.session.scalar(known.limit(1)) is not None or db.session.scalar(old) is not None


def is_answered(path: str) -> bool:
    """Whether readers find something at a path of this site that no redirect brings them from."""
    parts = path.strip("/").split("/")
    if len(parts) == 1 and (not parts[0] or parts[0] in RESERVED_SLUGS):
        return True
    models: dict[tuple[str, ...], type[Any]] = {
        ("articles", "category"): Category,
        ("articles", "tag"): Tag,
        ("team",): Author,
        ("services",): Service,
    }
    model = models.get(tuple(parts[:-1]))
    if model is not None:
        shown = (Service.is_active,) if model is Service else ()
        return db.session.scalar(sa.select(model.id).where(model.slug == parts[-1], *shown)) is not None
    article = _article_at(path)
    return article is not None and article.is_public


def _article_at(path: str) -> Article | None:
    parts = path.strip("/").split("/")
    if len(parts) == 2 and parts[0] == "articles":
        where = (Article.kind == Kind.POST, Article.slug == parts[1])
    elif len(parts) == 1:
        where = (Article.kind == Kind.PAGE, Article.slug == parts[0])
    else:
        return None
    return db.session.scalar(sa.select(Article).where(*where))
