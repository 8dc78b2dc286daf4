"""Base of screens with ordered rows: move up, move down, and drag and drop with JavaScript."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, abort, flash, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.screen import StaffView
from clinic.core.order import move, reorder
from clinic.web.answers import see_other

STEPS = {"up": -1, "down": 1}


class OrderedView(StaffView):
    """List on one page, in the order that readers see."""

    list_template = "admin/kit/ordered_list.html"
    row_template = "admin/kit/order_buttons.html"
    page_size = 1000
    column_sortable_list: list[str] = []
    column_default_sort = [("position", False), ("id", False)]

    def group(self) -> Iterable[Any]:
        """Return the condition of the rows that share one order: those of the open tab."""
        return self._tab_filter()

    def tab(self) -> str:
        """Return the open tab, or the tab of the pressed button."""
        asked = request.values.get("tab", "")
        return asked if asked in dict(self.tabs) else super().tab()

    @expose("/move/", methods=("POST",))
    def move_one(self) -> Answer:
        """Move a row up or down. The focus returns to the same button."""
        verb = request.form.get("verb", "")
        steps = STEPS.get(verb) or abort(400)
        row = self.row_or_404()
        if row not in (rows := self._rows()):
            abort(404)
        rows = move(row, steps, where=[*self.row_filter(), *self.group()], by=current_user, detail=str(row))
        flash(_moved(row, rows), "success")
        tab = self.tab() if self.tabs else None
        return see_other(url_for(".index_view", tab=tab, moved=row.id, verb=verb))

    @expose("/order/", methods=("POST",))
    def order(self) -> Answer:
        """Save the whole order after drag and drop; answers with a sentence for screen readers."""
        ids = [number for word in request.form.get("ids", "").split(",") if (number := row_id(word)) is not None]
        row = self.row_or_404()
        if not ids or row not in self._rows():
            abort(400)
        rows = reorder(self.model, ids, where=[*self.row_filter(), *self.group()], by=current_user, detail=str(row))
        return Response(_moved(row, rows), mimetype="text/plain")

    def _rows(self) -> list[Any]:
        return list(self.get_query().all())


def _moved(row: Any, rows: Sequence[Any]) -> str:
    return f"Moved {row} to place {rows.index(row) + 1} of {len(rows)}."
