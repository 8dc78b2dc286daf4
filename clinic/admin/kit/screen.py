"""Base classes of all screens: a permission, and create, edit and delete that call operations."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, g, request, url_for
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from wtforms import Form

from clinic.admin.kit.counts import count_with_more
from clinic.admin.kit.fields import sentences_left_out
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.once import sending_of, use_new_key
from clinic.admin.kit.return_address import is_panel_path, way_back
from clinic.core.bounded import count_up_to, latest_with, unindexed
from clinic.core.db import db
from clinic.core.once import SentBefore, make_once
from clinic.core.text import clean_line
from clinic.web.answers import see_other

MOST_COUNTED = 10_000  # most rows of a list that are counted and paged through


class Refused(Exception):
    """Error of a form whose operation was refused. `field` names the form field, if there is one."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


class StaffView(Guarded, ModelView):
    """List with search, tabs, sorting and row buttons, and forms that save through operations."""

    list_template = "admin/kit/list.html"
    create_template = edit_template = "admin/kit/form.html"
    details_template = "admin/details.html"
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_export = False
    page_size = 50
    simple_list_pager = True  # Flask-Admin would count all rows; get_list() counts them up to MOST_COUNTED
    is_counted = True
    can_set_page_size = False
    form_base_class = Form
    column_display_actions = True
    # Text and address of each tab over the list: (value, label). The first is where the list opens.
    tabs: tuple[tuple[str, str], ...] = ()
    tab_column = ""
    row_template: str = ""  # template of a row's buttons
    empty_text = "Nothing here yet."
    empty_texts: dict[str, str] = {}  # by tab, where it differs
    heading = ""
    intro = ""
    singular = ""
    deleting = "This cannot be undone."  # text of the page that asks before deleting

    def __init__(self, model: type[Any], name: str, endpoint: str, category: str) -> None:
        url = f"/admin/{name.lower().replace(' ', '-')}"
        super().__init__(model, db, name=name, endpoint=endpoint, category=category, url=url)

    # Reading: one condition for the list, its count and the single row, so that no id opens a row that is not listed.

    def row_filter(self) -> Iterable[Any]:
        """Return the conditions that every row of this screen meets."""
        return ()

    def load_options(self) -> Iterable[Any]:
        """Return the loader options of a row's relations."""
        return ()

    def get_query(self) -> Any:
        """Return the query for the rows of the open tab."""
        return super().get_query().filter(*self._conditions()).options(*self.load_options())

    def _conditions(self) -> Iterable[Any]:
        """Return the conditions of screen, tab and search. Search results are few, so no other index helps."""
        where = (*self.row_filter(), *self._tab_filter())
        return (unindexed(*where),) if where and self._words() else where

    def _words(self) -> str:
        """Return the search words, if this screen has a search."""
        return clean_line(request.args.get("search", "")) if self._search_supported else ""

    def get_list(self, page: int | None, *args: Any, **kwargs: Any) -> Any:
        """Return the rows of a page, and the total counted up to MOST_COUNTED."""
        _, query = super().get_list(page, *args, execute=False, **kwargs)
        return (self._count() if self.is_counted else None), self._rows_of(query) if page else query.all()

    def _rows_of(self, query: Any) -> list[Any]:
        """Return the rows of a later page.

        Ids are read first, so that skipping a row costs one step in the sort index.
        """
        ids = [row.id for row in query.with_entities(self.model.id)]
        options = (*self.load_options(), *(joinedload(relation) for relation in self._auto_joins))
        rows = db.session.scalars(sa.select(self.model).where(self.model.id.in_(ids)).options(*options)).unique()
        return sorted(rows, key=lambda row: ids.index(row.id))

    def _count(self) -> int:
        rows = sa.select(self.model.id).where(*self._conditions())
        if search := self._words():
            rows = rows.where(self.model.id.in_(self._found(search)))
        return count_up_to(MOST_COUNTED, rows)

    def count_words(self, count: int) -> str:
        """Return the number of rows as the list shows it."""
        return count_with_more(count, MOST_COUNTED)

    def last_page(self) -> int:
        """Return the last page that is shown, counted from 0. Skipping more rows would be slow."""
        return MOST_COUNTED // self.page_size - 1

    def find_ids(self, text: str) -> list[int]:
        """Return the ids of the latest rows that contain the words in a searchable column."""
        columns = (getattr(self.model, name) for name in self.column_searchable_list or ())
        return list(db.session.scalars(latest_with(text, self.model.id, *columns)))

    def _found(self, search: str) -> list[int]:
        if "found" not in g:
            g.found = self.find_ids(clean_line(search))
        return g.found

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return query.filter(self.model.id.in_(self._found(search))), None, joins, {}

    def get_one(self, id: Any) -> Any:
        """Return one row of this screen, or None if the id is missing or invalid."""
        number = row_id(str(id))
        if number is None:
            return None
        where = (self.model.id == number, *self.row_filter())
        return db.session.scalars(sa.select(self.model).where(*where).options(*self.load_options())).unique().first()

    def row_or_404(self) -> Any:
        """Return the row named by `id` in the query string or the form, or abort with 404."""
        return self.get_one(request.values.get("id", "")) or abort(404)

    def tab(self) -> str:
        """Return the name of the open tab."""
        asked = request.args.get("tab", "")
        return asked if asked in dict(self.tabs) else (self.tabs[0][0] if self.tabs else "")

    def list_url(self) -> str:
        """Return the list's address with its tab, search, sort and page."""
        return way_back(url_for(".index_view"))

    def tab_url(self, value: str) -> str:
        """Return the address of a tab with the present search and sort."""
        return url_for(".index_view", **(self.kept_args() | {"tab": value, "search": request.args.get("search")}))

    def kept_args(self) -> dict[str, Any]:
        """Return the query arguments that a new search keeps: all but the words and the page."""
        return {name: value for name, value in request.args.items() if name not in ("search", "page", "back")}

    def _tab_filter(self) -> Iterable[Any]:
        tab = self.tab()
        return () if tab in ("", "all") else (getattr(self.model, self.tab_column) == tab,)

    def _get_list_extra_args(self) -> ViewArgs:
        """Limit the numbers from the query string. PostgreSQL refuses a negative OFFSET."""
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), self.last_page())
        args.page_size = None
        if args.sort is not None and not 0 <= args.sort < len(self._list_columns):
            args.sort = None
        return args

    # Writing

    def is_action_allowed(self, name: str) -> bool:
        """Allow our bulk actions only. Flask-Admin's own deletes rows without an operation."""
        return name != "delete"

    def create(self, form: Any) -> Any:
        """Create a row with an operation and return it. Raises Refused."""
        raise NotImplementedError

    def create_once(self, form: Any) -> Any:
        """Create a row, or return the one that this form has already created. Raises Refused.

        If the form's values differ, nothing is created: the form is shown again, and sending it again creates another
        row.
        """
        sending = sending_of(self.endpoint)
        try:
            return make_once(sending, lambda: self.create(form), self._exists)
        except SentBefore as before:
            return self.made_before(before)

    def _exists(self, id_: int) -> bool:
        return self.get_one(id_) is not None

    def made_before(self, before: SentBefore) -> Any:
        """Return the row that this form has already created. Raises Refused if the form's values have changed."""
        row = self.get_one(before.row_id)
        if row is not None and before.is_same:
            return row
        use_new_key()
        if row is None:
            raise Refused("Somebody has just deleted the item that this form created. Save again to create a new one.")
        link = Markup('<a href="{}">{}</a>').format(url_for(".edit_view", id=row.id), row) if self.can_edit else row
        raise Refused(
            Markup(
                "You have already saved this form. It created “{}”: edit it there. To create another {}, save again."
            ).format(link, self.singular)
        )

    def update(self, form: Any, model: Any) -> None:
        """Change a row with an operation. Raises Refused."""
        raise NotImplementedError

    def delete(self, model: Any) -> None:
        """Delete a row with an operation. Raises Refused."""
        raise NotImplementedError

    def form_context(self, model: Any) -> dict[str, Any]:
        """Return further template values of the form's page. `model` is None for a new row."""
        return {}

    def saved_url(self, model: Any) -> str:
        """Return the address after saving: the list if the form asks for it, else the form."""
        if not self.can_edit or is_panel_path(request.form.get("back", "")):
            return self.list_url()
        return url_for(".edit_view", id=model.id, back=request.args.get("back"))

    def saved_text(self, model: Any) -> str:
        """Return the message after saving."""
        return "Saved."

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """Show and save the form of a new row."""
        if not self.can_create:
            abort(404)
        form = self.create_form()
        return self._form_page(form, None, lambda: self.create_once(form))

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """Show and save the form of one row."""
        if not self.can_edit:
            abort(404)
        model = self.row_or_404()
        form = self.edit_form(obj=model)

        def save() -> Any:
            self.update(form, model)
            return model

        return self._form_page(form, model, save)

    def deleted(self, model: Any) -> None:
        """Flash a message that the row was deleted."""
        flash(f"Deleted: {self.singular}.", "success")

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
                saying = " ".join([self.saved_text(saved), *sentences_left_out(form)])
                flash(*g.pop("saved_but", (saying, "success")))
                return see_other(self.saved_url(saved))
        page = self.render(self.edit_template, form=form, model=model, **self.form_context(model))
        return page if request.method == "GET" else (page, 422)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """Ask before deleting; delete on POST."""
        if not self.can_delete:
            abort(404)
        model = self.row_or_404()
        if request.method == "POST":
            try:
                self.delete(model)
            except Refused as refusal:
                flash(refusal.text, "error")
                here_again = url_for(".edit_view", id=model.id, back=request.args.get("back"))
                return see_other(here_again)
            self.deleted(model)
            return see_other(self.list_url())
        return self.render("admin/kit/delete.html", model=model)

    @expose("/details/")
    def details_view(self) -> Answer:
        """Show one row for reading."""
        if not self.can_view_details:
            abort(404)
        return self.render(self.details_template, model=self.row_or_404(), **self.details_context())

    def details_context(self) -> dict[str, Any]:
        """Return further template values of the details page."""
        return {}

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Answer:
        """Answer 404: Flask-Admin's lookup is not used."""
        abort(404)

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Answer 404: Flask-Admin's inline editing needs eval(), which the CSP forbids."""
        abort(404)

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Answer:
        """Answer 404: Flask-Admin's export does not escape formulas. Screens that export have their own view."""
        abort(404)


def save_but(text: str) -> None:
    """Flash a warning in place of the usual message after saving."""
    g.saved_but = (text, "error")
