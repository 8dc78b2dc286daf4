"""Articles and pages: write, check, publish, take down, bring back."""

import secrets
from collections.abc import Iterable
from typing import Any

from flask import Response, abort, flash, g, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user
from sqlalchemy.orm import defer, joinedload, selectinload
from werkzeug.datastructures import MultiDict

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, state_cell, time_cell
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import Refused
from clinic.admin.kit.undo import flash_undo
from clinic.admin.write.text_forms import ArticleForm, PageForm
from clinic.admin.write.text_tools import (
    MOST_REASON,
    NEEDS_REASON,
    TextPages,
    draft_of,
    list_of,
    new_findings,
    typed_fields,
)
from clinic.articles.addresses import holder_of_slug
from clinic.articles.errors import ArticleChanged, NotReady, RedirectRefused, SlugTaken
from clinic.articles.finding import articles_to_link, texts_titled
from clinic.articles.lifecycle import (
    delete_article,
    publish_article,
    retire_article,
    trash_article,
    unschedule_article,
    untrash_article,
)
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article, write_article
from clinic.articles.queries import article_in_trash, posts_to_pick
from clinic.articles.reviews import sign_off_article
from clinic.core.db import db
from clinic.core.text import clean_text
from clinic.editing.autosave import Unsaved, autosaves_at, drop_autosave, keep_autosave, note_presence, others_present
from clinic.editing.checks import findings_in
from clinic.editing.previews import preview_links
from clinic.web.filters import local_now, moment


