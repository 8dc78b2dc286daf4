"""Menus: the links at the head and at the foot of every page."""

import re
from typing import Any

from flask import request
from flask_login import current_user
from wtforms import Form, SelectField
from wtforms.validators import DataRequired, Length, ValidationError

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell
from clinic.admin.kit.fields import AddressField
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import save_but
from clinic.admin.troubles import is_found
from clinic.frame.models import MenuItem, Place
from clinic.frame.operations import add_menu_item, change_menu_item, delete_menu_item
from clinic.web.forms import LineField

PLACES = ((Place.HEADER.value, "Head of the page"), (Place.FOOTER.value, "Foot of the page"))


class MenuItemForm(Form):
    """A link."""

    label = LineField(
        "Words",
        [DataRequired("Enter the words of the link"), Length(max=40)],
        description="One or two words. On a phone, five links at the head of the page are enough.",
    )
    address = AddressField(
        "Leads to",
        [DataRequired("Enter where it leads"), Length(max=400)],
        description="An address of this site like /about/, or one of another site that begins with https://",
    )
    place = SelectField("Menu", choices=PLACES, description="“Book a trial” and the legal links stand there anyway.")

    def validate_address(self, field: LineField) -> None:
        """A path of this site or an https address."""
        if not re.fullmatch(r"/(?![/\\])[^\s\\]*|https://[^\s/\\]+\.[^\s\\]+", field.data or ""):
            raise ValidationError("Enter an address like /about/ or https://example.org/")


class MenuScreen(OrderedView):
    """Both menus, a tab for each."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Menus", "link"
    intro = "The links at the head and the foot of every page, in this order."
    empty_text = "No link here yet. “New link” adds one; readers see it at once on every page."
    form = MenuItemForm
    can_create = can_edit = can_delete = True
    column_list = ["label", "address"]
    column_labels = {"label": "Words", "address": "Leads to"}
    column_formatters = {"label": link_cell(".edit_view", lambda row: row.label)}
    tab_column = "place"
    tabs = PLACES

    def create(self, form: MenuItemForm) -> MenuItem:
        """At the end of its menu."""
        return add_menu_item(**self._said(form), by=current_user)

    def update(self, form: MenuItemForm, model: MenuItem) -> None:
        """Change it."""
        change_menu_item(model, **self._said(form), by=current_user)

    def delete(self, model: MenuItem) -> None:
        """Take it out."""
        delete_menu_item(model, by=current_user)

    def create_form(self, obj: Any = None) -> Any:
        """For the menu whose tab is open."""
        form = super().create_form(obj)
        if request.method == "GET":
            form.place.data = self.tab()
        return form

    def _said(self, form: MenuItemForm) -> dict[str, Any]:
        address = form.address.data
        if not is_found(address):
            save_but(f"Saved. But nothing is at {address} yet: readers who follow this link find nothing.")
        return {"label": form.label.data, "address": address, "place": Place(form.place.data)}
