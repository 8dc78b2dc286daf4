"""Vouchers redeemed together with visits."""

from datetime import date

from clinic.accounts.models import User
from clinic.bookings.history import add_booking_event
from clinic.bookings.models import Voucher, VoucherState
from clinic.bookings.operations import redeem_voucher, undo_redemption
from clinic.core import audit
from clinic.core.db import atomic, db
from clinic.leads.models import Stage
from clinic.leads.operations import change_stage
from clinic.preferences import preferences
from clinic.visits.errors import (
    VisitToCome,
)
from clinic.visits.models import Visit, VisitState
from clinic.visits.operations import close_if_set, close_visit, occupy, was_redeemed_with, when_of
from clinic.visits.queries import visit_of


@atomic()
def mark_attended(visit: Visit, *, by: User, device: str = "", today: date | None = None) -> None:
    """Note that the person came, and redeem the voucher.

    Raises VisitClosed, VoucherRedeemed or VoucherNotRedeemable, and VisitToCome if the visit is on a day after `today`.
    """
    voucher = visit.booking.voucher
    assert voucher
    if today:
        check_day(voucher, today=today, seen="")
    close_if_set(visit, VisitState.ATTENDED)
    if voucher.state == VoucherState.ISSUED:
        redeem_voucher(voucher, by=by, device=device)
    else:
        change_stage(visit.booking.lead, Stage.ATTENDED, by=by)
    add_booking_event(visit.booking, f"Attended: {when_of(visit)}", by=by)
    audit.record("attended", visit, by=by)


@atomic()
def redeem_at_desk(voucher: Voucher, *, by: User, device: str, today: date | None = None, seen: str = "") -> None:
    """Redeem the voucher of a person who shows their code. A visit that is set becomes attended.

    Raises VoucherRedeemed (with when and by whom) or VoucherNotRedeemable, but not for the device that redeemed it.
    With `today` it raises VisitToCome as check_day does.
    """
    if today:
        check_day(voucher, today=today, seen=seen)
    was_issued = voucher.state == VoucherState.ISSUED
    visit = _locked_visit(voucher)
    redeem_voucher(voucher, by=by, device=device)
    if was_issued and visit and visit.state == VisitState.SET:
        close_visit(visit, VisitState.ATTENDED)
        add_booking_event(visit.booking, f"Attended: {when_of(visit)}", by=by)
        audit.record("attended", visit, by=by)


@atomic()
def check_day(voucher: Voucher, *, today: date, seen: str) -> None:
    """Raise VisitToCome if the voucher is valid and the person's visit is on a later day than today.

    `seen` is the visit that staff have confirmed; one that was moved since is asked about again. The visit is locked,
    so later writes in the same transaction concern the day that was checked.
    """
    visit = _locked_visit(voucher)
    if visit is None or voucher.state != VoucherState.ISSUED or visit.state != VisitState.SET:
        return
    if visit.starts_at.astimezone(preferences().zone).date() > today and seen != visit_key(visit):
        raise VisitToCome(visit.starts_at)


def visit_key(visit: Visit) -> str:
    """Return a key for the visit at its current time."""
    return f"{visit.id}.{visit.sequence}"


@atomic()
def take_back_redemption(voucher: Voucher, *, by: User) -> None:
    """Undo a redemption, and the attendance that it recorded. Raises RedemptionStands."""
    visit = _locked_visit(voucher)
    was_closed_by_it = visit is not None and was_redeemed_with(voucher, visit)
    undo_redemption(voucher, by=by)
    if visit and was_closed_by_it:
        occupy(visit, visit.therapist, visit.starts_at, visit.ends_at)
        add_booking_event(visit.booking, f"Visit reopened: {when_of(visit)}", by=by)
        audit.record("put back", visit, by=by)


def _locked_visit(voucher: Voucher) -> Visit | None:
    visit = visit_of(voucher.booking_id)
    if visit:
        db.session.refresh(visit, with_for_update={"of": Visit})
    return visit
