"""Every read about trials."""

from datetime import datetime

import sqlalchemy as sa

from clinic.bookings.models import Booking, BookingState, Service, Voucher
from clinic.core.db import db


def active_services() -> list[Service]:
    """What can be chosen for a trial, in the clinic's order."""
    return list(
        db.session.scalars(sa.select(Service).where(Service.is_active).order_by(Service.position, Service.id).limit(20))
    )


def voucher_with_code(code: str) -> Voucher | None:
    """The voucher with this code, typed with or without spaces, in capitals or not."""
    wanted = "".join(code.split()).upper().replace("-", "")
    return db.session.scalar(sa.select(Voucher).where(Voucher.code == wanted))


def count_held() -> int:
    """How many bookings wait for the desk."""
    return db.session.scalar(sa.select(sa.func.count(Booking.id)).where(Booking.state == BookingState.HELD)) or 0


def bookings_in(spans: list[tuple[datetime, datetime]]) -> list[int]:
    """How many trials were asked for in each span of time, its end not included: one statement."""
    counts = [
        sa.func.count(sa.case((sa.and_(Booking.created_at >= start, Booking.created_at < end), 1)))
        for start, end in spans
    ]
    earliest = min(start for start, _ in spans)
    return list(db.session.execute(sa.select(*counts).where(Booking.created_at >= earliest)).one())
