"""Lists of articles: all, by category, by tag, by author."""

from flask import (
    abort,
    render_template,
    request,
)

from clinic.articles.lists import published_articles
from clinic.articles.models import Category, Tag
from clinic.articles.queries import author_with_slug, categories, category_with_slug, tag_with_slug
from clinic.reading.blueprint import bp
from clinic.reading.structured_data import clinic_data, json_ld, person_data, trail_data
from clinic.web.filters import local_now
from clinic.web.pages.memory import cached_preferences
from clinic.web.pages.store import stored


@bp.get("/articles/")
@stored("page")
def articles() -> str:
    """Show all articles, newest first."""
    return _list("Articles", None, None)


@bp.get("/articles/category/<slug>/")
@stored("page")
def category(slug: str) -> str:
    """Show the articles of one category."""
    found = category_with_slug(slug) or abort(404)
    return _list(found.name, found, None)


@bp.get("/articles/tag/<slug>/")
@stored("page")
def tag(slug: str) -> str:
    """Show the articles with one tag."""
    found = tag_with_slug(slug) or abort(404)
    return _list(f"Articles on {found.name}", None, found)


def _list(title: str, category: Category | None, tag: Tag | None) -> str:
    listing = published_articles(_page_number(), category=category, tag=tag) or abort(404)
    return render_template(
        "articles/list.html", title=title, listing=listing, categories=categories(), category=category
    )


def _page_number() -> int:
    number = request.args.get("page", "1")
    if not number.isascii() or not number.isdecimal() or len(number) > 6:
        abort(404)
    return int(number)


@bp.get("/team/<slug>/")
@stored("page")
def author(slug: str) -> str:
    """Show one team member with their articles."""
    found = author_with_slug(slug) or abort(404)
    number = _page_number()
    listing = published_articles(number, author=found) or abort(404)
    data = json_ld(
        person_data(found),
        clinic_data(cached_preferences(), local_now().date()),
        trail_data([("Home", "/"), ("Team", "/team/"), (found.name, found.address)]),
    )
    return render_template("articles/author.html", author=found, listing=listing, data=data)
