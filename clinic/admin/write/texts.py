"""Screens for articles and pages: write, check, publish, unpublish, restore."""

import secrets
from collections.abc import Iterable
from typing import Any

from flask import Response, abort, flash, g, jsonify, request, url_for
from flask_admin import expose
from flask_login import current_user
from sqlalchemy.orm import defer, joinedload, selectinload
from werkzeug.datastructures import MultiDict

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, state_cell, time_cell
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import Refused
from clinic.admin.write.text_forms import ArticleForm, PageForm
from clinic.admin.write.text_states import StateScreen
from clinic.admin.write.text_tools import (
    MOST_REASON,
    NEEDS_REASON,
    draft_of,
    list_of,
    new_findings,
    typed_fields,
)
from clinic.articles.addresses import holder_of_slug
from clinic.articles.errors import ArticleChanged, NotReady, SlugTaken
from clinic.articles.finding import articles_to_link, ids_of_texts_titled
from clinic.articles.lifecycle import (
    publish_article,
)
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article, write_article
from clinic.articles.queries import posts_to_pick
from clinic.core.text import clean_text
from clinic.editing.autosave import Unsaved, autosaves_at, drop_autosave, keep_autosave, note_presence, others_present
from clinic.editing.checks import findings_in
from clinic.editing.previews import preview_links
from clinic.web.answers import see_other
from clinic.web.filters import local_now, moment


