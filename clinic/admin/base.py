"""What all screens share: a permission, and create, edit and delete that call operations."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import Response, abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from flask_login import current_user
from wtforms import Form

from clinic.accounts.access import Permission
from clinic.core.db import db

MOST_ID = 2**31 - 1
Answer = Response | tuple[str, int] | str


class Refused(Exception):
    """An operation said no. `field` names the form field it concerns, if one does."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


class Guarded(BaseView):
    """Closed unless the screen names a permission and the person has it."""

    permission: Permission | None = None

    def is_accessible(self) -> bool:
        """Whether the present person may open this screen (the menu asks too)."""
        return self.permission is not None and current_user.is_authenticated and current_user.can(self.permission)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """A visitor is sent to sign in; who has signed in gets 403."""
        if current_user.is_authenticated:
            abort(403)
        here = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None
        return redirect(url_for("security.login", next=here))


class StaffView(Guarded, ModelView):
    """A list with search, tabs, sorting and row buttons, and forms whose saving is an operation."""

    list_template = "admin/list.html"
    create_template = edit_template = "admin/form.html"
    details_template = "admin/details.html"
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_export = False
    page_size = 50
    can_set_page_size = False
    form_base_class = Form
    column_display_actions = True
    # Text and address of each tab over the list: (value, label). The first is where the list opens.
    tabs: tuple[tuple[str, str], ...] = ()
    tab_column = ""
    empty_text = "Nothing here yet."
    heading = ""
    intro = ""
    singular = ""

    def __init__(self, model: type[Any], name: str, endpoint: str, category: str) -> None:
        super().__init__(model, db, name=name, endpoint=endpoint, category=category, url=f"/admin/{name.lower()}")

    # Reading: one condition for the list, its count and the single row, so that no id opens a row that is not listed.

    def row_filter(self) -> Iterable[Any]:
        """Conditions that every row of this screen meets."""
        return ()

    def load_options(self) -> Iterable[Any]:
        """What a row needs loaded with it."""
        return ()

    def get_query(self) -> Any:
        """The rows of the present tab."""
        return super().get_query().filter(*self.row_filter(), *self._tab_filter()).options(*self.load_options())

    def get_count_query(self) -> Any:
        """Their number."""
        return super().get_count_query().filter(*self.row_filter(), *self._tab_filter())

    def get_one(self, id: Any) -> Any:
        """One row of this screen, or None: an id that is no id is one that is not there."""
        number = row_id(str(id))
        if number is None:
            return None
        where = (self.model.id == number, *self.row_filter())
        return db.session.scalars(sa.select(self.model).where(*where).options(*self.load_options())).unique().first()

    def row_or_404(self) -> Any:
        """The row that `id`, in the address or the form, names."""
        return self.get_one(request.values.get("id", "")) or abort(404)

    def tab(self) -> str:
        """The tab that is open."""
        asked = request.args.get("tab", "")
        return asked if asked in dict(self.tabs) else (self.tabs[0][0] if self.tabs else "")

    def _tab_filter(self) -> Iterable[Any]:
        tab = self.tab()
        return () if tab in ("", "all") else (getattr(self.model, self.tab_column) == tab,)

    def _get_list_extra_args(self) -> ViewArgs:
        """Flask-Admin passes numbers on as they come; PostgreSQL refuses a negative OFFSET."""
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), 100_000)
        args.page_size = None
        if args.sort is not None and not 0 <= args.sort < len(self._list_columns):
            args.sort = None
        return args

    # Writing

    def is_action_allowed(self, name: str) -> bool:
        """Every bulk action of ours; not Flask-Admin's own, which deletes rows by itself and without an operation."""
        return name != "delete"

    def create(self, form: Any) -> Any:
        """Make a row by an operation and return it. Raises Refused."""
        raise NotImplementedError

    def update(self, form: Any, model: Any) -> None:
        """Change a row by an operation. Raises Refused."""
        raise NotImplementedError

    def delete(self, model: Any) -> None:
        """Remove a row by an operation. Raises Refused."""
        raise NotImplementedError

    def saved_url(self, model: Any) -> str:
        """Where saving leads."""
        return url_for(".edit_view", id=model.id) if self.can_edit else url_for(".index_view")

    def saved_text(self, model: Any) -> str:
        """What saving says."""
        return "Saved."

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The empty form, and its saving."""
        if not self.can_create:
            abort(404)
        form = self.create_form()
        return self._form_page(form, None, lambda: self.create(form))

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form of one row, and its saving."""
        if not self.can_edit:
            abort(404)
        model = self.row_or_404()
        form = self.edit_form(obj=model)

        def save() -> Any:
            self.update(form, model)
            return model

        return self._form_page(form, model, save)

    def _form_page(self, form: Any, model: Any, save: Any) -> Answer:
        if request.method == "POST" and form.validate():
            try:
                saved = save()
            except Refused as refusal:
                target = form[refusal.field].errors if refusal.field else form.form_errors
                target.append(refusal.text) if isinstance(target, list) else None
                if refusal.field and not isinstance(target, list):
                    form[refusal.field].errors = [*target, refusal.text]
            else:
                flash(self.saved_text(saved), "success")
                return redirect(self.saved_url(saved), 303)  # type: ignore[return-value]
        page = self.render(self.edit_template, form=form, model=model)
        return page if request.method == "GET" else (page, 422)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """A page that asks first; its button deletes."""
        if not self.can_delete:
            abort(404)
        model = self.row_or_404()
        if request.method == "POST":
            try:
                self.delete(model)
            except Refused as refusal:
                flash(refusal.text, "error")
                return redirect(url_for(".edit_view", id=model.id), 303)  # type: ignore[return-value]
            flash(f"Deleted: {self.singular}.", "success")
            return redirect(url_for(".index_view"), 303)  # type: ignore[return-value]
        return self.render("admin/delete.html", model=model)

    @expose("/details/")
    def details_view(self) -> Answer:
        """One row to read."""
        if not self.can_view_details:
            abort(404)
        return self.render(self.details_template, model=self.row_or_404(), **self.details_context())

    def details_context(self) -> dict[str, Any]:
        """What else the details page shows."""
        return {}

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Answer:
        """Flask-Admin's look-up is not used."""
        abort(404)

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Flask-Admin's editing within the list is not used: it needs eval()."""
        abort(404)

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Answer:
        """Flask-Admin's export writes formulas as they stand; screens that export have their own."""
        abort(404)


def ids_of(rowids: list[str]) -> list[int]:
    """The row ids of a bulk action; what is no id is left out."""
    return [number for rowid in rowids if (number := row_id(rowid)) is not None]


def row_id(text: str) -> int | None:
    """The id that a text says, if it can be one."""
    return int(text) if text.isdecimal() and len(text) <= 10 and int(text) <= MOST_ID else None


def count_of(number: int, one: str) -> str:
    """1 comment, 2 comments."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
