"""Categories of articles, in the order of the filters above the lists."""

from typing import Any

from flask_login import current_user
from wtforms import Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import address_cell, count_cell, link_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.fields import SlugField
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import Refused
from clinic.articles.errors import NameTaken, SlugTaken, StillUsed
from clinic.articles.models import Category
from clinic.articles.queries import articles_by_category
from clinic.articles.taxonomy import add_category, change_category, delete_category
from clinic.web.forms import LineField


class CategoryForm(Form):
    """Form of a category."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=60)],
        description="Readers see it above lists and on cards. For example: “Back and spine”.",
    )
    slug = SlugField(
        description="The last part of its address, like back-pain. If you leave it empty, it is made from the name."
        " If you change it later, the old address redirects to the new one."
    )


class CategoryScreen(OrderedView):
    """List of all categories."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Categories", "category"
    intro = (
        "Each article belongs to one category. Readers see the categories in this order above every list of articles."
    )
    empty_text = "No categories yet. Add three to six subjects that readers look for, such as “Joints”."
    form = CategoryForm
    can_create = can_edit = can_delete = True
    column_list = ["name", "articles", "address"]
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "articles": count_cell(articles_by_category, "article"),
        "address": address_cell,
    }

    def create(self, form: CategoryForm) -> Category:
        """Add a category at the end of the list."""
        try:
            return add_category(name=form.name.data, slug=form.slug.data or "", by=current_user)
        except (NameTaken, SlugTaken) as error:
            raise taken(error) from None

    def update(self, form: CategoryForm, model: Category) -> None:
        """Rename a category."""
        try:
            change_category(model, name=form.name.data, slug=form.slug.data or "", by=current_user)
        except (NameTaken, SlugTaken) as error:
            raise taken(error) from None

    def delete(self, model: Category) -> None:
        """Delete a category that no article belongs to. Raises Refused."""
        try:
            delete_category(model, by=current_user)
        except StillUsed as error:
            raise Refused(
                f"{count_of(error.number, 'article')} (including drafts and the trash) "
                f"{'is' if error.number == 1 else 'are'} in this category, so it cannot be deleted."
                " Move them to another category first."
            ) from None


def taken(error: Any) -> Refused:
    """Return the form error for a name or slug that is already in use."""
    if isinstance(error, NameTaken):
        return Refused(f"Another category has the name “{error}”. Choose another name.", "name")
    return Refused(f"The address “{error}” is in use. Choose another slug.", "slug")
