"""Leads: list, board and page of each lead, with stages, notes, letters and merges."""

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from flask_admin.actions import action
from flask_login import current_user
from sqlalchemy.orm import joinedload, selectinload
from wtforms import Form

from clinic.accounts.access import Permission
from clinic.admin.desk.export_screen import ExportScreen
from clinic.admin.desk.lead_cells import (
    bookings_cell,
    closed_words,
    next_cell,
    plan_form_of,
    services_cell,
    since,
    source_cell,
    staff_choices,
    stage_cell,
)
from clinic.admin.kit.cells import link_cell, time_cell, unbroken
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import ids_of, row_id
from clinic.admin.kit.once import do_once
from clinic.admin.kit.return_address import way_back
from clinic.admin.kit.undo import MOST_TO_UNDO, flash_undo
from clinic.admin.troubles import mail_troubles, worker_troubles
from clinic.core import clock
from clinic.core.db import row_with_id
from clinic.leads import lead_index
from clinic.leads.errors import CannotMerge, CannotSplit, Unsubscribed
from clinic.leads.forms import MessageForm, NoteForm, PlanForm, StageForm
from clinic.leads.models import Lead, Merge, Stage
from clinic.leads.operations import (
    add_note,
    assign_leads,
    change_stage,
    keep_apart,
    merge_leads,
    move_leads,
    plan_lead,
    split_leads,
    undo_stage,
    undo_stages,
    write_letter,
)
from clinic.leads.queries import (
    count_in_stage,
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
from clinic.web.answers import see_other
from clinic.web.filters import local_now


class LeadScreen(ExportScreen):
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
        "stage": stage_cell,
        "services": services_cell,
        "bookings": bookings_cell,
        "next_step": next_cell,
        "article": source_cell,
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
        lead = row_with_id(Lead, row_id(str(id)))
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
        """Return the address of the lead's page. The address of a refused form accepts only POST."""
        if request.method != "POST":
            return super().here()
        return way_back(url_for(".details_view", id=request.form.get("id")))

    def _refused(self, lead: Lead, form: Form) -> Answer:
        return self._details(lead.id, form), 422

    def _details(self, lead_id: int, *forms: Form) -> str:
        """Render the page with these forms as sent or filled in, and the others with the values of the lead."""
        lead = lead_with_history(lead_id) or abort(404)
        shown = {type(form): form for form in forms}
        wishes = {booking.id: wish_of(booking.id) for booking in lead.bookings}
        return self.render(
            self.details_template,
            model=lead,
            stage_form=shown.get(StageForm) or StageForm(stage=lead.stage, because=lead.lost_because),
            plan_form=shown.get(PlanForm) or plan_form_of(lead),
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
        form = PlanForm(request.form, staff=staff_choices())
        chosen = form.assigned.data or ""
        names = dict(form.assigned.choices)
        if chosen not in names:
            abort(400)
        if not form.validate():
            return self._refused(lead, form)
        assigned = (int(chosen), names[chosen]) if chosen else (None, "")
        plan_lead(lead, assigned, form.next_step.data or "", form.next_on.data, by=current_user)
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
            flash(f"Merged. {closed_words(merge)}You can undo the merge on this page for 30 days.", "success")
        except CannotMerge as error:
            flash(str(error), "error")
        return self._back(lead)

    @expose("/split/", methods=("POST",))
    def split(self) -> Answer:
        """Undo a merge."""
        lead = self.row_or_404()
        merge = row_with_id(Merge, row_id(request.form.get("merge", "")))
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
        assign_leads(ids, current_user.id, current_user.name, by=current_user)
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
        before = {stage: ids_of(request.form.get(stage.value, "").split(",")[:500]) for stage in Stage}
        done = undo_stages(before, of=Stage(of), by=current_user)
        flash(f"Undone: {count_of(done, 'lead')} restored.", "success" if done else "error")
        return see_other(self.list_url())

    def _back(self, lead: Lead) -> Answer:
        return see_other(self._way_back(lead))

    def _way_back(self, lead: Lead) -> str:
        return way_back(url_for(".details_view", id=lead.id))
