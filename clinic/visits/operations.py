"""Writes about visits. In set_visit() a database constraint decides who gets a therapist's time."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.accounts.models import User
from clinic.bookings.history import add_booking_event
from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.jobs import for_each
from clinic.core.text import clean_text
from clinic.leads.models import Stage
from clinic.leads.operations import change_stage
from clinic.outbox import operations as outbox
from clinic.preferences import preferences
from clinic.visits import emails
from clinic.visits.errors import (
    ChangedTooOften,
    TimeRefused,
    TimeTaken,
    TooLate,
    VisitClosed,
)
from clinic.visits.models import SLOT_MINUTES, Therapist, Visit, VisitSlot, VisitState, Wish
from clinic.visits.queries import nearest_free, visit_of, visits_to_remind, wish_of

UNDO_CANCEL = timedelta(minutes=15)
REOPEN = timedelta(hours=12)
SAME_ACT = timedelta(seconds=5)  # most time between the two timestamps of one action


@atomic()
def keep_wish(booking: Booking, times: list[str], note: str) -> None:
    """Store the times at which a person can come. Does nothing if they are unchanged."""
    wish, note = _wish(booking), clean_text(note)
    if (wish.times, wish.note) != (times, note):
        wish.times, wish.note = times, note
        add_booking_event(booking, "Sent their preferred times", once_a_day=True)


@atomic()
def set_visit(booking: Booking, therapist: Therapist, starts_at: datetime, *, by: User) -> Visit:
    """Set or move the time of a booking, and send the email. Does nothing if the time is unchanged.

    Raises TimeRefused, or TimeTaken with the nearest free times.
    """
    starts_at = starts_at.astimezone(preferences().zone)
    ends_at = starts_at + timedelta(minutes=booking.service.minutes)
    # A competing writer waits for this row, not inside the check of the constraint, where two could deadlock.
    db.session.refresh(therapist, with_for_update=True)
    db.session.refresh(booking, with_for_update={"of": Booking})
    _check_time(booking, therapist, starts_at)
    visit = visit_of(booking.id)
    if visit and (visit.state, visit.therapist_id, visit.starts_at) == (VisitState.SET, therapist.id, starts_at):
        return visit
    was_set = visit is not None and visit.state == VisitState.SET
    if visit is None:
        visit = Visit(booking=booking, uid=uuid.uuid4().hex, sequence=0)
    else:
        visit.sequence += 1
    occupy(visit, therapist, starts_at, ends_at)
    wish = wish_of(booking.id)
    if wish:
        wish.wants_other_at = None
    add_booking_event(booking, f"{'New time' if was_set else 'Time'} set: {when_of(visit)}, {therapist.name}", by=by)
    if booking.lead.stage in (Stage.NEW, Stage.CONTACTED):
        change_stage(booking.lead, Stage.BOOKED, by=by)
    audit.record("set the time of", booking, by=by)
    emails.visit_set(visit, is_move=was_set)
    return visit


@atomic()
def cancel_visit(visit: Visit, *, by: User | None = None) -> None:
    """Cancel a visit; the voucher stays valid for another time. `by` None is the person, within the clinic's rules.

    Raises VisitClosed, and for the person also TooLate and ChangedTooOften.
    """
    db.session.refresh(visit, with_for_update={"of": Visit})
    if visit.state != VisitState.SET:
        raise VisitClosed
    if by is None:
        _check_may_change(visit)
        _wish(visit.booking).changes += 1
    close_visit(visit, VisitState.CANCELLED)
    add_booking_event(visit.booking, f"Visit cancelled{'' if by else ' by the person'}: {when_of(visit)}", by=by)
    audit.record("cancelled", visit, by=by)
    emails.visit_cancelled(visit)
    if by is None:
        emails.desk_told(visit, "cancelled their visit")


@atomic()
def undo_cancel(visit: Visit) -> None:
    """Undo a person's own cancellation within 15 minutes. Raises VisitClosed when that is over, or TimeTaken."""
    db.session.refresh(visit.therapist, with_for_update=True)
    db.session.refresh(visit, with_for_update={"of": Visit})
    if visit.state != VisitState.CANCELLED or not visit.closed_at or clock.now() > visit.closed_at + UNDO_CANCEL:
        raise VisitClosed
    if visit.starts_at <= clock.now():
        raise VisitClosed
    visit.sequence += 1
    occupy(visit, visit.therapist, visit.starts_at, visit.ends_at)
    wish = _wish(visit.booking)
    wish.changes = max(0, wish.changes - 1)
    add_booking_event(visit.booking, f"Cancellation undone by the person: {when_of(visit)}")
    audit.record("set the time of", visit.booking, detail="cancellation undone")
    emails.visit_set(visit, is_move=True)
    emails.desk_told(visit, "undid the cancellation of their visit")


