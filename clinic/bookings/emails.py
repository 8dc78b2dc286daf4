"""Emails about trials, one function per message."""

from clinic.bookings.models import Booking, Voucher
from clinic.core import signing
from clinic.core.settings import settings
from clinic.outbox import operations as outbox
from clinic.outbox.attachments import QrCode
from clinic.preferences import preferences

TIMES = "times"  # link by which a person gives times they can come; see clinic/visits/views.py
MY_DATA = "my-data"


def trial_confirmed(booking: Booking, voucher: Voucher) -> None:
    """Confirm a trial to the visitor, with the voucher."""
    outbox.enqueue(
        "trial_confirmed",
        to=booking.lead.email,
        once_key=f"trial_confirmed:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
        voucher=voucher,
        times_url=signing.link_url(TIMES, str(booking.id)),
        my_data_url=signing.link_url(MY_DATA, str(booking.lead_id)),
        attachments=[voucher_picture(voucher)],
    )


def redeem_url(voucher: Voucher) -> str:
    """Return the page on which the desk redeems a voucher. The QR code contains it, so any phone's camera leads
    there."""
    return f"{settings().site_url}/admin/redeem/?code={voucher.code}"


def voucher_picture(voucher: Voucher) -> QrCode:
    """Return the voucher as a QR code for the body of an email (cid:voucher)."""
    return QrCode("voucher.png", redeem_url(voucher), cid="voucher")


def trial_held(booking: Booking) -> None:
    """Tell the visitor that the request was received and will be checked. The reason is not given."""
    outbox.enqueue(
        "trial_held",
        to=booking.lead.email,
        once_key=f"trial_held:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
        times_url=signing.link_url(TIMES, str(booking.id)),
    )


def trial_declined(booking: Booking) -> None:
    """Decline a trial, and offer alternatives."""
    outbox.enqueue(
        "trial_declined",
        to=booking.lead.email,
        once_key=f"trial_declined:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
    )


def lead_arrived(booking: Booking) -> None:
    """Tell the desk about a new request."""
    outbox.enqueue(
        "lead_arrived",
        to=preferences().desk_email,
        once_key=f"lead_arrived:{booking.id}",
        booking=booking,
        lead=booking.lead,
    )
