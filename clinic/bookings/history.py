"""History lines about one booking, which stay with the booking when leads are merged or split."""

from clinic.bookings.models import Booking
from clinic.core import audit
from clinic.leads.operations import add_event


def add_booking_event(booking: Booking, text: str, *, by: audit.Actor | None = None, once_a_day: bool = False) -> None:
    """Add a line about a booking to the history of its lead, in the current transaction."""
    add_event(booking.lead_id, text, by=by, once_a_day=once_a_day, booking_id=booking.id)