@atomic()
def ask_for_other_time(visit: Visit, times: list[str], note: str) -> None:
    """Record that the person wants another time. They keep the current one until the desk sets another.

    Asking again only changes the wish. Raises VisitClosed, TooLate, ChangedTooOften.
    """
    db.session.refresh(visit, with_for_update={"of": Visit})
    if visit.state != VisitState.SET:
        raise VisitClosed
    wish = _wish(visit.booking)
    if wish.wants_other_at is None:
        _check_may_change(visit)
        wish.changes += 1
        wish.wants_other_at = clock.now()
        add_booking_event(visit.booking, f"Asked for another time than {when_of(visit)}")
        emails.desk_told(visit, "asked for another time", number=wish.changes)
    wish.times, wish.note = times, clean_text(note)


@atomic()
def mark_missed(visit: Visit, state: VisitState, *, by: User) -> bool:
    """Record a late cancel or a no-show. Returns whether it uses up the trial, by the clinic's rules. Raises
    VisitClosed."""
    rules = preferences()
    is_spent = rules.no_show_spends if state == VisitState.NO_SHOW else rules.late_cancel_spends
    close_if_set(visit, state)
    if is_spent:
        db.session.execute(
            sa.update(Voucher)
            .where(Voucher.booking_id == visit.booking_id, Voucher.state == VoucherState.ISSUED)
            .values(state=VoucherState.CANCELLED)
        )
    spent = "The trial is used up" if is_spent else "They can still use the trial"
    add_booking_event(visit.booking, f"{state.capitalize()}: {when_of(visit)}. {spent}", by=by)
    audit.record(str(state), visit, by=by)
    return is_spent


@atomic()
def reopen_visit(visit: Visit, *, of: VisitState, by: User) -> None:
    """Undo attended, late cancel or no-show, and its effect on the voucher.

    Raises VisitClosed if the visit is no longer in state `of`, TimeTaken if the time was given to somebody else.
    """
    db.session.refresh(visit, with_for_update={"of": Visit})
    if visit.state != of or not visit.closed_at or clock.now() > visit.closed_at + REOPEN:
        raise VisitClosed
    voucher = visit.booking.voucher
    if voucher and (_is_spent(voucher) or was_redeemed_with(voucher, visit)):
        voucher.state, voucher.redeemed_at = VoucherState.ISSUED, None
        voucher.redeemed_by_id, voucher.redeemed_device = None, ""
    occupy(visit, visit.therapist, visit.starts_at, visit.ends_at)
    add_booking_event(visit.booking, f"Visit reopened: {when_of(visit)}", by=by)
    change_stage(visit.booking.lead, Stage.BOOKED, by=by)
    audit.record("put back", visit, by=by)


def _is_spent(voucher: Voucher) -> bool:
    """Return whether a missed visit cancelled the voucher. One cancelled by a merge has no `trial_of_id`, and stays
    cancelled."""
    return voucher.state == VoucherState.CANCELLED and voucher.trial_of_id is not None


def remind_of_visits() -> int:
    """Enqueue the reminders that are due, one for each booking ever. Returns the number of visits checked.

    After an outage the next call catches up, because every visit that has not begun is checked.
    """
    visits = visits_to_remind(clock.now() + timedelta(hours=preferences().reminder_hours))
    return for_each(visits, emails.visit_reminder)


def may_change(visit: Visit) -> bool:
    """Return whether the person may still cancel or ask for another time online."""
    try:
        _check_may_change(visit)
    except (TooLate, ChangedTooOften):
        return False
    return visit.state == VisitState.SET


