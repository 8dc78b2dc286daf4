"""Bookings: allow or decline the held ones, redeem vouchers."""

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import joinedload

from clinic.accounts.access import Permission
from clinic.admin.desk.redeem import redeem_and_say
from clinic.admin.kit.cells import link_cell, state_cell, time_cell
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.return_address import here
from clinic.admin.kit.screen import StaffView
from clinic.bookings.errors import NotHeld, TrialAlreadyUsed, UsedSince
from clinic.bookings.ledger import last_claim
from clinic.bookings.models import Booking
from clinic.bookings.one_trial import has_trial
from clinic.bookings.operations import allow_booking, decline_booking, keys_of_booking
from clinic.bookings.queries import blocks_of, bookings_of_leads, leads_behind
from clinic.core import clock
from clinic.leads import lead_index
from clinic.leads.models import Lead
from clinic.leads.same_person import evidence
from clinic.web.answers import see_other


def _voucher_cell(_view: Any, _context: Any, row: Booking, _name: str) -> Markup | str:
    if row.voucher is None:
        return "–"
    is_expired = row.voucher.state == "issued" and row.voucher.expires_at <= clock.now()
    url = url_for("redeem_admin.index", code=row.voucher.code, back=here())
    state = "expired" if is_expired else row.voucher.state
    return Markup('<a href="{}">{}</a> ({})').format(url, row.voucher.code, state)


class BookingScreen(StaffView):
    """All bookings; the held ones wait for a decision."""

    permission = Permission.LEAD_WORK
    heading, singular = "Bookings", "booking"
    intro = "Held bookings wait for your decision. The column “Reason” explains why."
    empty_text = "No bookings here. They come from the form “Get Started”."
    row_template = "admin/desk/booking_buttons.html"
    column_list = ["lead", "service", "state", "held_because", "voucher", "created_at"]
    column_labels = {"lead": "Lead", "held_because": "Reason", "created_at": "Requested"}
    column_sortable_list = ["created_at"]
    column_default_sort = ("created_at", True)
    column_searchable_list = [Lead.name, Lead.email, Lead.mobile]
    column_formatters = {
        "lead": link_cell("leads_admin.details_view", lambda row: row.lead.name, lambda row: row.lead_id),
        "state": state_cell,
        "voucher": _voucher_cell,
        "created_at": time_cell,
    }
    tab_column = "state"
    tabs = (("all", "All"), ("held", "Held"), ("booked", "Booked"), ("declined", "Declined"))

    def load_options(self) -> Iterable[Any]:
        """Load lead, service and voucher."""
        return (joinedload(Booking.lead), joinedload(Booking.service), joinedload(Booking.voucher))

    def find_ids(self, text: str) -> list[int]:
        """Return the bookings of the leads that match the search."""
        return bookings_of_leads(lead_index.find(text))

    @expose("/compare/")
    def compare(self) -> Answer:
        """Show a held booking beside the leads that used its email or mobile."""
        booking = self.row_or_404()
        keys = keys_of_booking(booking)
        behind = [
            (claim, lead, evidence(booking.lead, lead) if lead else [])
            for claim, lead in leads_behind(keys.values())
            if lead is None or lead.id != booking.lead_id
        ]
        blocks = blocks_of(keys.values())
        return self.render(
            "admin/desk/booking_compare.html",
            booking=booking,
            behind=behind,
            blocks=blocks,
            seen=last_claim(keys.values()),
            has_trial=has_trial(booking.lead_id),
        )

    @expose("/decide/", methods=("POST",))
    def decide(self) -> Answer:
        """Allow or decline a held booking."""
        booking = self.row_or_404()
        verb = request.form.get("verb")
        if verb not in ("allow", "decline"):
            abort(400)
        try:
            if verb == "allow":
                seen = row_id(request.form.get("seen", "")) or 0
                voucher = allow_booking(booking, by=current_user, seen=seen)
                flash(f"Allowed: voucher {voucher.code} will be sent by email.", "success")
            else:
                decline_booking(booking, by=current_user)
                flash("Declined. An email to the person will be sent.", "success")
        except NotHeld:
            flash("This booking was already decided. Nothing was changed.", "error")
        except UsedSince:
            flash(
                "The email or mobile was used for another trial after this request. Compare them, then decide.", "error"
            )
            return see_other(url_for(".compare", id=booking.id, back=self.list_url()))
        except TrialAlreadyUsed:
            flash("This person already had their one trial. Decline the request instead.", "error")
        return see_other(self.list_url())

    @expose("/redeem/", methods=("POST",))
    def redeem(self) -> Answer:
        """Redeem the voucher of a booking."""
        booking = self.row_or_404()
        voucher = booking.voucher or abort(404)
        return redeem_and_say(voucher, f"Redeemed: voucher {voucher.code}.", back=self.list_url())
