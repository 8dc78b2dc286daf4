"""Redirects: old addresses and where they lead, one by one or from a file."""

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
    """An old address and a new one."""

    path = LineField(
        "Old address",
        [DataRequired("Enter the old address"), Length(max=600)],
        description="As it was, like /old-page/ or https://www.example.org/old-page/",
    )
    leads_to = LineField(
        "Leads to",
        [DataRequired("Enter the new address"), Length(max=600)],
        description="An address of this site, like /services/. An article is followed wherever it moves.",
    )


class ImportForm(Form):
    """Many at once."""

    file = FileField(
        "File",
        description="CSV or Excel: the old address in the first column, the new one in the second.",
        render_kw={"accept": TABLE_FILES},
    )
    lines = LongField(
        "Or paste the lines here",
        [Length(max=1_000_000)],
        description="One line for each: /old-page/,/new-page/ (a semicolon or a tab between them is fine too).",
        render_kw={"rows": 10, "class": "code", "spellcheck": "false"},
    )


class RedirectScreen(StaffView):
    """All redirects."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Redirects", "redirect"
    intro = "Old addresses and where they lead. A changed slug makes one by itself; these are for good (301)."
    empty_text = (
        "No redirect here yet. If your pages had other addresses before, add them here, so that old links and search"
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
        """The article, where it leads to one."""
        return (joinedload(Redirect.article),)

    def create(self, form: RedirectForm) -> Redirect:
        """One more; an old address that leads somewhere already leads to the new place."""
        return self._add(form)

    def update(self, form: RedirectForm, model: Redirect) -> None:
        """Let it lead elsewhere. Another old address is another redirect."""
        if self._path(form) != model.path:
            raise Refused("The old address stays. Add a new redirect for another one, and delete this.", "path")
        self._add(form)

    def delete(self, model: Redirect) -> None:
        """Its old address is not found any more."""
        remove_redirect(model, by=current_user)

    def saved_url(self, model: Redirect) -> str:
        """The list: one often adds several."""
        return url_for(".index_view")

    def saved_text(self, model: Redirect) -> str:
        """Where it leads, chains resolved."""
        return f"Saved: {model.path} leads to {model.leads_to}"

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self) -> Answer:
        """The form for a file; then what was taken, and each line that was not, with the reason."""
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
