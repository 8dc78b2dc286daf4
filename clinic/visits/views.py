"""Links in emails about visits, and the therapists' secret calendar feeds."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy.orm import joinedload

from clinic.accounts.access import Permission, mails_read_with
from clinic.bookings.emails import MY_DATA, TIMES
from clinic.bookings.models import Booking
from clinic.bookings.operations import booking_of_contact
from clinic.core.db import db
from clinic.core.limits import Limit, TooMany
from clinic.core.signing import sign
from clinic.core.text import email_address
from clinic.leads.models import Lead
from clinic.leads.operations import add_event
from clinic.outbox.queries import messages_to
from clinic.visits.calendar_file import feed_file
from clinic.visits.emails import CANCEL_LINK, OTHER_TIME
from clinic.visits.errors import ChangedTooOften, TimeTaken, TooLate, VisitClosed
from clinic.visits.forms import OwnWishForm, WishForm
from clinic.visits.models import Visit, VisitState
from clinic.visits.operations import UNDO_CANCEL, ask_for_other_time, cancel_visit, keep_wish, may_change, undo_cancel
from clinic.visits.queries import own_data, therapist_of_feed, visit_of, visits_in_feed, wish_of
from clinic.visits.therapists import feed_digest
from clinic.web.csrf import public_form
from clinic.web.limits import spend
from clinic.web.links import MailLink

bp = Blueprint("visits", __name__)
LINKS_LIVE = timedelta(days=120)
UNDO_LINK = "undo-cancel"
WISHES = Limit.of("60 time requests per address per hour")


@bp.get("/calendar/<secret>.ics")
def feed(secret: str) -> Response:
    """Return a therapist's visits as a calendar feed (RFC 5545), for anybody with the secret address."""
    therapist = therapist_of_feed(feed_digest(secret)) or abort(404)
    response = Response(feed_file(therapist, visits_in_feed(therapist)), mimetype="text/calendar")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.post("/book/times/")
