"""Emails about visits, one function per message."""

from clinic.bookings.emails import MY_DATA, voucher_picture
from clinic.core import signing
from clinic.outbox import operations as outbox
from clinic.outbox.attachments import Attachment
from clinic.preferences import preferences
from clinic.visits.calendar_file import CANCEL, REQUEST, visit_file
from clinic.visits.models import Visit

CANCEL_LINK = "cancel-visit"
OTHER_TIME = "other-time"


def visit_set(visit: Visit, *, is_move: bool) -> None:
    """Tell the person the time and therapist of their visit, with calendar file, voucher, directions, and links to
    change it."""
    booking, voucher = visit.booking, visit.booking.voucher
    assert voucher
    outbox.enqueue(
        "visit_set",
        to=booking.lead.email,
        once_key=f"visit_set:{visit.id}:{visit.sequence}",
        attachments=[voucher_picture(voucher), _calendar(visit, REQUEST)],
        visit=visit,
        booking=booking,
        voucher=voucher,
        is_move=is_move,
        **_links(visit),
    )


def visit_cancelled(visit: Visit) -> None:
    """Tell the person that the visit is cancelled, with a calendar file that removes it."""
    outbox.enqueue(
        "visit_cancelled",
        to=visit.booking.lead.email,
        once_key=f"visit_cancelled:{visit.id}:{visit.sequence}",
        attachments=[_calendar(visit, CANCEL)],
        visit=visit,
        booking=visit.booking,
    )


def visit_reminder(visit: Visit) -> None:
    """Remind the person of their visit, once for each booking."""
    voucher = visit.booking.voucher
    assert voucher
    outbox.enqueue(
        "visit_reminder",
        to=visit.booking.lead.email,
        once_key=reminder_key(visit),
        attachments=[voucher_picture(voucher)],
        visit=visit,
        booking=visit.booking,
        voucher=voucher,
        **_links(visit),
    )


def reminder_key(visit: Visit) -> str:
    """Return the once_key by which a booking gets a single reminder."""
    return f"visit_reminder:{visit.booking_id}"


def desk_told(visit: Visit, what: str, *, number: int = 0) -> None:
    """Tell the desk that a person has changed something about their visit."""
    outbox.enqueue(
        "visit_changed",
        to=preferences().desk_email,
        once_key=f"visit_changed:{visit.id}:{visit.sequence}:{what}:{number}",
        visit=visit,
        booking=visit.booking,
        what=what,
    )


def _calendar(visit: Visit, method: str) -> Attachment:
    kind = f"text/calendar; method={method}; charset=utf-8"
    return Attachment("visit.ics", kind, visit_file(visit, method))


def _links(visit: Visit) -> dict[str, str]:
    value = str(visit.booking_id)
    return {
        "cancel_url": signing.link_url(CANCEL_LINK, value),
        "other_time_url": signing.link_url(OTHER_TIME, value),
        "my_data_url": signing.link_url(MY_DATA, str(visit.booking.lead_id)),
    }
