"""Tags: rename them, and merge two that mean the same."""

from typing import Any

from flask import flash, request, url_for
from flask_admin import expose
from flask_login import current_user
from wtforms import Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import address_cell, count_cell, link_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.fields import RowField, SlugField
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import Refused, StaffView
from clinic.admin.write.categories import taken
from clinic.articles.errors import SlugTaken, StillUsed
from clinic.articles.models import Tag
from clinic.articles.queries import articles_by_tag, tags
from clinic.articles.taxonomy import add_tag, change_tag, delete_tag, merge_tag
from clinic.web.answers import see_other
from clinic.web.forms import LineField


class TagForm(Form):
    """Form of a tag."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=60)],
        description="One or two words. Readers click a tag to see all its articles. For example: “stairs”.",
    )
    slug = SlugField(
        description="The last part of its address. If you leave it empty, it is made from the name."
        " If you change it later, the old address redirects to the new one."
    )


class MergeForm(Form):
    """Choice of the tag to merge into."""

    into_id = RowField(
        "Merge into",
        lambda: ((one.id, one.name) for one in tags()),
        empty="Choose a tag",
        description="Its articles get the other tag, its address redirects there, and this tag is deleted.",
    )


class TagScreen(StaffView):
    """List of all tags."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Tags", "tag"
    intro = "Words that describe articles. Editors add tags while they write. Rename or merge them here."
    empty_text = "No tags yet. Enter words under “Tags” in an article, or add a tag here."
    form = TagForm
    edit_template = "admin/write/tag_form.html"
    can_create = can_edit = can_delete = True
    column_list = ["name", "articles", "address"]
    column_sortable_list = ["name"]
    column_default_sort = "name"
    column_searchable_list = ["name", "slug"]
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "articles": count_cell(articles_by_tag, "article"),
        "address": address_cell,
    }

    def create(self, form: TagForm) -> Tag:
        """Add a tag that no article has yet."""
        try:
            return add_tag(name=form.name.data, slug=form.slug.data or "", by=current_user)
        except SlugTaken as error:
            raise taken(error) from None

    def update(self, form: TagForm, model: Tag) -> None:
        """Rename a tag."""
        try:
            change_tag(model, name=form.name.data, slug=form.slug.data or "", by=current_user)
        except SlugTaken as error:
            raise Refused(f"The tag “{error}” already exists. Merge this tag into it below.", "slug") from None

    def delete(self, model: Tag) -> None:
        """Delete a tag that no article has. Raises Refused."""
        try:
            delete_tag(model, by=current_user)
        except StillUsed as error:
            raise Refused(
                f"{count_of(error.number, 'article')} {'has' if error.number == 1 else 'have'} this tag."
                " It cannot be deleted. Merge it into another tag instead."
            ) from None

    def render(self, template: str, **kwargs: Any) -> Any:
        """Render the page with the merge form."""
        if template == self.edit_template:
            kwargs.setdefault("merge_form", MergeForm())
        return super().render(template, **kwargs)

    @expose("/merge/", methods=("POST",))
    def merge(self) -> Answer:
        """Give the articles of a tag another tag, and delete it."""
        tag = self.row_or_404()
        into = self.get_one(request.form.get("into_id", ""))
        if into is None or into.id == tag.id:
            flash("Choose another tag to merge into. Nothing was changed.", "error")
            return see_other(url_for(".edit_view", id=tag.id))
        words = f"“{tag.name}” is “{into.name}” now"
        number = merge_tag(tag, into, by=current_user)
        flash(f"{words}: {count_of(number, 'article')}.", "success")
        return see_other(url_for(".edit_view", id=into.id))
