"""Leads: list, board and page of each lead, with stages, notes, letters and merges."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import Response, abort, flash, redirect, request, stream_with_context, url_for
from flask_admin import expose
from flask_admin.actions import action
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import joinedload, selectinload
from wtforms import Form

from clinic.accounts.access import Permission
from clinic.accounts.operations import note_export
from clinic.accounts.queries import users_who_can
from clinic.admin.desk.export import csv_lines, xlsx_file
from clinic.admin.kit.cells import link_cell, state_cell, time_cell, unbroken
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import ids_of, row_id
from clinic.admin.kit.once import do_once
from clinic.admin.kit.return_address import way_back
from clinic.admin.kit.screen import StaffView
from clinic.admin.kit.undo import MOST_TO_UNDO, flash_undo
from clinic.admin.troubles import mail_troubles, worker_troubles
from clinic.bookings.one_trial import CANCELLED, DECLINED
from clinic.core import clock
from clinic.core.db import atomic, db
from clinic.leads import lead_index
from clinic.leads.errors import CannotMerge, CannotSplit, Unsubscribed
from clinic.leads.forms import MessageForm, NoteForm, PlanForm, StageForm
from clinic.leads.models import Lead, Merge, Stage
from clinic.leads.operations import (
    add_note,
    assign_lead,
    change_stage,
    keep_apart,
    merge_leads,
    move_leads,
    plan_next_step,
    split_leads,
    undo_stage,
    write_letter,
)
from clinic.leads.queries import (
    count_in_stage,
    count_leads_about,
    in_sight,
    lead_with_history,
    leads_on_board,
    letters,
    likely_same,
    merges_into,
)
from clinic.outbox.operations import refusal_of
from clinic.preferences import preferences
from clinic.visits.queries import visit_of, wish_of
from clinic.visits.wishes import wish_words
from clinic.web.filters import day, local_now


def _services_cell(_view: Any, _context: Any, row: Lead, _name: str) -> str:
    return ", ".join(booking.service.name for booking in row.bookings) or "–"


def _bookings_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Markup:
    return Markup(" ").join(
        Markup('<span class="state state-{0}">{0}</span>').format(booking.state) for booking in row.bookings
    )


def _source_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Any:
    if row.article is None:
        return row.source or "–"
    return Markup('<a href="{}">{}</a>').format(row.article.address, row.article.title)


def _stage_cell(view: Any, context: Any, row: Lead, name: str) -> Markup:
    return Markup('{} <span class="quiet">{}</span>').format(state_cell(view, context, row, name), since(row))


def _next_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Markup:
    """Format the next step, its date and the person it is assigned to."""
    due = " state-held" if row.next_on and row.next_on <= local_now().date() else ""
    parts = [
        Markup("{}").format(row.next_step) if row.next_step else "",
        Markup('<span class="state{}">{}</span>').format(due, day(row.next_on)) if row.next_on else "",
        Markup('<span class="quiet">{}</span>').format(row.assigned.name) if row.assigned else "",
    ]
    return Markup(" ").join(part for part in parts if part) or Markup("–")


def _closed_words(merge: Merge) -> str:
    """Return sentences about the requests and vouchers that a merge has closed."""
    declined, cancelled = (len(merge.settled.get(name, ())) for name in (DECLINED, CANCELLED))
    words = (
        f"Declined {count_of(declined, 'held request')}, because this person already had a trial. " if declined else ""
    )
    return words + (
        f"Cancelled {count_of(cancelled, 'voucher')}, because a person has only one trial. " if cancelled else ""
    )


def _staff() -> list[tuple[str, str]]:
    """Those who can look after a lead: id and name."""
    return [(str(one.id), one.name) for one in users_who_can(Permission.LEAD_WORK)]


def since(lead: Lead) -> str:
    """Return the time that a lead has spent in its stage: "since today", "for 12 days"."""
    days = (clock.now() - lead.stage_since).days
    return "since today" if days < 1 else f"for {count_of(days, 'day')}"


class LeadScreen(StaffView):
    """Leads by stage, as a list and on a board, with one page for each lead."""

    permission = Permission.LEAD_WORK
    needs_identity = frozenset({"export_csv", "export_xlsx"})
    heading, singular = "Leads", "lead"
    intro = (
        "People who asked for a trial. Open a lead to see everything about the person."
        " A search shows the latest hundred results."
    )
    empty_text = "No leads here yet. Each trial request creates one."
    list_template = "admin/desk/lead_list.html"
    details_template = "admin/desk/lead.html"
    can_view_details = True
    is_counted = False  # counting would fetch each row to see if it was merged
    column_list = ["name", "stage", "services", "bookings", "next_step", "article", "mobile", "created_at"]
    column_labels = {
        "services": "Session",
        "bookings": "Booking",
        "next_step": "Next step",
        "article": "Source",
        "created_at": "Requested",
    }
    column_sortable_list = ["name", "created_at"]
    column_default_sort = ("created_at", True)
    column_searchable_list = ["name", "email", "mobile"]
    column_formatters = {
        "name": link_cell(".details_view", lambda row: row.name),
        "stage": _stage_cell,
        "services": _services_cell,
        "bookings": _bookings_cell,
        "next_step": _next_cell,
        "article": _source_cell,
        "mobile": lambda _view, _context, row, _name: unbroken(row.mobile_readable),
        "created_at": time_cell,
    }
    tab_column = "stage"
    tabs = (("all", "All"), *((stage.value, stage.value.capitalize()) for stage in Stage), ("mine", "Mine"))

    def row_filter(self) -> Iterable[Any]:
        """Leave out leads that were merged into another."""
        return (in_sight(),)

    def load_options(self) -> Iterable[Any]:
        """Load article, bookings and the assigned person."""
        return (joinedload(Lead.article), joinedload(Lead.assigned), selectinload(Lead.bookings))

    def _tab_filter(self) -> Iterable[Any]:
        return (Lead.assigned_id == current_user.id,) if self.tab() == "mine" else super()._tab_filter()

    def find_ids(self, text: str) -> list[int]:
        """Find leads with the full-text index instead of scanning the rows."""
        return lead_index.find(text)

    def get_one(self, id: Any) -> Any:
        """Return one lead. A merged lead leads to the one that was kept."""
        number = row_id(str(id))
        lead = db.session.get(Lead, number) if number is not None else None
        return super().get_one(lead.merged_into_id or lead.id) if lead else None

    # One person

    @expose("/details/")
    def details_view(self) -> Answer:
        """Show details, bookings, voucher, visit, next step, possible duplicates and history of a lead."""
        lead = self.row_or_404()
        chosen = next((one for one in letters() if str(one.id) == request.args.get("letter")), None)
        subject, body = chosen.filled(name=lead.name, clinic=preferences().name) if chosen else ("", "")
        return self._details(lead.id, MessageForm(subject=subject, body=body))

    def here(self) -> str:
        """The page of the lead, for the page of a refused form too, whose own address takes posts alone."""
        if request.method != "POST":
            return super().here()
        return way_back(url_for(".details_view", id=request.form.get("id")))

    def _refused(self, lead: Lead, form: Form) -> Answer:
        return self._details(lead.id, form), 422

    def _details(self, lead_id: int, *forms: Form) -> str:
        """The page, with these forms as they were sent or filled in, and the others as the lead is."""
        lead = lead_with_history(lead_id) or abort(404)
        shown = {type(form): form for form in forms}
        wishes = {booking.id: wish_of(booking.id) for booking in lead.bookings}
        return self.render(
            self.details_template,
            model=lead,
            stage_form=shown.get(StageForm) or StageForm(stage=lead.stage, because=lead.lost_because),
            plan_form=shown.get(PlanForm)
            or PlanForm(
                staff=_staff(), assigned=str(lead.assigned_id or ""), next_step=lead.next_step, next_on=lead.next_on
            ),
            message_form=shown.get(MessageForm) or MessageForm(),
            note_form=shown.get(NoteForm) or NoteForm(),
            troubles=[*worker_troubles(), *mail_troubles()],
            since=since(lead),
            now=clock.now(),
            visits={booking.id: visit_of(booking.id) for booking in lead.bookings},
            wishes=wishes,
            wished={id_: wish_words(wish.times) if wish else "" for id_, wish in wishes.items()},
            letters=letters(),
            refusal=refusal_of(lead.email),
            likely=likely_same(lead),
            merges=merges_into(lead),
        )

    @expose("/stage/", methods=("POST",))
    def stage(self) -> Answer:
        """Move the lead to another stage."""
        lead = self.row_or_404()
        form = StageForm(request.form)
        word, because = form.stage.data, form.because.data or ""
        if word not in list(Stage):
            abort(400)
        if not form.validate():
            return self._refused(lead, form)
        before = lead.stage
        change_stage(lead, Stage(word), because=because, by=current_user)
        text = f"Stage changed to {word}."
        if word == Stage.LOST and not because:
            text += " Please enter the reason: too far away, too expensive, no answer."
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
            flash(f"There is nothing to undo: the stage is {before}.", "success")
        elif undo_stage(lead, Stage(before), of=Stage(of), by=current_user):
            flash(f"Undone. The stage is {before} again.", "success")
        else:
            flash("Not undone: somebody else has changed the stage since then.", "error")
        return self._back(lead)

    @expose("/note/", methods=("POST",))
    def note(self) -> Answer:
        """Add a note to the lead."""
        lead = self.row_or_404()
        form = NoteForm(request.form)
        if not form.validate():
            return self._refused(lead, form)
        do_once(f"note {lead.id}", lead.id, lambda: add_note(lead, form.note.data, by=current_user))
        flash("Note saved.", "success")
        return self._back(lead)

    @expose("/plan/", methods=("POST",))
    def plan(self) -> Answer:
        """Assign the lead and plan its next step."""
        lead = self.row_or_404()
        form = PlanForm(request.form, staff=_staff())
        chosen = form.assigned.data or ""
        names = dict(form.assigned.choices)
        if chosen not in names:
            abort(400)
        if not form.validate():
            return self._refused(lead, form)
        with atomic():
            assign_lead(lead, int(chosen) if chosen else None, names[chosen] if chosen else "", by=current_user)
            plan_next_step(lead, form.next_step.data or "", form.next_on.data, by=current_user)
        flash("Saved.", "success")
        return self._back(lead)

    @expose("/letter/", methods=("POST",))
    def letter(self) -> Answer:
        """Send an email to the lead, from a letter or freely written."""
        lead = self.row_or_404()
        form = MessageForm(request.form)
        try:
            if lead.unsubscribed_at:
                raise Unsubscribed
            if not form.validate():
                return self._refused(lead, form)
            subject, body = form.subject.data, form.body.data
            do_once(f"letter {lead.id}", lead.id, lambda: write_letter(lead, subject, body, by=current_user))
            flash("The email will be sent in a moment.", "success")
        except Unsubscribed:
            flash(f"{lead.name} has unsubscribed from letters. Please call instead.", "error")
        return self._back(lead)

    # One person or two

    @expose("/merge/", methods=("POST",))
    def merge(self) -> Answer:
        """Merge two leads, or mark them as different people."""
        lead, other = self.row_or_404(), self.get_one(request.form.get("other", "")) or abort(404)
        if request.form.get("verb") == "apart":
            keep_apart(lead, other, by=current_user)
            flash(f"{other.name} is marked as a different person and will not be suggested again.", "success")
            return self._back(lead)
        try:
            merge = merge_leads(lead, other, by=current_user)
            flash(f"Merged. {_closed_words(merge)}You can undo the merge on this page for 30 days.", "success")
        except CannotMerge as error:
            flash(str(error), "error")
        return self._back(lead)

    @expose("/split/", methods=("POST",))
    def split(self) -> Answer:
        """Undo a merge."""
        lead = self.row_or_404()
        merge = db.session.get(Merge, row_id(request.form.get("merge", "")) or 0)
        try:
            if merge is None or merge.kept_id != lead.id:
                raise CannotSplit
            name = merge.merged.name
            split_leads(merge, by=current_user)
            flash(f"Merge undone. {name} is a separate lead again.", "success")
        except CannotSplit:
            flash("This merge was already undone or is older than 30 days.", "error")
        return self._back(lead)

    # Many at once

    @expose("/board/")
    def board(self) -> str:
        """Show a column for each stage."""
        columns = [(stage, count_in_stage(stage), leads_on_board(stage)) for stage in Stage]
        return self.render("admin/desk/lead_board.html", columns=columns, since=since, today=local_now().date())

    @action("mine", "Assign selected to me")
    def look_after(self, rowids: list[str]) -> None:
        """Assign the selected leads to the present person."""
        ids = ids_of(rowids)
        if not ids:
            flash("Select at least one lead first.", "error")
            return
        with atomic():
            for lead in db.session.scalars(sa.select(Lead).where(Lead.id.in_(ids), *self.row_filter())).all():
                assign_lead(lead, current_user.id, current_user.name, by=current_user)
        flash(f"{count_of(len(ids), 'lead')} assigned to you.", "success")

    @action("contacted", "Mark selected as contacted")
    def contacted(self, rowids: list[str]) -> None:
        """Move the selected leads to "contacted"."""
        self._move_all(rowids, Stage.CONTACTED)

    @action("joined", "Mark selected as joined")
    def joined(self, rowids: list[str]) -> None:
        """Move the selected leads to "joined"."""
        self._move_all(rowids, Stage.JOINED)

    @action("lost", "Mark selected as lost")
    def lost(self, rowids: list[str]) -> None:
        """Move the selected leads to "lost"."""
        self._move_all(rowids, Stage.LOST)

    def _move_all(self, rowids: list[str], stage: Stage) -> None:
        ids = ids_of(rowids)
        before = move_leads(ids, stage, by=current_user)
        if not ids:
            flash("Select at least one lead first.", "error")
        elif not before or len(before) > MOST_TO_UNDO:
            flash(f"{stage.capitalize()}: {count_of(len(ids), 'lead')}.", "success")
        else:
            was = {
                one.value: ",".join(str(id_) for id_, stage_before in before.items() if stage_before == one)
                for one in set(before.values())
            }
            back = way_back(url_for(".index_view"))
            text = f"{stage.capitalize()}: {count_of(len(before), 'lead')}."
            flash_undo(text, url_for(".undo_stages"), of=stage.value, back=back, **was)

    @expose("/stages/undo/", methods=("POST",))
    def undo_stages(self) -> Answer:
        """Restore the stages of many leads. Each field is named after a stage and holds ids like "1,2"."""
        of = request.form.get("of", "")
        if of not in list(Stage):
            abort(400)
        done = 0
        with atomic():
            for stage in Stage:
                for id_ in ids_of(request.form.get(stage.value, "").split(",")[:500]):
                    lead = db.session.get(Lead, id_)
                    done += bool(lead and undo_stage(lead, stage, of=Stage(of), by=current_user))
        flash(f"Undone: {count_of(done, 'lead')} restored.", "success" if done else "error")
        return redirect(self.list_url(), 303)  # type: ignore[return-value]

    # Export

    @expose("/export.csv")
    def export_csv(self) -> Answer:
        """Stream all leads as CSV (RFC 4180, UTF-8 with a byte order mark for Excel), without active formulas."""
        return self._export("csv", "text/csv", csv_lines)

    @expose("/export.xlsx")
    def export_xlsx(self) -> Answer:
        """Stream all leads as an Excel sheet."""
        return self._export("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file)

    def _export(self, kind: str, mimetype: str, lines: Callable[[], Iterator[Any]]) -> Answer:
        note_export("leads", by=current_user, detail=kind)
        headers = {
            "Content-Disposition": f"attachment; filename=leads-{clock.now():%Y-%m-%d}.{kind}",
            "X-Rows": str(count_leads_about()),  # for the progress that export.js shows
        }
        return Response(stream_with_context(lines()), mimetype=mimetype, headers=headers)

    def _back(self, lead: Lead) -> Answer:
        return redirect(self._way_back(lead), 303)  # type: ignore[return-value]

    def _way_back(self, lead: Lead) -> str:
        return way_back(url_for(".details_view", id=lead.id))
