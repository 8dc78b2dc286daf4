"""Articles and pages: write, publish, take down."""

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user
from sqlalchemy.orm import defer, joinedload, selectinload
from wtforms import DateField, Form
from wtforms.validators import DataRequired, Length, Optional, Regexp

from clinic.accounts.access import Permission
from clinic.admin.base import Answer, Refused, StaffView
from clinic.admin.cells import link_cell, state_cell, time_cell
from clinic.admin.fields import CodeField, LongField, RowField, RowsField
from clinic.articles.errors import NotReady, SlugTaken
from clinic.articles.models import Article, Kind
from clinic.articles.operations import (
    Text,
    delete_article,
    edit_article,
    publish_article,
    retire_article,
    write_article,
)
from clinic.articles.queries import authors, categories, posts_to_pick
from clinic.media.queries import images_by_id, newest_images
from clinic.web.forms import LineField


class PageForm(Form):
    """What a page and an article have in common."""

    title = LineField("Title", [DataRequired("Enter a title"), Length(max=160)])
    slug = LineField(
        "Slug",
        [
            Optional(),
            Length(max=80),
            Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*$", message="Use small letters, digits and hyphens"),
        ],
        description="The last part of the address. Left empty, it is made from the title.",
    )
    summary = LongField(
        "Summary",
        [Length(max=320)],
        description="One or two sentences for lists and search results.",
        render_kw={"rows": 3},
    )
    body = CodeField(
        "Body",
        description="HTML: paragraphs, headings (h2, h3), lists, quotes, tables, links."
        ' <figure data-image="7"></figure> shows picture 7 of Media with its credit.',
        render_kw={"rows": 24, "spellcheck": "true", "class": "code"},
    )


class ArticleForm(PageForm):
    """An article: also where it belongs, who wrote it and what stands around it."""

    category_id = RowField("Category", lambda: ((one.id, one.name) for one in categories()))
    author_id = RowField("Author", lambda: ((one.id, one.name) for one in authors()))
    reviewer_id = RowField("Reviewed by", lambda: ((one.id, one.name) for one in authors()))
    reviewed_on = DateField("Reviewed on", [Optional()])
    image_id = RowField("Picture", lambda: ())
    tag_words = LineField("Tags", [Length(max=200)], description="A few words, with commas between them.")
    teaser_ids = RowsField(
        "You may also like",
        posts_to_pick,
        description="Up to three articles to read next. Without a choice the site finds some.",
        render_kw={"size": 6},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The newest, and the one that is chosen, however old it is.
        chosen = self.image_id.data or 0
        images = {image.id: image for image in newest_images()} | images_by_id([chosen])
        self.image_id.choices = [("", "None"), *((one.id, f"{one.id}: {one}") for one in images.values())]


class PageScreen(StaffView):
    """Pages: about, services, contact …"""

    permission = Permission.ARTICLE_EDIT
    kind = Kind.PAGE
    form = PageForm
    heading, singular = "Pages", "page"
    intro = "Texts that stand by themselves: about, services, team, contact, privacy."
    empty_text = "No page here yet. A page stands by itself, like About or Contact."
    edit_template = create_template = "admin/article_form.html"
    can_create = can_edit = can_delete = True
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
    tabs = (("all", "All"), ("draft", "Drafts"), ("published", "Published"), ("retired", "Taken down"))

    def row_filter(self) -> Iterable[Any]:
        """Only this kind."""
        return (Article.kind == self.kind,)

    def load_options(self) -> Iterable[Any]:
        """The list does without the bodies."""
        return (defer(Article.body),) if request.endpoint == f"{self.endpoint}.index_view" else ()

    def create(self, form: PageForm) -> Article:
        """Write a draft, and publish it if that button was pressed."""
        try:
            article = write_article(self.kind, self.text_of(form), by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        self._publish_if_asked(article)
        return article

    def update(self, form: PageForm, model: Article) -> None:
        """Save, and publish if that button was pressed."""
        try:
            edit_article(model, self.text_of(form), by=current_user)
        except SlugTaken as error:
            raise Refused(_slug_taken(error), "slug") from None
        except NotReady as error:
            raise Refused(f"A published text needs {_and(error.missing)}. Nothing was saved yet.") from None
        self._publish_if_asked(model)

    def delete(self, model: Article) -> None:
        """For good."""
        delete_article(model, by=current_user)

    def saved_text(self, model: Article) -> str:
        """Say what readers see now."""
        return "Saved and published." if model.is_public else "Saved. Readers do not see it yet."

    def text_of(self, form: Any) -> Text:
        """The operation's input from the form."""
        return Text(
            title=form.title.data, slug=form.slug.data or "", summary=form.summary.data or "", body=form.body.data or ""
        )

    @expose("/retire/", methods=("POST",))
    def retire(self) -> Answer:
        """Take down."""
        article = self.row_or_404()
        retire_article(article, by=current_user)
        flash("Taken down. Its address now says that it is no longer here.", "success")
        return redirect(url_for(".edit_view", id=article.id), 303)  # type: ignore[return-value]

    def _publish_if_asked(self, article: Article) -> None:
        if "publish" not in request.form:
            return
        try:
            publish_article(article, by=current_user)
        except NotReady as error:
            flash(f"Saved, but not published: it needs {_and(error.missing)}.", "error")


class ArticleScreen(PageScreen):
    """Articles with date, category and comments."""

    kind = Kind.POST
    form = ArticleForm
    heading, singular = "Articles", "article"
    intro = "What people in pain find, read and trust."
    empty_text = "No article here yet. “New article” begins one; nobody sees it until you publish it."
    column_list = ["title", "state_word", "category", "author", "published_at", "updated_at"]
    column_labels = {"state_word": "State", "published_at": "Published", "updated_at": "Changed"}

    def load_options(self) -> Iterable[Any]:
        """Category and author for the list; tags and teasers for the form."""
        if request.endpoint == f"{self.endpoint}.index_view":
            return (defer(Article.body), joinedload(Article.category), joinedload(Article.author))
        return (selectinload(Article.tags), selectinload(Article.teasers))

    def edit_form(self, obj: Article | None = None) -> Any:
        """Tags as words, teasers as ids."""
        if obj is None:
            abort(404)
        return ArticleForm(
            request.form if request.method == "POST" else None,
            obj=obj,
            data={
                "tag_words": ", ".join(tag.name for tag in obj.tags),
                "teaser_ids": [teaser.shown_id for teaser in obj.teasers],
            },
        )

    def text_of(self, form: ArticleForm) -> Text:
        """The operation's input from the form."""
        text = super().text_of(form)
        text.category_id = form.category_id.data
        text.author_id = form.author_id.data
        text.reviewer_id = form.reviewer_id.data
        text.reviewed_on = form.reviewed_on.data
        text.image_id = form.image_id.data
        text.tags = [word.strip() for word in (form.tag_words.data or "").split(",") if word.strip()]
        text.teaser_ids = (form.teaser_ids.data or [])[:3]
        return text


def _slug_taken(error: SlugTaken) -> str:
    return f"The address “{error}” is in use by another text or by the site itself. Choose another slug."


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
