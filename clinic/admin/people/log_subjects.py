"""Names of the items in the log ("article:12") as people know them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import url_for

from clinic.accounts.models import User
from clinic.admin.kit.ids import row_id
from clinic.admin.settings.preferences import PreferenceForm
from clinic.articles.models import Article, Author, Category, Kind, Redirect, Tag
from clinic.bookings.models import Booking, Service, Voucher
from clinic.comments.models import Comment
from clinic.core.db import db
from clinic.leads.models import Lead
from clinic.media.models import Image
from clinic.outbox.models import Message

# Word in the log, and word for people.
KINDS = {
    "article": "Article",
    "comment": "Comment",
    "lead": "Lead",
    "booking": "Booking",
    "voucher": "Voucher",
    "image": "Picture",
    "message": "Email",
    "user": "Person",
    "service": "Service",
    "category": "Category",
    "tag": "Tag",
    "author": "Author",
    "redirect": "Redirect",
    "preference": "Setting",
    "leads": "Leads",
}


@dataclass(frozen=True)
class Subject:
    """Item of the log with its name, or its number if it was deleted. `url` is its page, if it has one."""

    key: str
    kind: str
    name: str = ""
    url: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


def subjects_named(keys: Iterable[str]) -> dict[str, Subject]:
    """Return the items with these keys, with a fixed number of statements."""
    wanted = set(keys)
    found = {key: _without_row(key) for key in wanted}
    ids: dict[str, list[int]] = {}
    for key in wanted:
        kind, _, rest = key.partition(":")
        number = row_id(rest)
        if number is not None:
            ids.setdefault(kind, []).append(number)
    parts = [source for kind, numbers in ids.items() for source in _sources(kind, numbers)]
    if parts:
        for kind, number, name, endpoint in db.session.execute(sa.union_all(*parts)):
            key = f"{kind}:{number}"
            url = url_for(endpoint, id=number) if endpoint else ""
            found[key] = Subject(key, KINDS.get(kind, kind), name, url)
    return found


def _without_row(key: str) -> Subject:
    kind, _, rest = key.partition(":")
    word = KINDS.get(kind, kind.capitalize())
    if kind == "preference":
        field = dict(PreferenceForm()._fields).get(rest)
        return Subject(key, word, field.label.text if field else rest, f"{url_for('settings_admin.index')}#{rest}")
    return Subject(key, word, f"{rest}, deleted" if rest and _sources(kind, []) else rest)


def _sources(kind: str, ids: list[int]) -> list[sa.Select[Any]]:
    def of(model: Any, name: Any, endpoint: str = "", *where: Any) -> sa.Select[Any]:
        texts = sa.literal(kind).label("kind"), model.id.label("id"), name.label("name")
        return sa.select(*texts, sa.literal(endpoint).label("endpoint")).where(model.id.in_(ids), *where)

    match kind:
        case "article":
            posts = of(Article, Article.title, "articles_admin.edit_view", Article.kind == Kind.POST)
            return [posts, of(Article, Article.title, "pages_admin.edit_view", Article.kind == Kind.PAGE)]
        case "comment":
            return [of(Comment, Comment.name)]
        case "lead":
            return [of(Lead, Lead.name, "leads_admin.details_view")]
        case "booking":
            return [of(Booking, Lead.name).join(Lead, Lead.id == Booking.lead_id)]
        case "voucher":
            return [of(Voucher, Voucher.code)]
        case "image":
            name = sa.case((Image.alt != "", Image.alt), else_=Image.filename)
            return [of(Image, name, "media_admin.edit_view")]
        case "message":
            return [of(Message, Message.subject, "outbox_admin.details_view")]
        case "user":
            return [of(User, User.name, "people_admin.edit_view")]
        case "service":
            return [of(Service, Service.name)]
        case "category":
            return [of(Category, Category.name)]
        case "tag":
            return [of(Tag, Tag.name)]
        case "author":
            return [of(Author, Author.name)]
        case "redirect":
            return [of(Redirect, Redirect.path)]
        case _:
            return []
