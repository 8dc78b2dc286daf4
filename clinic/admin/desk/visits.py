"""The desk's day: visits of today, the week by therapist, and setting a time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.sign_in import device_digest
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.return_address import way_back
from clinic.admin.kit.undo import flash_undo
from clinic.bookings.errors import VoucherNotRedeemable, VoucherRedeemed
from clinic.bookings.models import Booking
from clinic.core.db import row_with_id
from clinic.visits.errors import TimeRefused, TimeTaken, VisitClosed, VisitToCome
from clinic.visits.models import Therapist, Visit, VisitState
from clinic.visits.operations import cancel_visit, mark_missed, reopen_visit, set_visit
from clinic.visits.queries import (
    bookings_without_time,
    day_span,
    free_starts,
    therapists,
    visit_of,
    visits_between,
    wish_of,
)
from clinic.visits.redeeming import mark_attended
from clinic.visits.wishes import wish_words
from clinic.web.answers import see_other
from clinic.web.filters import local_day, local_now, moment, zone

OUTCOMES = {"late": VisitState.LATE_CANCEL, "missed": VisitState.NO_SHOW}
FIRST_WAITING, MOST_WAITING = 20, 1000


class TodayScreen(Guarded):
    """Visits of a day by time, each with buttons for its outcome."""

    permission = Permission.LEAD_WORK
    heading = "Today"

    @expose("/")
    def index(self) -> str:
        """Show the visits of today or of another day."""
        today = local_now().date()
        day = _day(request.args.get("day", "")) or today
        return self.render(
            "admin/desk/today.html",
            day=day,
            today=today,
            before=day - timedelta(days=1),
            after=day + timedelta(days=1),
            visits=visits_between(*day_span(day)),
            **_waiting(),
        )

    @expose("/outcome/", methods=("POST",))
    def outcome(self) -> Answer:
        """Record an outcome: attended, late cancel or no-show."""
        visit, verb = _visit_or_404(), request.form.get("verb", "")
        name = visit.booking.lead.name
        try:
            if verb == "attended":
                voucher = visit.booking.voucher or abort(404)
                mark_attended(visit, by=current_user, device=device_digest(), today=local_now().date())
                text = f"{name} attended. The voucher is redeemed."
            elif verb in OUTCOMES:
                is_spent = mark_missed(visit, OUTCOMES[verb], by=current_user)
                text = f"{name}: {OUTCOMES[verb]}. " + (
                    "The trial is used up." if is_spent else "They can still use the trial."
                )
            else:
                abort(400)
        except VoucherRedeemed as before:
            flash(f"The voucher was redeemed on {moment(before.at)} by {before.by}. Nothing was changed.", "error")
        except VoucherNotRedeemable:
            flash("This voucher is expired or cancelled, so it cannot be redeemed.", "error")
        except VisitToCome:
            asks = url_for("redeem_admin.index", code=voucher.code, back=_back())
            return see_other(asks)
        except VisitClosed:
            flash(f"The visit of {name} already has an outcome. Nothing was changed.", "error")
        else:
            state = visit.state
            flash_undo(text, url_for("today_admin.undo"), id=str(visit.id), of=state, back=_back())
        return see_other(_back())

    @expose("/undo/", methods=("POST",))
    def undo(self) -> Answer:
        """Undo an outcome."""
        visit, of = _visit_or_404(), request.form.get("of", "")
        if of not in list(VisitState):
            abort(400)
        try:
            reopen_visit(visit, of=VisitState(of), by=current_user)
            flash(f"Undone. The visit of {visit.booking.lead.name} is open again.", "success")
        except VisitClosed:
            flash("Not undone: the outcome was already undone or somebody has changed the visit since then.", "error")
        except TimeTaken:
            flash("Not undone: somebody else now has this time.", "error")
        return see_other(_back())


@dataclass(frozen=True)
class Day:
    """Day of a week with its visits, or with its free slots by therapist id."""

    day: date
    visits: list[Visit]
    free: dict[int, list[datetime]]


class CalendarScreen(Guarded):
    """Week by therapist, and the page that sets the time of one booking."""

    permission = Permission.LEAD_WORK
    heading = "Calendar"

    def list_back(self) -> str:
        """Return the address from which the page of a booking was opened."""
        return way_back(url_for(".index"))

    @expose("/")
    def index(self) -> str:
        """Show the visits of a week."""
        days = _week()
        people = therapists(also_inactive=True)
        chosen = row_id(request.args.get("therapist", ""))
        visits = visits_between(day_span(days[0])[0], day_span(days[-1])[1], therapist_id=chosen)
        return self.render(
            "admin/desk/calendar.html",
            days=[Day(day, [one for one in visits if local_day(one.starts_at) == day], {}) for day in days],
            therapists=people,
            chosen=chosen,
            today=local_now().date(),
            **_waiting(),
            **_around(days),
        )

    @expose("/set/", methods=("GET", "POST"))
    def set(self) -> Answer:
        """Show the preferred times of a person and the free slots of a week. One press sets the time."""
        booking = _booking_or_404()
        if request.method == "GET":
            return self._page(booking)
        therapist_id, _, start = request.form.get("slot", "").partition(" ")
        typed = (request.form.get("therapist", ""), request.form.get("start", ""))
        if not start:
            therapist_id, start = typed
        therapist = row_with_id(Therapist, row_id(therapist_id))
        starts_at = _moment(start)
        if therapist is None or starts_at is None:
            wrong = "Choose a therapist and enter a date and time like 24/11/2026 10:15."
            return self._page(booking, wrong=wrong, typed=typed), 422
        try:
            visit = set_visit(booking, therapist, starts_at, by=current_user)
        except TimeRefused as refusal:
            return self._page(booking, wrong=str(refusal), typed=typed), 422
        except TimeTaken as taken:
            booking = _booking_or_404()
            return self._page(booking, taken=(therapist_id, taken.free), typed=typed), 409
        flash(f"Set: {moment(visit.starts_at)} with {therapist.name}. An email to the person will be sent.", "success")
        return see_other(self.list_back())

    @expose("/cancel/", methods=("POST",))
    def cancel(self) -> Answer:
        """Cancel a visit and email the person."""
        visit = _visit_or_404()
        try:
            cancel_visit(visit, by=current_user)
            flash(f"Cancelled: the visit of {visit.booking.lead.name}. An email to the person will be sent.", "success")
        except VisitClosed:
            flash("This visit is no longer set. Nothing was changed.", "error")
        return see_other(way_back(url_for("calendar_admin.index")))

    def _page(
        self,
        booking: Booking,
        *,
        wrong: str = "",
        taken: tuple[str, list[datetime]] | None = None,
        typed: tuple[str, str] = ("", ""),
    ) -> str:
        days, people = _week(), therapists()
        free = free_starts([one.id for one in people], days, booking.service.minutes)

        def on(day: date) -> dict[int, list[datetime]]:
            return {id_: [one for one in starts if local_day(one) == day] for id_, starts in free.items()}

        wish = wish_of(booking.id)
        return self.render(
            "admin/desk/set_time.html",
            booking=booking,
            visit=visit_of(booking.id),
            wish=wish,
            wished=wish_words(wish.times) if wish else "",
            therapists=people,
            names={one.id: one.name for one in people},
            days=[Day(day, [], on(day)) for day in days],
            wrong=wrong,
            taken=taken,
            typed=typed,
            **_around(days),
        )


def _waiting() -> dict[str, object]:
    """Return the bookings without a time: those that have waited longest, or all."""
    most = MOST_WAITING if request.args.get("waiting") == "all" else FIRST_WAITING
    found = bookings_without_time(most)
    return {"waiting": found.rows, "waiting_count": found.total}


def _around(days: list[date]) -> dict[str, date]:
    return {"before": days[0] - timedelta(days=7), "after": days[0] + timedelta(days=7)}


def _week() -> list[date]:
    """Return the seven days, from Monday, of the requested week or of the present one."""
    day = _day(request.values.get("week", "")) or local_now().date()
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=number) for number in range(7)]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 < day.year < 2200 else None


def _moment(text: str) -> datetime | None:
    """Parse a time from a form: with an offset, or in the clinic's zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 2000 < moment.year < 2200:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone())


def _row_or_404(model: type[Any]) -> Any:
    id_ = row_id(request.values.get("id", ""))
    return row_with_id(model, id_) or abort(404)


def _booking_or_404() -> Booking:
    booking: Booking = _row_or_404(Booking)
    return booking


def _visit_or_404() -> Visit:
    visit: Visit = _row_or_404(Visit)
    return visit


def _back() -> str:
    return way_back(url_for("today_admin.index"))
