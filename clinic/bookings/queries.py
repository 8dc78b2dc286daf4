"""Every read about trials."""

import sqlalchemy as sa

from clinic.bookings.models import Booking, BookingState, Service
from clinic.core.db import db


def active_services() -> list[Service]:
    """What can be chosen for a trial, in the clinic's order."""
    return list(
        db.session.scalars(sa.select(Service).where(Service.is_active).order_by(Service.position, Service.id).limit(20))
    )


def count_held() -> int:
    """How many bookings wait for the desk."""
    return db.session.scalar(sa.select(sa.func.count(Booking.id)).where(Booking.state == BookingState.HELD)) or 0
