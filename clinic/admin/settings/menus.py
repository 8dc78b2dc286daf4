"""Menus: the links in the header and footer of every page."""

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
from clinic.frame.models import MenuItem, MenuPlace
from clinic.frame.operations import add_menu_item, change_menu_item, delete_menu_item
from clinic.web.forms import LineField

PLACES = ((MenuPlace.HEADER.value, "Header"), (MenuPlace.FOOTER.value, "Footer"))


class MenuItemForm(Form):
    """Form of a menu link."""

    label = LineField(
        "Label",
        [DataRequired("Enter a label for the link"), Length(max=40)],
        description="One or two words. A phone has room for about five links in the header.",
    )
    address = AddressField(
        "Leads to",
        [DataRequired("Enter an address"), Length(max=400)],
        description="An address on this site like /about/, or on another site, beginning with https://",
    )
    place = SelectField("Menu", choices=PLACES, description="“Book a trial” and the legal links are always shown.")

    def validate_address(self, field: LineField) -> None:
        """Require a path of this site or an https address."""
        if not re.fullmatch(r"/(?![/\\])[^\s\\]*|https://[^\s/\\]+\.[^\s\\]+", field.data or ""):
            raise ValidationError("Enter an address like /about/ or https://example.org/")


class MenuScreen(OrderedView):
    """Both menus, with a tab for each."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Menus", "link"
    intro = "The links in the header and footer of every page, in this order."
    empty_text = "No links yet. Select “New link” to add one. It appears on every page immediately."
    form = MenuItemForm
    can_create = can_edit = can_delete = True
    column_list = ["label", "address"]
    column_labels = {"label": "Label", "address": "Leads to"}
    column_formatters = {"label": link_cell(".edit_view", lambda row: row.label)}
    tab_column = "place"
    tabs = PLACES

    def create(self, form: MenuItemForm) -> MenuItem:
        """Add a link at the end of its menu."""
        return add_menu_item(**self._said(form), by=current_user)

    def update(self, form: MenuItemForm, model: MenuItem) -> None:
        """Change a link."""
        change_menu_item(model, **self._said(form), by=current_user)

    def delete(self, model: MenuItem) -> None:
        """Delete a link."""
        delete_menu_item(model, by=current_user)

    def create_form(self, obj: Any = None) -> Any:
        """Return the form with the open tab's menu selected."""
        form = super().create_form(obj)
        if request.method == "GET":
            form.place.data = self.tab()
        return form

    def _said(self, form: MenuItemForm) -> dict[str, Any]:
        address = form.address.data
        if not is_found(address):
            save_but(f"Saved, but there is no page at {address} yet. Readers who follow this link see an error.")
        return {"label": form.label.data, "address": address, "place": MenuPlace(form.place.data)}
