"""Definitions of the figures that are shown: SQL conditions for every statement that counts, and a sentence for
each."""

import sqlalchemy as sa

from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.leads.models import Lead, Stage

CAME = (Stage.ATTENDED, Stage.JOINED)

MEANINGS = {
    "reads": "Reads: article pages that visitors opened. Robots and staff do not count.",
    "trials": "Trials: requests that were booked at once or allowed by the desk, by the day of the request."
    " Held and declined requests do not count.",
    "attended": "Attended: of these, the people who came. Their voucher was redeemed, or their lead is at the stage"
    " attended or joined.",
    "joined": "Joined: of these, the people whose lead is at the stage joined.",
    "visits": "Trials today: all visits set for today. Cancelled visits do not count.",
}


def is_trial() -> sa.ColumnElement[bool]:
    """Return a condition: the booking counts as a trial."""
    return Booking.state == BookingState.BOOKED


def has_attended() -> sa.ColumnElement[bool]:
    """Return a condition: the person of the booking came. Needs Lead joined, and Voucher by an outer join."""
    return sa.or_(sa.func.coalesce(Voucher.state, "") == VoucherState.REDEEMED, Lead.stage.in_(CAME))


def has_joined() -> sa.ColumnElement[bool]:
    """Return a condition: the person of the booking became a member. Needs Lead joined."""
    return Lead.stage == Stage.JOINED
