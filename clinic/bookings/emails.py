"""One function per message about trials."""

from clinic.bookings.models import Booking, Voucher
from clinic.core import signing
from clinic.core.settings import settings
from clinic.outbox import operations as outbox
from clinic.outbox.attachments import QrCode
from clinic.preferences import preferences

TIMES = "times"  # a link by which a person says when they can come; see clinic/visits/views.py
MY_DATA = "my-data"


def trial_confirmed(booking: Booking, voucher: Voucher) -> None:
    """To the visitor: the trial is theirs, with the code."""
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
    """Where the desk redeems a voucher; the QR code holds it, so that any phone's camera leads there."""
    return f"{settings().site_url}/admin/redeem/?code={voucher.code}"


def voucher_picture(voucher: Voucher) -> QrCode:
    """The voucher as a QR code, for the body of a mail (cid:voucher)."""
    return QrCode("voucher.png", redeem_url(voucher), cid="voucher")


def trial_held(booking: Booking) -> None:
    """To the visitor: we have it and will check. It does not say what we compared."""
    outbox.enqueue(
        "trial_held",
        to=booking.lead.email,
        once_key=f"trial_held:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
        times_url=signing.link_url(TIMES, str(booking.id)),
    )


def trial_declined(booking: Booking) -> None:
    """To the visitor: not as a trial, and what is possible instead."""
    outbox.enqueue(
        "trial_declined",
        to=booking.lead.email,
        once_key=f"trial_declined:{booking.id}",
        name=booking.lead.name,
        service=booking.service,
    )


def lead_arrived(booking: Booking) -> None:
    """To the desk: somebody asks for us."""
    outbox.enqueue(
        "lead_arrived",
        to=preferences().desk_email,
        once_key=f"lead_arrived:{booking.id}",
        booking=booking,
        lead=booking.lead,
    )
