"""What all screens share: a permission, and create, edit and delete that call operations."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, g, redirect, request, url_for
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

MOST_COUNTED = 10_000  # rows of a list; what is more is not counted, and not paged through


class Refused(Exception):
    """An operation said no. `field` names the form field it concerns, if one does."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


class StaffView(Guarded, ModelView):
    """A list with search, tabs, sorting and row buttons, and forms whose saving is an operation."""

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
    row_template: str = ""  # the buttons of a row
    empty_text = "Nothing here yet."
    empty_texts: dict[str, str] = {}  # of tabs that have another one
    heading = ""
    intro = ""
    singular = ""
    deleting = "This cannot be undone."  # what the page says that asks before deleting

    def __init__(self, model: type[Any], name: str, endpoint: str, category: str) -> None:
        url = f"/admin/{name.lower().replace(' ', '-')}"
        super().__init__(model, db, name=name, endpoint=endpoint, category=category, url=url)

    # Reading: one condition for the list, its count and the single row, so that no id opens a row that is not listed.

    def row_filter(self) -> Iterable[Any]:
        """Conditions that every row of this screen meets."""
        return ()

    def load_options(self) -> Iterable[Any]:
        """What a row needs loaded with it."""
        return ()

    def get_query(self) -> Any:
        """The rows of the present tab."""
        return super().get_query().filter(*self._conditions()).options(*self.load_options())

    def _conditions(self) -> Iterable[Any]:
        """Those of the screen and the tab. What a search has found is few, so no other index is of use then."""
        where = (*self.row_filter(), *self._tab_filter())
        return (unindexed(*where),) if where and self._words() else where

    def _words(self) -> str:
        """What is searched for, where this screen has a search."""
        return clean_line(request.args.get("search", "")) if self._search_supported else ""

    def get_list(self, page: int | None, *args: Any, **kwargs: Any) -> Any:
        """The rows of a page, and the number of all of the list, counted up to MOST_COUNTED."""
        _, query = super().get_list(page, *args, execute=False, **kwargs)
        return (self._count() if self.is_counted else None), self._rows_of(query) if page else query.all()

    def _rows_of(self, query: Any) -> list[Any]:
        """The rows of a later page. Ids alone first: then a skipped row costs one step in the index that sorts."""
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
        """The number of rows as the list says it."""
        return count_with_more(count, MOST_COUNTED)

    def last_page(self) -> int:
        """The last page that is shown, counted from 0: to skip more rows costs more than anybody reads."""
        return MOST_COUNTED // self.page_size - 1

    def find_ids(self, text: str) -> list[int]:
        """The rows that a search finds: of the latest ones, those with the words in the columns that are searched."""
        columns = (getattr(self.model, name) for name in self.column_searchable_list or ())
        return list(db.session.scalars(latest_with(text, self.model.id, *columns)))

    def _found(self, search: str) -> list[int]:
        if "found" not in g:
            g.found = self.find_ids(clean_line(search))
        return g.found

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return query.filter(self.model.id.in_(self._found(search))), None, joins, {}

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

    def list_url(self) -> str:
        """The list as it was left: tab, search, sort and page."""
        return way_back(url_for(".index_view"))

    def tab_url(self, value: str) -> str:
        """The address of a tab; search and sort stay as they are."""
        return url_for(".index_view", **(self.kept_args() | {"tab": value, "search": request.args.get("search")}))

    def kept_args(self) -> dict[str, Any]:
        """What a new search keeps of the address: everything but the words and the page."""
        return {name: value for name, value in request.args.items() if name not in ("search", "page", "back")}

    def _tab_filter(self) -> Iterable[Any]:
        tab = self.tab()
        return () if tab in ("", "all") else (getattr(self.model, self.tab_column) == tab,)

    def _get_list_extra_args(self) -> ViewArgs:
        """Flask-Admin passes numbers on as they come; PostgreSQL refuses a negative OFFSET."""
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), self.last_page())
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

    def create_once(self, form: Any) -> Any:
        """Make a row, or return the one that this very form has made before. Raises Refused.

        With other words in the form nothing is made either: they stay in it, and sent again they make another row.
        """
        sending = sending_of(self.endpoint)
        try:
            return make_once(sending, lambda: self.create(form), self._exists)
        except SentBefore as before:
            return self.made_before(before)

    def _exists(self, id_: int) -> bool:
        return self.get_one(id_) is not None

    def made_before(self, before: SentBefore) -> Any:
        """The row that a form has made before. Raises Refused if something else is typed in it now."""
        row = self.get_one(before.row_id)
        if row is not None and before.is_same:
            return row
        use_new_key()
        if row is None:
            raise Refused("What this form made was deleted at this moment. Save again to make it anew.")
        link = Markup('<a href="{}">{}</a>').format(url_for(".edit_view", id=row.id), row) if self.can_edit else row
        raise Refused(
            Markup("This form was saved before and made “{}”. Change it there. To make another {}, save again.").format(
                link, self.singular
            )
        )

    def update(self, form: Any, model: Any) -> None:
        """Change a row by an operation. Raises Refused."""
        raise NotImplementedError

    def delete(self, model: Any) -> None:
        """Remove a row by an operation. Raises Refused."""
        raise NotImplementedError

    def form_context(self, model: Any) -> dict[str, Any]:
        """What else the form's page shows. `model` is None for a new row."""
        return {}

    def saved_url(self, model: Any) -> str:
        """Where saving leads: to the list if the form says so, else to the form again, which still knows the list."""
        if not self.can_edit or is_panel_path(request.form.get("back", "")):
            return self.list_url()
        return url_for(".edit_view", id=model.id, back=request.args.get("back"))

    def saved_text(self, model: Any) -> str:
        """What saving says."""
        return "Saved."

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The empty form, and its saving."""
        if not self.can_create:
            abort(404)
        form = self.create_form()
        return self._form_page(form, None, lambda: self.create_once(form))

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

    def deleted(self, model: Any) -> None:
        """Say that a row was deleted."""
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
                return redirect(self.saved_url(saved), 303)  # type: ignore[return-value]
        page = self.render(self.edit_template, form=form, model=model, **self.form_context(model))
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
                here_again = url_for(".edit_view", id=model.id, back=request.args.get("back"))
                return redirect(here_again, 303)  # type: ignore[return-value]
            self.deleted(model)
            return redirect(self.list_url(), 303)  # type: ignore[return-value]
        return self.render("admin/kit/delete.html", model=model)

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


def save_but(text: str) -> None:
    """Say of the save that is on its way what is not as one might think, instead of the good news alone."""
    g.saved_but = (text, "error")