@public_form
def times() -> str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Store the times at which a person can come, from the thanks page. The answer is the same for unknown people."""
    form = OwnWishForm(request.form)
    if not form.validate():
        return _own_wish_page(form), 422
    try:
        spend(WISHES)
    except TooMany as limit:
        form.note.errors = [limit.advice]
        return _own_wish_page(form), 429, {"Retry-After": str(limit.retry_after)}
    booking = booking_of_contact(email_address(form.email.data or ""), form.mobile_e164)
    if booking:
        keep_wish(booking, form.times.data or [], form.note.data or "")
    return render_template("visits/times.html", is_done=True)


def _own_wish_page(form: OwnWishForm) -> str:
    return render_template("visits/own_times.html", form=form)


class TimesLink(MailLink):
    """Takes the times at which a person can come."""

    purpose, lives = TIMES, LINKS_LIVE

    def show(self, value: str) -> str:
        """Show the form with the earlier wish."""
        wish = wish_of(_booking(value).id)
        return _wish_page(None, wish.times if wish else [], wish.note if wish else "")

    def act(self, value: str) -> Any:
        """Store the wish."""
        booking, form = _booking(value), WishForm(request.form)
        if not form.validate():
            return _wish_page(form, form.times.data, form.note.data), 422
        keep_wish(booking, form.times.data or [], form.note.data or "")
        return render_template("visits/times.html", is_done=True)


def _wish_page(form: WishForm | None, times: Any, note: Any) -> str:
    errors = form.errors if form else {}
    return render_template("visits/times.html", times=times or [], note=note or "", errors=errors, is_done=False)


class CancelLink(MailLink):
    """Cancels a visit; the person can undo it for 15 minutes."""

    purpose, lives = CANCEL_LINK, LINKS_LIVE

    def show(self, value: str) -> str:
        """Show the visit and the button."""
        return _visit_page("visits/cancel.html", visit_of(_booking(value).id))

    def act(self, value: str) -> Any:
        """Cancel the visit. If it is too late or was changed too often, say so and give the number to call."""
        visit = visit_of(_booking(value).id)
        try:
            if visit is None:
                raise VisitClosed
            cancel_visit(visit)
        except (VisitClosed, TooLate, ChangedTooOften):
            return _visit_page("visits/cancel.html", visit), 422
        undo = f"/link/{UNDO_LINK}/{sign(UNDO_LINK, f'{visit.booking_id} {visit.sequence}')}/"
        return _visit_page("visits/cancel.html", visit, undo=undo)


class UndoCancelLink(MailLink):
    """Undoes a cancellation."""

    purpose, lives = UNDO_LINK, UNDO_CANCEL

    def show(self, value: str) -> str:
        """Show the button again."""
        visit, is_same = _cancelled(value)
        return _visit_page("visits/undo_cancel.html", visit, is_open=is_same and visit.state == VisitState.CANCELLED)

    def act(self, value: str) -> Any:
        """Undo the cancellation if the time is still free."""
        visit, is_same = _cancelled(value)
        try:
            if not is_same:
                raise VisitClosed
            undo_cancel(visit)
        except VisitClosed:
            return _visit_page("visits/undo_cancel.html", visit, is_open=False), 422
        except TimeTaken:
            return _visit_page("visits/undo_cancel.html", visit_of(visit.booking_id), is_taken=True), 422
        return _visit_page("visits/undo_cancel.html", visit, is_done=True)


class OtherTimeLink(MailLink):
    """Asks for another time. The person keeps the current one until the desk sets another."""

    purpose, lives = OTHER_TIME, LINKS_LIVE

    def show(self, value: str) -> str:
        """Show the visit and the form for other times."""
        booking = _booking(value)
        wish = wish_of(booking.id)
        return _visit_page(
            "visits/other_time.html",
            visit_of(booking.id),
            times=wish.times if wish else [],
            note=wish.note if wish else "",
            has_asked=bool(wish and wish.wants_other_at),
        )

    def act(self, value: str) -> Any:
        """Store the wish and tell the desk."""
        booking, form = _booking(value), WishForm(request.form)
        visit = visit_of(booking.id)
        shown: dict[str, Any] = {"times": form.times.data or [], "note": form.note.data or "", "errors": {}}
        if not form.validate():
            return _visit_page("visits/other_time.html", visit, **shown | {"errors": form.errors}), 422
        try:
            if visit is None:
                raise VisitClosed
            ask_for_other_time(visit, form.times.data or [], form.note.data or "")
        except (VisitClosed, TooLate, ChangedTooOften):
            return _visit_page("visits/other_time.html", visit, **shown), 422
        return _visit_page("visits/other_time.html", visit, is_done=True)


class MyDataLink(MailLink):
    """Shows a person the data stored about them. Only the button shows it, so that mail scanners cannot read it."""

    purpose, lives = MY_DATA, timedelta(days=14)

    def show(self, value: str) -> str:
        """Show the button."""
        return render_template("visits/my_data.html", lead=None)

    def act(self, value: str) -> str:
        """Show all data, and note in the history that they were read."""
        lead = db.session.get(Lead, int(value), options=[joinedload(Lead.article)]) or abort(404)
        add_event(lead.merged_into_id or lead.id, "Viewed their data", once_a_day=True)
        own = own_data(lead)
        return render_template(
            "visits/my_data.html",
            lead=lead,
            own=own,
            visits={booking.id: visit_of(booking.id) for booking in own.bookings},
            wishes={booking.id: wish_of(booking.id) for booking in own.bookings},
            messages=messages_to(lead.email, mails_read_with(Permission.LEAD_WORK)),
        )


def _booking(value: str) -> Booking:
    return db.session.get(Booking, int(value)) or abort(404)


def _cancelled(value: str) -> tuple[Visit, bool]:
    """Return the visit of an undo link, and whether it is unchanged since the link was made."""
    id_, _, sequence = value.partition(" ")
    visit = visit_of(int(id_)) or abort(404)
    return visit, visit.sequence == int(sequence)


def _visit_page(template: str, visit: Visit | None, **more: Any) -> str:
    shown: dict[str, Any] = {
        "is_done": False,
        "is_open": True,
        "is_taken": False,
        "undo": "",
        "errors": {},
        "has_asked": False,
    }
    return render_template(
        template, **shown | {"visit": visit, "may_change": visit is not None and may_change(visit)} | more
    )