class PageScreen(TextPages):
    """Pages: about, services, contact …"""

    permission = Permission.ARTICLE_EDIT
    kind = Kind.PAGE
    form = PageForm
    heading, singular = "Pages", "page"
    intro = "Texts that stand by themselves: about, services, team, contact, privacy."
    empty_text = "No page here yet. A page stands by itself, like About or Contact."
    edit_template = create_template = "admin/write/article_form.html"
    empty_texts = {"trash": "The trash is empty. What you delete stays here for 30 days."}
    row_template = "admin/write/article_buttons.html"
    can_create = can_edit = can_delete = True
    deleting = "It goes into the trash. For 30 days you can take it back from there, exactly as it is."
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
        ("retired", "Taken down"),
        ("trash", "Trash"),
    )

    # The list

    def row_filter(self) -> Iterable[Any]:
        """Only this kind, and not what lies in the trash unless that is the list that was asked for."""
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
        """The list does without the bodies."""
        return (defer(Article.body),) if request.endpoint == f"{self.endpoint}.index_view" else ()

    def find_ids(self, text: str) -> list[int]:
        """As the search over everything does."""
        return list(db.session.scalars(texts_titled(text)))

    # Writing

    def edit_form(self, obj: Article | None = None) -> Any:
        """The stored text, or what this person has typed and not saved, if that is what they ask for."""
        if obj is None:
            abort(404)
        if request.method == "POST":
            return self.form(request.form)
        values = self.form.values_of(obj)
        if unsaved := self._unsaved(obj):
            return self.form(MultiDict(unsaved.fields), data=values)
        return self.form(None, obj=obj, data=values)

    def create_form(self, obj: Any = None) -> Any:
        """Empty, or what this person has typed and not saved."""
        if request.method == "POST":
            return self.form(request.form)
        unsaved = self._unsaved(None)
        return self.form(MultiDict(unsaved.fields) if unsaved else None)

    def _unsaved(self, article: Article | None) -> Unsaved | None:
        """What this person asks to go on with: the text of one form that they had open, or of the latest."""
        asked = request.args.get("unsaved", "")
        kept = autosaves_at(current_user, self.about(article)) if asked else []
        return next((one for one in kept if asked in (one.draft, "1")), None)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form of one text. Who saves over somebody else's newer one is shown both (409)."""
        try:
            return super().edit_view()
        except ArticleChanged:
            return self.conflict_page()

    def create(self, form: PageForm) -> Article:
        """Write a draft, and publish it if that button was pressed."""
        _check_date_is_used(form, None)
        try:
            article = write_article(self.kind, form.text, by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        drop_autosave(current_user, self.place(None))
        self._publish_if_asked(article, form)
        return article

    def update(self, form: PageForm, model: Article) -> None:
        """Save, and publish if that button was pressed. What readers see is checked before it changes."""
        _check_date_is_used(form, model)
        self._check_new_findings(model, form)
        try:
            reason = clean_text(request.form.get("despite", ""))[:MOST_REASON]
            edit_article(model, form.text, base=form.base_version, despite=reason, by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        except NotReady as error:
            raise Refused(f"A published text needs {list_of(error.missing)}. Nothing was saved yet.") from None
        drop_autosave(current_user, self.place(model))
        if "publish" not in request.form and model.state_word == "scheduled" and form.publish_time:
            publish_article(model, at=form.publish_time, by=current_user)  # a date that was moved
        self._publish_if_asked(model, form)

    def form_context(self, model: Article | None) -> dict[str, Any]:
        """What stands around the form: findings, unsaved text, who else is here, links for a preview."""
        draft = self._draft(model)
        kept = [] if request.args.get("unsaved") else autosaves_at(current_user, self.about(model))
        is_sent = request.method == "POST"
        context: dict[str, Any] = {
            "about": self.about(model),
            "draft": draft,
            "unsaved": [one for one in kept if not (is_sent and one.draft == draft)],  # that one stands in the form
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
        """To the checks, when publishing has to wait for a reason."""
        if g.get("waits_for_reason"):
            at = request.form.get("publish_at") or None
            return url_for(".check", id=model.id, at=at)
        draft = draft_of(request.form.get("draft", ""))
        return url_for(".edit_view", id=model.id, saved=draft, back=request.args.get("back"))

    def _draft(self, article: Article | None) -> str:
        """The name of this opened form: the one it was sent with, that of the text it goes on with, or a new one."""
        if request.method == "POST":
            return draft_of(request.form.get("draft", ""))
        unsaved = self._unsaved(article)
        return unsaved.draft if unsaved else secrets.token_hex(4)

    def _check_new_findings(self, article: Article, form: PageForm) -> None:
        """What readers would newly see, and publishing asks a reason for, asks for one before it is saved too."""
        reason = clean_text(request.form.get("despite", ""))[:MOST_REASON]
        if not reason and (found := new_findings(article, form.text)):
            g.new_findings = found
            raise Refused(
                "Readers would see this at once. Mend what is listed below, or say why it is saved all the same."
            )

    def saved_text(self, model: Article) -> str:
        """Say what readers see now."""
        if model.is_public:
            return "Saved and published."
        if model.state_word == "scheduled" and model.published_at:
            return f"Saved. Readers see it from {moment(model.published_at)} on."
        return "Saved. Readers do not see it yet."

    def _publish_if_asked(self, article: Article, form: PageForm) -> None:
        if "publish" not in request.form:
            return
        if any(finding.weight in NEEDS_REASON for finding in findings_in(article)):
            g.waits_for_reason = True
            return
        self.publish(article, form)

    # States

    @expose("/retire/", methods=("POST",))
    def retire(self) -> Answer:
        """Take down, with a reason, and perhaps with where readers go instead."""
        article = self.row_or_404()
        reason = clean_text(request.form.get("reason", ""))[:MOST_REASON]
        successor = self.get_one(request.form.get("successor", ""))
        if not reason:
            flash("Say why it is taken down: colleagues will ask.", "error")
        else:
            try:
                retire_article(article, because=reason, successor=successor, by=current_user)
                where = f"leads to “{successor.title}”" if successor else "says that it is no longer here"
                flash(f"Taken down. Its address {where}.", "success")
            except RedirectRefused as error:
                flash(str(error), "error")
        return redirect(url_for(".edit_view", id=article.id), 303)  # type: ignore[return-value]

    @expose("/unschedule/", methods=("POST",))
    def unschedule(self) -> Answer:
        """Back to a draft."""
        article = self.row_or_404()
        unschedule_article(article, by=current_user)
        flash("It is a draft again. Readers will not see it.", "success")
        return redirect(url_for(".edit_view", id=article.id), 303)  # type: ignore[return-value]

    @expose("/confirm/", methods=("POST",))
    def confirm(self) -> Answer:
        """The reviewer has read it and it is still correct."""
        article = self.row_or_404()
        if article.reviewer_id is None:
            flash("Choose first who reviews it, and save.", "error")
        else:
            sign_off_article(article, on=local_now().date(), by=current_user)
            flash("Noted: reviewed today.", "success")
        return redirect(url_for(".edit_view", id=article.id), 303)  # type: ignore[return-value]

    def delete(self, model: Article) -> None:
        """Into the trash."""
        trash_article(model, by=current_user)

    def deleted(self, model: Article) -> None:
        """Say where it is, and offer it back."""
        flash_undo(f"Deleted: “{model.title}” stays in the trash for 30 days.", url_for(".untrash"), id=str(model.id))

    @expose("/untrash/", methods=("POST",))
    def untrash(self) -> Answer:
        """Out of the trash, exactly as it was."""
        article = self._trashed_or_404()
        untrash_article(article, by=current_user)
        flash(f"Back again: “{article.title}”.", "success")
        return redirect(url_for(".edit_view", id=article.id), 303)  # type: ignore[return-value]

    @expose("/purge/", methods=("GET", "POST"))
    def purge(self) -> Answer:
        """Out of the trash for good, after asking."""
        article = self._trashed_or_404()
        if request.method == "GET":
            return self.render("admin/write/article_purge.html", model=article)
        delete_article(article, by=current_user)
        flash("Deleted for good.", "success")
        return redirect(url_for(".index_view", tab="trash"), 303)  # type: ignore[return-value]

    def _trashed_or_404(self) -> Article:
        return article_in_trash(self.kind, request.values.get("id", 0, type=int)) or abort(404)

    # For scripts

    @expose("/autosave.json", methods=("POST",))
    def autosave(self) -> Response:
        """Keep what is typed, and tell who else is here."""
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
        """Drop what was typed and not saved."""
        article = self.get_one(request.form.get("id", ""))
        drop_autosave(current_user, self.place(article))
        flash("The unsaved text is gone.", "success")
        url = url_for(".edit_view", id=article.id) if article else url_for(".create_view")
        return redirect(url, 303)  # type: ignore[return-value]

    @expose("/pick.json")
    def pick(self) -> Response:
        """Texts of the site that a link may lead to."""
        return jsonify(items=articles_to_link(request.args.get("q", "")[:100]))


class ArticleScreen(PageScreen):
    """Articles with date, category and comments."""

    kind = Kind.POST
    form = ArticleForm
    heading, singular = "Articles", "article"
    intro = "What people in pain find, read and trust."
    empty_text = "No article here yet. “New article” begins one; nobody sees it until you publish it."
    column_list = ["title", "state_word", "category", "author", "published_at", "updated_at"]
    column_labels = {"state_word": "State", "published_at": "Published", "updated_at": "Changed"}
    tabs = (*PageScreen.tabs[:-1], ("review", "Review due"), PageScreen.tabs[-1])

    def load_options(self) -> Iterable[Any]:
        """Category and author for the list; tags and teasers for the form."""
        if request.endpoint == f"{self.endpoint}.index_view":
            return (defer(Article.body), joinedload(Article.category), joinedload(Article.author))
        return (selectinload(Article.tags), selectinload(Article.teasers))

    def successors(self) -> list[tuple[int, str]]:
        """Where readers of an article that is taken down may go."""
        return posts_to_pick()


def _check_date_is_used(form: PageForm, article: Article | None) -> None:
    """A date that saving alone would throw away is said to need the other button. Raises Refused."""
    if "publish" in request.form or form.publish_time is None:
        return
    if article is not None and article.state_word == "published":
        raise Refused("Readers see this text already, so it cannot wait for a time. Empty the field.", "publish_at")
    if article is None or article.state_word != "scheduled":
        raise Refused("Press “Publish” to schedule it for this time, or empty the field to save a draft.", "publish_at")


def _slug_taken(error: SlugTaken) -> str:
    holder = holder_of_slug(str(error))
    state = "in the trash" if holder and holder.trashed_at else holder.state_word if holder else ""
    by = f"by “{holder.title}” ({state})" if holder else "by the site itself"
    return f"The address “{error}” is in use {by}. Choose another slug."
