"""Redirects: add and edit single ones, or import a file."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from sqlalchemy.orm import joinedload
from wtforms import FileField, Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, time_cell
from clinic.admin.kit.fields import TABLE_FILES, LongField, table_of
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import Refused, StaffView
from clinic.articles.errors import RedirectRefused
from clinic.articles.models import Redirect
from clinic.articles.redirects import add_redirect, import_redirects, remove_redirect, site_path
from clinic.core.tables import Report
from clinic.web.forms import LineField


class RedirectForm(Form):
    """Form with an old and a new address."""

    path = LineField(
        "Old address",
        [DataRequired("Enter the old address"), Length(max=600)],
        description="The old address, like /old-page/ or https://www.example.org/old-page/",
    )
    leads_to = LineField(
        "Leads to",
        [DataRequired("Enter the new address"), Length(max=600)],
        description="An address on this site, like /services/. If you choose an article, the redirect follows it"
        " when its address changes.",
    )


class ImportForm(Form):
    """Form for importing many redirects."""

    file = FileField(
        "File",
        description="CSV or Excel: the old address in the first column, the new one in the second.",
        render_kw={"accept": TABLE_FILES},
    )
    lines = LongField(
        "Or paste the lines here",
        [Length(max=1_000_000)],
        description="One redirect per line: /old-page/,/new-page/ (a semicolon or a tab also works).",
        render_kw={"rows": 10, "class": "code", "spellcheck": "false"},
    )


class RedirectScreen(StaffView):
    """List of all redirects."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Redirects", "redirect"
    intro = (
        "Old addresses and their new addresses. Changing a slug adds a redirect automatically."
        " All redirects are permanent (301)."
    )
    empty_text = (
        "No redirects yet. If your pages had other addresses before, add them here so that old links and search"
        " engines find the new ones."
    )
    list_template = "admin/settings/redirect_list.html"
    form = RedirectForm
    can_create = can_edit = can_delete = True
    column_list = ["path", "leads_to", "created_at"]
    column_labels = {"path": "Old address", "leads_to": "Leads to", "created_at": "Since"}
    column_sortable_list = ["path", "created_at"]
    column_default_sort = ("created_at", True)
    column_searchable_list = ["path", "target"]
    column_formatters = {"path": link_cell(".edit_view", lambda row: row.path), "created_at": time_cell}

    def load_options(self) -> Iterable[Any]:
        """Load the target article, if there is one."""
        return (joinedload(Redirect.article),)

    def create(self, form: RedirectForm) -> Redirect:
        """Add a redirect. An old address that already redirects gets the new target."""
        return self._add(form)

    def update(self, form: RedirectForm, model: Redirect) -> None:
        """Change the target. A different old address needs a new redirect."""
        if self._path(form) != model.path:
            raise Refused("You cannot change the old address. Delete this redirect and add a new one instead.", "path")
        self._add(form)

    def delete(self, model: Redirect) -> None:
        """Delete a redirect. Its old address then answers 404."""
        remove_redirect(model, by=current_user)

    def saved_url(self, model: Redirect) -> str:
        """Return the list, because people often add several redirects."""
        return url_for(".index_view")

    def saved_text(self, model: Redirect) -> str:
        """Return a message with the final target after resolving chains."""
        return f"Saved: {model.path} leads to {model.leads_to}"

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self) -> Answer:
        """Show the import form, then the imported lines and each refused line with its reason."""
        form = ImportForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            return self.render("admin/settings/redirect_import.html", form=form)
        table = table_of(form)
        if form.errors:
            return self.render("admin/settings/redirect_import.html", form=form), 422
        taken, refused = import_redirects(table, by=current_user)
        report = Report(Counter(taken=taken), refused, table.notes)
        return self.render("admin/settings/redirect_imported.html", report=report)

    def _path(self, form: RedirectForm) -> str:
        try:
            return site_path(form.path.data)
        except RedirectRefused as error:
            raise Refused(str(error), "path") from None

    def _add(self, form: RedirectForm) -> Redirect:
        self._path(form)
        try:
            site_path(form.leads_to.data, form.path.data)
        except RedirectRefused as error:
            raise Refused(str(error), "leads_to") from None
        try:
            return add_redirect(form.path.data, form.leads_to.data, by=current_user)
        except RedirectRefused as error:
            raise Refused(str(error), "path") from None
