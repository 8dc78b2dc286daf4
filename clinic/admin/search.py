"""Search over everything in the panel that a person may open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.queries import find_users
from clinic.admin.kit.guarded import Guarded
from clinic.admin.settings.preferences import PreferenceForm
from clinic.articles.finding import find_articles
from clinic.articles.models import Kind
from clinic.comments.queries import find_comments
from clinic.core.bounded import Found
from clinic.core.text import clean_line
from clinic.leads.queries import find_leads
from clinic.media.queries import find_images

MOST_IN_GROUP = 5
MOST_CHARACTERS = 120


@dataclass(frozen=True)
class Hit:
    """One search result."""

    title: str
    url: str
    state: str = ""
    about: str = ""


@dataclass(frozen=True)
class Group:
    """Results of one kind: the first few, the total, and the list that shows all."""

    name: str
    hits: list[Hit]
    total: int
    url: str


class SearchScreen(Guarded):
    """Search page, opened from the field in the header."""

    permission = Permission.PANEL_OPEN

    def is_visible(self) -> bool:
        """Return False: the menu does not list this screen."""
        return False

    @expose("/")
    def index(self) -> str:
        """Show the results by kind."""
        text = clean_line(request.args.get("q", ""))[:MOST_CHARACTERS]
        groups = [group for group in _groups(text, self.here()) if group.total] if text else []
        return self.render("admin/search.html", text=text, groups=groups)


def _groups(text: str, here: str) -> Iterator[Group]:
    may = current_user.can
    if may(Permission.ARTICLE_EDIT):
        articles = find_articles(text, MOST_IN_GROUP)
        for kind, name in ((Kind.POST, "Articles"), (Kind.PAGE, "Pages")):
            screen = f"{name.lower()}_admin"
            yield _group(name, articles[kind], f"{screen}.index_view", text, _article_hit(screen, here))
    if may(Permission.LEAD_WORK):
        leads = find_leads(text, most=MOST_IN_GROUP)
        yield _group("Leads", leads, "leads_admin.index_view", text, _lead_hit(here))
    if may(Permission.COMMENT_MODERATE):
        comments = find_comments(text, MOST_IN_GROUP)
        yield _group("Comments", comments, "comments_admin.index_view", text, _comment_hit, tab="all")
    if may(Permission.IMAGE_EDIT):
        images = find_images(text, MOST_IN_GROUP)
        yield _group("Media", images, "media_admin.index_view", text, _image_hit(here))
    if may(Permission.USER_MANAGE):
        users = find_users(text, MOST_IN_GROUP)
        yield _group("People", users, "people_admin.index_view", text, _user_hit(here))
    if may(Permission.PREFERENCE_CHANGE):
        hits = list(_setting_hits(text))
        yield Group("Settings", hits[:MOST_IN_GROUP], len(hits), url_for("settings_admin.index"))


def _group(
    name: str, found: Found[Any], endpoint: str, text: str, hit: Callable[[Any], Hit], tab: str | None = None
) -> Group:
    url = url_for(endpoint, tab=tab, search=text)
    return Group(name, [hit(row) for row in found.rows], found.total, url)


def _article_hit(screen: str, here: str) -> Callable[[Any], Hit]:
    def hit(row: Any) -> Hit:
        return Hit(row.title, url_for(f"{screen}.edit_view", id=row.id, back=here), row.state_word, row.summary)

    return hit


def _lead_hit(here: str) -> Callable[[Any], Hit]:
    def hit(row: Any) -> Hit:
        url = url_for("leads_admin.details_view", id=row.id, back=here)
        return Hit(row.name, url, row.stage, f"{row.email}, {row.mobile_readable}")

    return hit


def _comment_hit(row: Any) -> Hit:
    url = url_for("comments_admin.index_view", tab=row.state, search=row.email)
    return Hit(f"{row.name} under “{row.article.title}”", url, row.state, _short(row.body))


def _image_hit(here: str) -> Callable[[Any], Hit]:
    def hit(row: Any) -> Hit:
        url = url_for("media_admin.edit_view", id=row.id, back=here)
        return Hit(row.alt or row.filename, url, about=f"{row.filename}, {row.credit}")

    return hit


def _user_hit(here: str) -> Callable[[Any], Hit]:
    def hit(row: Any) -> Hit:
        return Hit(row.name, url_for("people_admin.edit_view", id=row.id, back=here), about=row.email)

    return hit


def _setting_hits(text: str) -> Iterator[Hit]:
    words = text.lower().split()
    for field in PreferenceForm():
        said = f"{field.label.text} {field.description}"
        if all(word in said.lower() for word in words):
            yield Hit(field.label.text, f"{url_for('settings_admin.index')}#{field.id}", about=field.description)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 160 else f"{one_line[:159]}…"
