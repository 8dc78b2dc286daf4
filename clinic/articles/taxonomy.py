"""Write operations on the taxonomy of articles: categories, tags and authors."""

from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from clinic.articles.addresses import forget_redirects
from clinic.articles.errors import NameTaken, SlugTaken, StillUsed
from clinic.articles.models import (
    Article,
    Author,
    Category,
    Redirect,
    Tag,
    article_tag,
)
from clinic.articles.redirects import follow_move
from clinic.core import audit
from clinic.core.db import atomic, claim_unique, db
from clinic.core.text import clean_line, clean_text, slugify

Sorter = TypeVar("Sorter", Category, Tag, Author)


@dataclass(frozen=True)
class Portrayal:
    """Public details of a team member."""

    name: str
    title: str
    bio: str
    slug: str = ""
    is_on_team: bool = True
    image_id: int | None = None


@atomic()
def add_category(*, name: str, slug: str = "", by: audit.Actor | None = None) -> Category:
    """Add a category at the end; an empty slug is made from the name. Raises NameTaken, SlugTaken."""
    return _keep(Category(name=clean_line(name), slug=_slug(slug, name)), "added", by)


@atomic()
def change_category(category: Category, *, name: str, slug: str = "", by: audit.Actor | None = None) -> Category:
    """Rename a category; a changed slug leaves a redirect. Raises NameTaken, SlugTaken."""
    old = category.address
    category.name, category.slug = clean_line(name), _slug(slug or category.slug, name)
    return _keep(category, "changed", by, old)


@atomic()
def delete_category(category: Category, *, by: audit.Actor | None = None) -> None:
    """Delete an empty category. Raises StillUsed while articles belong to it, including trashed ones."""
    _remove(category, sa.select(sa.func.count(Article.id)).where(Article.category_id == category.id), by)


@atomic()
def add_tag(*, name: str, slug: str = "", by: audit.Actor | None = None) -> Tag:
    """Add a tag. Raises SlugTaken."""
    return _keep(Tag(name=clean_line(name), slug=_slug(slug, name)), "added", by)


@atomic()
def change_tag(tag: Tag, *, name: str, slug: str = "", by: audit.Actor | None = None) -> Tag:
    """Rename a tag; a changed slug leaves a redirect. Raises SlugTaken."""
    old = tag.address
    tag.name, tag.slug = clean_line(name), _slug(slug or tag.slug, name)
    return _keep(tag, "changed", by, old)


@atomic()
def delete_tag(tag: Tag, *, by: audit.Actor | None = None) -> None:
    """Delete a tag that no article has. Raises StillUsed."""
    _remove(tag, sa.select(sa.func.count()).where(article_tag.c.tag_id == tag.id), by)


@atomic()
def merge_tag(tag: Tag, into: Tag, *, by: audit.Actor | None = None) -> int:
    """Replace a tag by another one in all articles and redirect its address. Returns the number of articles.

    Raises ValueError for a tag and itself.
    """
    if tag.id == into.id:
        raise ValueError("a tag cannot be merged into itself")
    column = article_tag.c
    tagged = db.session.scalars(sa.select(column.article_id).where(column.tag_id == tag.id)).all()
    have = set(db.session.scalars(sa.select(column.article_id).where(column.tag_id == into.id)))
    new = [{"article_id": id_, "tag_id": into.id} for id_ in tagged if id_ not in have]
    if new:
        db.session.execute(sa.insert(article_tag), new)
    audit.record("merged", tag, by=by, detail=f"{tag.name} into {into.name}")
    old = tag.address
    db.session.execute(sa.delete(Tag).where(Tag.id == tag.id))
    db.session.expire_all()  # loaded articles still hold their old tags
    follow_move(old, into.address)
    return len(tagged)


@atomic()
def add_author(said: Portrayal, *, by: audit.Actor | None = None) -> Author:
    """Add an author at the end. Raises SlugTaken."""
    author = Author()
    _portray(author, said, _slug(said.slug, said.name))
    return _keep(author, "added", by)


@atomic()
def change_author(author: Author, said: Portrayal, *, by: audit.Actor | None = None) -> Author:
    """Change the public details; a changed slug leaves a redirect. Raises SlugTaken."""
    old = author.address
    _portray(author, said, _slug(said.slug or author.slug, said.name))
    return _keep(author, "changed", by, old)


@atomic()
def delete_author(author: Author, *, by: audit.Actor | None = None) -> None:
    """Delete an author. Raises StillUsed while articles name the author or reviewer, including trashed ones."""
    named = sa.or_(Article.author_id == author.id, Article.reviewer_id == author.id)
    _remove(author, sa.select(sa.func.count(Article.id)).where(named), by)


def _portray(author: Author, said: Portrayal, slug: str) -> None:
    author.name, author.title, author.bio = clean_line(said.name), clean_line(said.title), clean_text(said.bio)
    author.slug = slug
    author.is_on_team, author.image_id = said.is_on_team, said.image_id


def _slug(chosen: str, name: str) -> str:
    """Return the chosen slug or one made from the name, which may have no letters."""
    return slugify(chosen) or slugify(name) or "unnamed"


def _keep(row: Sorter, verb: str, by: audit.Actor | None, old: str = "") -> Sorter:
    """Flush a row and record it. `old` is its previous address."""
    name, slug = row.name, row.slug
    unique = {"name": name, "slug": slug} if isinstance(row, Category) else {"slug": slug}
    claim_unique(row, lambda column: NameTaken(name) if column == "name" else SlugTaken(slug), **unique)
    audit.record(verb, row, by=by, detail=name)
    if old and old != row.address:
        follow_move(old, row.address)
    elif not old:
        forget_redirects(row.address)
    return row


def _remove(row: Category | Tag | Author, uses: sa.Select[tuple[int]], by: audit.Actor | None) -> None:
    number = db.session.scalar(uses) or 0
    if number:
        raise StillUsed(number)
    audit.record("deleted", row, by=by, detail=row.name)
    db.session.execute(sa.delete(Redirect).where(Redirect.target == row.address))
    db.session.delete(row)
    db.session.flush()


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