def _check_may_change(visit: Visit) -> None:
    rules = preferences()
    if visit.starts_at - timedelta(hours=rules.cutoff_hours) < clock.now():
        raise TooLate
    wish = wish_of(visit.booking_id)
    if wish and wish.changes >= rules.most_changes:
        raise ChangedTooOften


def _check_time(booking: Booking, therapist: Therapist, starts_at: datetime) -> None:
    voucher = booking.voucher
    if booking.state != BookingState.BOOKED or voucher is None:
        raise TimeRefused("This booking is still held. Allow it first.")
    if voucher.state != VoucherState.ISSUED:
        raise TimeRefused("The trial is already used or cancelled, so no time can be set.")
    if not therapist.is_active:
        raise TimeRefused("This therapist takes no new visits. Choose another therapist.")
    if starts_at <= clock.now():
        raise TimeRefused("This time is in the past. Choose a later one.")
    if starts_at > clock.now() + timedelta(days=366):
        raise TimeRefused("This time is more than a year away. Check the date.")
    if starts_at.minute % SLOT_MINUTES or starts_at.second or starts_at.microsecond:
        raise TimeRefused("Visits start on the quarter hour, like 9:00 or 9:15.")


def occupy(visit: Visit, therapist: Therapist, starts_at: datetime, ends_at: datetime) -> None:
    """Set the visit at this time of the therapist. Raises TimeTaken if the database refuses."""
    therapist_id, minutes = therapist.id, visit.booking.service.minutes
    attempt = db.session.begin_nested()  # begin_nested() flushes earlier changes, so the time is changed after it
    try:
        visit.therapist, visit.starts_at, visit.ends_at = therapist, starts_at, ends_at
        visit.state, visit.closed_at = VisitState.SET, None
        db.session.add(visit)
        db.session.flush()
        if db.session.get_bind().dialect.name == "sqlite":
            _take_slots(visit)
        attempt.commit()
    except IntegrityError:
        attempt.rollback()
        raise TimeTaken(nearest_free(therapist_id, starts_at, minutes)) from None


def _take_slots(visit: Visit) -> None:
    _free_slots(visit)
    slot = timedelta(minutes=SLOT_MINUTES)
    for place in range(-(-(visit.ends_at - visit.starts_at) // slot)):
        starts_at = visit.starts_at + place * slot
        db.session.add(VisitSlot(therapist_id=visit.therapist_id, starts_at=starts_at, visit_id=visit.id))
    db.session.flush()


def _free_slots(visit: Visit) -> None:
    db.session.execute(sa.delete(VisitSlot).where(VisitSlot.visit_id == visit.id))


def close_if_set(visit: Visit, state: VisitState) -> None:
    """Lock a visit and close it. Raises VisitClosed if it is not set any more."""
    db.session.refresh(visit, with_for_update={"of": Visit})
    if visit.state != VisitState.SET:
        raise VisitClosed
    close_visit(visit, state)


def close_visit(visit: Visit, state: VisitState) -> None:
    """Close a visit that is locked, and free its time if it does not take place."""
    visit.state, visit.closed_at = state, clock.now()
    if state in (VisitState.CANCELLED, VisitState.LATE_CANCEL):
        _free_slots(visit)
    outbox.withdraw(emails.reminder_key(visit))
    db.session.flush()


def _wish(booking: Booking) -> Wish:
    wish = wish_of(booking.id)
    if wish is None:
        wish = Wish(booking_id=booking.id, times=[], note="", changes=0)
        db.session.add(wish)
        db.session.flush()
    return wish


def when_of(visit: Visit) -> str:
    """Return the time of a visit in the time zone of the clinic, as histories name it."""
    local = visit.starts_at.astimezone(preferences().zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def was_redeemed_with(voucher: Voucher, visit: Visit) -> bool:
    """Return whether one act redeemed the voucher and closed the visit."""
    if visit.state != VisitState.ATTENDED or not visit.closed_at or not voucher.redeemed_at:
        return False
    return abs(visit.closed_at - voucher.redeemed_at) < SAME_ACT
