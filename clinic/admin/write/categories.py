"""Categories: the subjects that articles are filed under, in the order of the filters above the lists."""

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
    """A category."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=60)],
        description="As readers see it above the lists and on cards, like “Back and spine”.",
    )
    slug = SlugField(
        description="The last part of its address, like back-pain. Left empty, it is made from the name."
        " If you change it later, the old address leads to the new one."
    )


class CategoryScreen(OrderedView):
    """All categories."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Categories", "category"
    intro = "Each article is in one category. Readers see them in this order above every list of articles."
    empty_text = (
        "No category here yet. A category is a subject that readers look for, like “Joints”; three to six are enough."
    )
    form = CategoryForm
    can_create = can_edit = can_delete = True
    column_list = ["name", "articles", "address"]
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "articles": count_cell(articles_by_category, "article"),
        "address": address_cell,
    }

    def create(self, form: CategoryForm) -> Category:
        """At the end of the list."""
        try:
            return add_category(name=form.name.data, slug=form.slug.data or "", by=current_user)
        except (NameTaken, SlugTaken) as error:
            raise taken(error) from None

    def update(self, form: CategoryForm, model: Category) -> None:
        """Rename."""
        try:
            change_category(model, name=form.name.data, slug=form.slug.data or "", by=current_user)
        except (NameTaken, SlugTaken) as error:
            raise taken(error) from None

    def delete(self, model: Category) -> None:
        """Only an empty one."""
        try:
            delete_category(model, by=current_user)
        except StillUsed as error:
            raise Refused(
                f"{count_of(error.number, 'article')} (drafts and the trash count too) "
                f"{'is' if error.number == 1 else 'are'} in this category, so it stays."
                " Give them another category first."
            ) from None


def taken(error: Any) -> Refused:
    """What a form says of a name or an address that is another's."""
    if isinstance(error, NameTaken):
        return Refused(f"There is one with the name “{error}” already. Choose another name.", "name")
    return Refused(f"The address “{error}” is in use. Choose another slug.", "slug")