class PageScreen(StateScreen):
    """Pages: about, services, contact …"""

    permission = Permission.ARTICLE_EDIT
    kind = Kind.PAGE
    form = PageForm
    heading, singular = "Pages", "page"
    intro = "Pages such as About, Services, Team, Contact and Privacy."
    empty_text = "No pages here yet. Select “New page” to write one, such as About or Contact."
    edit_template = create_template = "admin/write/article_form.html"
    empty_texts = {"trash": "The trash is empty. Deleted texts stay here for 30 days."}
    row_template = "admin/write/article_buttons.html"
    can_create = can_edit = can_delete = True
    deleting = "It moves to the trash. You can restore it from there for 30 days."
    column_list = ["title", "state_word", "published_at", "updated_at"]
    column_labels = {"state_word": "State", "published_at": "Published", "updated_at": "Changed"}
    column_sortable_list = ["title", "published_at", "updated_at"]
    column_searchable_list = ["title", "slug"]
    column_default_sort = ("updated_at", True)
    column_formatters = {
        "title": link_cell(".edit_view", lambda row: row.title),
        "state_word": state_cell,
        "published_at": time_cell,
        "updated_at": time_cell,
    }
    tab_column = "state"
    tabs: tuple[tuple[str, str], ...] = (
        ("all", "All"),
        ("draft", "Drafts"),
        ("scheduled", "Scheduled"),
        ("published", "Published"),
        ("retired", "Retired"),
        ("trash", "Trash"),
    )

    # The list

    def row_filter(self) -> Iterable[Any]:
        """Limit the rows to this kind. Texts in the trash show only in the trash tab."""
        is_trash = self.tab() == "trash" and request.endpoint == f"{self.endpoint}.index_view"
        return (Article.kind == self.kind, *(() if is_trash else (Article.trashed_at.is_(None),)))

    def _tab_filter(self) -> Iterable[Any]:
        match self.tab():
            case "trash":
                return (Article.trashed_at.is_not(None),)
            case "scheduled":
                return (Article.state == "published", ~Article.is_public_now())
            case "published":
                return (Article.is_public_now(),)
            case "review":
                return (Article.is_public_now(), Article.review_due_on <= local_now().date())
            case _:
                return super()._tab_filter()

    def load_options(self) -> Iterable[Any]:
        """Leave out the bodies, which the list does not show."""
        return (defer(Article.body),) if request.endpoint == f"{self.endpoint}.index_view" else ()

    def find_ids(self, text: str) -> list[int]:
        """Find texts as the panel's search does."""
        return ids_of_texts_titled(text)

    # Writing

    def edit_form(self, obj: Article | None = None) -> Any:
        """Return the form with the stored text, or with this person's unsaved changes if they asked for them."""
        if obj is None:
            abort(404)
        if request.method == "POST":
            return self.form(request.form)
        values = self.form.values_of(obj)
        if unsaved := self._unsaved(obj):
            return self.form(MultiDict(unsaved.fields), data=values)
        return self.form(None, obj=obj, data=values)

    def create_form(self, obj: Any = None) -> Any:
        """Return an empty form, or one with this person's unsaved changes."""
        if request.method == "POST":
            return self.form(request.form)
        unsaved = self._unsaved(None)
        return self.form(MultiDict(unsaved.fields) if unsaved else None)

    def _unsaved(self, article: Article | None) -> Unsaved | None:
        """Return the unsaved changes that were asked for: those of one opened form, or the latest."""
        asked = request.args.get("unsaved", "")
        kept = autosaves_at(current_user, self.about(article)) if asked else []
        return next((one for one in kept if asked in (one.draft, "1")), None)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """Show and save the form of one text. Saving over a newer version shows both versions (409)."""
        try:
            return super().edit_view()
        except ArticleChanged:
            return self.conflict_page()

    def create(self, form: PageForm) -> Article:
        """Create a draft, and publish it if that button was pressed."""
        _check_date_is_used(form, None)
        try:
            article = write_article(self.kind, form.text, by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        drop_autosave(current_user, self.place(None))
        self._publish_if_asked(article, form)
        return article

    def update(self, form: PageForm, model: Article) -> None:
        """Save, and publish if that button was pressed. A text that readers see is checked first."""
        _check_date_is_used(form, model)
        self._check_new_findings(model, form)
        try:
            reason = clean_text(request.form.get("despite", ""))[:MOST_REASON]
            edit_article(model, form.text, base=form.base_version, despite=reason, by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        except NotReady as error:
            raise Refused(f"A published text needs {list_of(error.missing)}. Nothing was saved.") from None
        drop_autosave(current_user, self.place(model))
        if "publish" not in request.form and model.state_word == "scheduled" and form.publish_time:
            publish_article(model, at=form.publish_time, by=current_user)  # the date was changed
        self._publish_if_asked(model, form)

    def form_context(self, model: Article | None) -> dict[str, Any]:
        """Return the page's other content: findings, unsaved changes, other editors and preview links."""
        draft = self._draft(model)
        kept = [] if request.args.get("unsaved") else autosaves_at(current_user, self.about(model))
        is_sent = request.method == "POST"
        context: dict[str, Any] = {
            "about": self.about(model),
            "draft": draft,
            "unsaved": [one for one in kept if not (is_sent and one.draft == draft)],  # the form already shows that one
            "asks": g.get("new_findings", []),
            "findings": [],
            "others": [],
            "links": [],
        }
        if model and request.method == "GET":
            note_presence(current_user, model.id)
            context |= {
                "findings": findings_in(model),
                "others": others_present(current_user, model.id),
                "links": preview_links(model),
            }
        return context

    def saved_url(self, model: Article) -> str:
        """Return the address of the check if publishing needs a reason."""
        if g.get("waits_for_reason"):
            at = request.form.get("publish_at") or None
            return url_for(".check", id=model.id, at=at)
        draft = draft_of(request.form.get("draft", ""))
        return url_for(".edit_view", id=model.id, saved=draft, back=request.args.get("back"))

    def _draft(self, article: Article | None) -> str:
        """Return the name of this opened form: as sent, or of the unsaved changes that it restores, or a new one."""
        if request.method == "POST":
            return draft_of(request.form.get("draft", ""))
        unsaved = self._unsaved(article)
        return unsaved.draft if unsaved else secrets.token_hex(4)

    def _check_new_findings(self, article: Article, form: PageForm) -> None:
        """Raise Refused if readers would see a new finding and no reason was given."""
        reason = clean_text(request.form.get("despite", ""))[:MOST_REASON]
        if not reason and (found := new_findings(article, form.text)):
            g.new_findings = found
            raise Refused(
                "Readers would see this immediately. Correct the points below, or enter a reason for saving anyway."
            )

    def saved_text(self, model: Article) -> str:
        """Return a message that says whether readers see the text."""
        if model.is_public:
            return "Saved and published."
        if model.state_word == "scheduled" and model.published_at:
            return f"Saved. It will be published on {moment(model.published_at)}."
        return "Saved. It is not published yet."

    def _publish_if_asked(self, article: Article, form: PageForm) -> None:
        if "publish" not in request.form:
            return
        if any(finding.weight in NEEDS_REASON for finding in findings_in(article)):
            g.waits_for_reason = True
            return
        self.publish(article, form)

    # For scripts

    @expose("/autosave.json", methods=("POST",))
    def autosave(self) -> Response:
        """Keep unsaved changes, and return the names of other editors of this text."""
        article = self.get_one(request.form.get("id", ""))
        if request.form.get("title") is not None:
            form = self.form(request.form)
            keep_autosave(current_user, self.place(article), typed_fields(), form.base_version or 0)
        answer: dict[str, Any] = {"at": f"{local_now():%H:%M}", "others": [], "version": None}
        if article:
            note_presence(current_user, article.id)
            answer |= {"others": others_present(current_user, article.id), "version": article.version}
        return jsonify(answer)

    @expose("/forget/", methods=("POST",))
    def forget(self) -> Answer:
        """Discard unsaved changes."""
        article = self.get_one(request.form.get("id", ""))
        drop_autosave(current_user, self.place(article))
        flash("The unsaved changes are discarded.", "success")
        url = url_for(".edit_view", id=article.id) if article else url_for(".create_view")
        return see_other(url)

    @expose("/pick.json")
    def pick(self) -> Response:
        """Return texts of the site that a link may point to."""
        return jsonify(items=articles_to_link(request.args.get("q", "")[:100]))


class PostScreen(PageScreen):
    """Articles with date, category and comments."""

    kind = Kind.POST
    form = ArticleForm
    heading, singular = "Articles", "article"
    intro = "Write, review and publish articles for people in pain."
    empty_text = "No articles here yet. Select “New article” to write one. Nobody sees it until you publish it."
    column_list = ["title", "state_word", "category", "author", "published_at", "updated_at"]
    column_labels = {"state_word": "State", "published_at": "Published", "updated_at": "Changed"}
    tabs = (*PageScreen.tabs[:-1], ("review", "Review due"), PageScreen.tabs[-1])

    def load_options(self) -> Iterable[Any]:
        """Load category and author for the list; tags and teasers for the form."""
        if request.endpoint == f"{self.endpoint}.index_view":
            return (defer(Article.body), joinedload(Article.category), joinedload(Article.author))
        return (selectinload(Article.tags), selectinload(Article.teasers))

    def successors(self) -> list[tuple[int, str]]:
        """Return the articles to which an unpublished one can redirect."""
        return posts_to_pick()


def _check_date_is_used(form: PageForm, article: Article | None) -> None:
    """Raise Refused if saving would ignore the date, and say which button uses it."""
    if "publish" in request.form or form.publish_time is None:
        return
    if article is not None and article.state_word == "published":
        raise Refused("This text is already published, so you cannot schedule it. Clear the field.", "publish_at")
    if article is None or article.state_word != "scheduled":
        raise Refused("Press “Publish” to schedule it for this time, or clear the field to save a draft.", "publish_at")


def _slug_taken(error: SlugTaken) -> str:
    holder = holder_of_slug(str(error))
    state = "in the trash" if holder and holder.trashed_at else holder.state_word if holder else ""
    by = f"by “{holder.title}” ({state})" if holder else "by the site"
    return f"The address “{error}” is in use {by}. Choose another slug."
