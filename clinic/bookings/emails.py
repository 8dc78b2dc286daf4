"""One function per message about trials."""

from clinic.bookings.models import Booking, Voucher
from clinic.core import mail
from clinic.core.preferences import preferences


def trial_confirmed(booking: Booking, voucher: Voucher) -> None:
    """To the visitor: the trial is theirs, with the code."""
    mail.enqueue(
        "trial_confirmed",
        to=booking.lead.email,
        once_key=f"trial_confirmed:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
        voucher=voucher,
    )


def trial_held(booking: Booking) -> None:
    """To the visitor: we have it and will check. It does not say what we compared."""
    mail.enqueue(
        "trial_held",
        to=booking.lead.email,
        once_key=f"trial_held:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
    )


def trial_declined(booking: Booking) -> None:
    """To the visitor: not as a trial, and what is possible instead."""
    mail.enqueue(
        "trial_declined",
        to=booking.lead.email,
        once_key=f"trial_declined:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
    )


def lead_arrived(booking: Booking) -> None:
    """To the desk: somebody asks for us."""
    mail.enqueue(
        "lead_arrived",
        to=preferences().desk_email,
        once_key=f"lead_arrived:{booking.id}",
        booking=booking,
        lead=booking.lead,
    )
