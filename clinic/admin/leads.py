"""The desk's leads: who asked, what became of it."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, abort, flash, redirect, request, stream_with_context, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import joinedload, selectinload

from clinic.accounts.access import Permission
from clinic.admin.back import way_back
from clinic.admin.base import Answer, StaffView, flash_undo
from clinic.admin.cells import link_cell, state_cell, time_cell, unbroken
from clinic.core import audit, clock
from clinic.core.db import atomic
from clinic.core.text import clean_text
from clinic.leads.models import Lead, Stage
from clinic.leads.operations import add_note, change_stage, undo_stage
from clinic.leads.queries import lead_with_history, leads_for_export
from clinic.web.filters import moment

EXPORT_COLUMNS = ("Name", "Email", "Mobile", "Stage", "Source article", "Asked on")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _services_cell(_view: Any, _context: Any, row: Lead, _name: str) -> str:
    return ", ".join(booking.service.name for booking in row.bookings) or "–"


def _bookings_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Markup:
    return Markup(" ").join(
        Markup('<span class="state state-{0}">{0}</span>').format(booking.state) for booking in row.bookings
    )


def _source_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Any:
    if row.article is None:
        return "–"
    return Markup('<a href="{}">{}</a>').format(row.article.address, row.article.title)


class LeadScreen(StaffView):
    """Leads by stage; one page for each with history, bookings and voucher."""

    permission = Permission.LEAD_WORK
    heading, singular = "Leads", "lead"
    intro = "People who asked for a trial. Open one to see the booking, the voucher and the history."
    empty_text = "Nobody here yet. Each request for a trial makes a lead."
    list_template = "admin/lead_list.html"
    details_template = "admin/lead.html"
    can_view_details = True
    column_list = ["name", "stage", "services", "bookings", "article", "mobile", "created_at"]
    column_labels = {
        "services": "Session",
        "bookings": "Booking",
        "article": "Source article",
        "created_at": "Asked",
    }
    column_sortable_list = ["name", "created_at"]
    column_default_sort = ("created_at", True)
    column_searchable_list = ["name", "email", "mobile"]
    column_formatters = {
        "name": link_cell(".details_view", lambda row: row.name),
        "stage": state_cell,
        "services": _services_cell,
        "bookings": _bookings_cell,
        "article": _source_cell,
        "mobile": lambda _view, _context, row, _name: unbroken(row.mobile_readable),
        "created_at": time_cell,
    }
    tab_column = "stage"
    tabs = (("all", "All"), *((stage.value, stage.value.capitalize()) for stage in Stage))

    def load_options(self) -> Iterable[Any]:
        """Article and bookings."""
        return (joinedload(Lead.article), selectinload(Lead.bookings))

    @expose("/details/")
    def details_view(self) -> Answer:
        """One person: facts, bookings, voucher, history."""
        lead = lead_with_history(self.row_or_404().id)
        return self.render(self.details_template, model=lead, stages=list(Stage), now=clock.now())

    @expose("/stage/", methods=("POST",))
    def stage(self) -> Answer:
        """Move the lead to another stage."""
        lead = self.row_or_404()
        word = request.form.get("stage", "")
        if word not in list(Stage):
            abort(400)
        before = lead.stage
        change_stage(lead, Stage(word), by=current_user)
        text = f"Stage is now {word}."
        if before == word:
            flash(text, "success")
        else:
            fields = {"id": str(lead.id), "before": before.value, "of": word, "back": self._way_back(lead)}
            flash_undo(text, url_for(".undo_stage"), **fields)
        return self._back(lead)

    @expose("/stage/undo/", methods=("POST",))
    def undo_stage(self) -> Answer:
        """Move the lead back to the stage before."""
        lead = self.row_or_404()
        before, of = request.form.get("before", ""), request.form.get("of", "")
        if before not in list(Stage) or of not in list(Stage):
            abort(400)
        if lead.stage == before:
            flash(f"Nothing to undo: the stage is {before}.", "success")
        elif undo_stage(lead, Stage(before), of=Stage(of), by=current_user):
            flash(f"Undone: the stage is {before} again.", "success")
        else:
            flash("Somebody has changed the stage since. That stays.", "error")
        return self._back(lead)

    @expose("/note/", methods=("POST",))
    def note(self) -> Answer:
        """Write a note."""
        lead = self.row_or_404()
        text = clean_text(request.form.get("note", ""))[:5000]
        if text:
            add_note(lead, text, by=current_user)
            flash("Note kept.", "success")
        else:
            flash("The note is empty: write something first.", "error")
        return self._back(lead)

    @expose("/export.csv")
    def export_csv(self) -> Response:
        """All leads as CSV (RFC 4180, UTF-8 with a mark for Excel), streamed, with no cell that acts as a formula."""
        with atomic():
            audit.record("exported", "leads", by=current_user)
        name = f"leads-{clock.now():%Y-%m-%d}.csv"
        return Response(
            stream_with_context(_csv_lines()),
            mimetype="text/csv",
            headers={"Content-Disposition": f"attachment; filename={name}"},
        )

    def _back(self, lead: Lead) -> Answer:
        return redirect(self._way_back(lead), 303)  # type: ignore[return-value]

    def _way_back(self, lead: Lead) -> str:
        return way_back(url_for(".details_view", id=lead.id))


def _csv_lines() -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(EXPORT_COLUMNS)
    for lead in leads_for_export():
        source = lead.article.title if lead.article else ""
        cells = (lead.name, lead.email, lead.mobile, lead.stage.value, source, moment(lead.created_at))
        writer.writerow(safe_cell(cell) for cell in cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def safe_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
