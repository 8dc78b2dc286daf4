"""Writes about trials. book_trial() holds the one-time rule."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.accounts.models import User
from clinic.bookings import emails
from clinic.bookings.errors import (
    NotHeld,
    RedemptionStands,
    TrialAlreadyUsed,
    UsedSince,
    VoucherNotRedeemable,
    VoucherRedeemed,
)
from clinic.bookings.history import add_booking_event
from clinic.bookings.ledger import Keys, claim, claim_keys, contact_digest, last_claim
from clinic.bookings.models import Booking, BookingState, Claim, ClaimKind, Service, Voucher, VoucherState
from clinic.bookings.one_trial import has_trial, keys_of_person, leads_of_person
from clinic.bookings.queries import is_blocked
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.leads.models import Lead, Stage
from clinic.leads.operations import add_event, change_stage, record_lead, undo_stage
from clinic.preferences import preferences

# Digits and capitals that are not confused on paper or on the phone: no 0 and O, no 1, I and L.
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
UNDO_REDEMPTION = timedelta(minutes=15)


@dataclass(frozen=True)
class TrialRequest:
    """A visitor's request for a trial, and its origin on the site. `mobile` is E.164."""

    name: str
    email: str
    mobile: str
    service_id: int
    article_id: int | None = None
    source: str = ""


def book_trial(request: TrialRequest) -> Booking:
    """Book a trial, or hold the request for the desk if only part of the person is known or the person is blocked.

    Repeated or simultaneous requests of one person, in any spelling, make one booking: the ledger's unique constraint
    decides. Raises TrialAlreadyUsed if one person has used both email and mobile, and adds a line to that lead's
    history.
    """
    keys = claim_keys(request.email, request.mobile)
    is_used = False
    with atomic():
        booking = None if is_blocked(keys.values()) else _book_first_time(keys, request)
        if booking is None:
            is_used, used_by = _used(keys)
            if used_by is not None:
                service = db.session.get_one(Service, request.service_id)
                add_event(used_by, f"Asked for a trial again ({service.name}); refused as already used")
            elif not is_used:
                booking = _hold(keys, request)
    if booking is None:
        raise TrialAlreadyUsed
    return booking


def _book_first_time(keys: Keys, request: TrialRequest) -> Booking | None:
    """Return a new booking if both keys are new. Otherwise undo the attempt and return None."""
    attempt = db.session.begin_nested()
    lead = _lead(request)
    if not all(claim(kind, value, lead.id) for kind, value in keys.items()):
        attempt.rollback()
        return None
    booking = _add_booking(lead, keys, request, BookingState.BOOKED)
    add_booking_event(booking, f"Asked for a trial: {booking.service.name}")
    _issue_voucher(booking)
    emails.lead_arrived(booking)
    attempt.commit()
    return booking


def _lead(request: TrialRequest) -> Lead:
    return record_lead(
        name=request.name,
        email=request.email,
        mobile=request.mobile,
        article_id=request.article_id,
        source=request.source,
    )


def _used(keys: Keys) -> tuple[bool, int | None]:
    """Return whether both keys belong to one person, by the ledger or because the desk has allowed this pair, and the
    lead's id. The id is None for an imported customer."""
    claims = db.session.execute(sa.select(Claim.lead_id, Claim.known_as).where(Claim.digest.in_(keys.values()))).all()
    owners = {(claim.lead_id, claim.known_as) for claim in claims}
    if len(claims) == len(keys) and len(owners) == 1 and owners != {(None, "")}:
        return True, owners.pop()[0]
    lead_id = db.session.scalar(
        sa.select(Booking.lead_id).where(
            Booking.contact_digest == contact_digest(keys), Booking.state == BookingState.BOOKED
        )
    )
    return lead_id is not None, lead_id


def _hold(keys: Keys, request: TrialRequest) -> Booking:
    """Return a booking that the desk has to decide. The same pair sent again returns the existing booking unchanged."""
    attempt = db.session.begin_nested()
    try:
        booking = _booking_of_pair(keys) or _add_held(keys, request)
        attempt.commit()
    except IntegrityError:  # a simultaneous request with the same pair has made the booking
        attempt.rollback()
        made = _booking_of_pair(keys)
        if made is None:
            raise
        return made
    return booking


def _add_held(keys: Keys, request: TrialRequest) -> Booking:
    known = db.session.scalars(sa.select(Claim.kind).where(Claim.digest.in_(keys.values())).order_by(Claim.kind)).all()
    lead = _lead(request)
    if is_blocked(keys.values()):
        because = "This email or mobile is blocked. See Blocked guests."
    elif len(known) > 1:
        because = "Two different people have used this email and this mobile for a trial."
    else:
        used, other = ("email", "mobile") if known[0] == ClaimKind.EMAIL else ("mobile", "email")
        because = f"This {used} was used for a trial before, with another {other}."
    booking = _add_booking(lead, keys, request, BookingState.HELD, because)
    add_booking_event(booking, f"Asked for a trial: {booking.service.name}. Held: {because}")
    audit.record("held", booking)
    emails.trial_held(booking)
    emails.lead_arrived(booking)
    return booking


def booking_of_contact(email: str, mobile: str) -> Booking | None:
    """Return the booking with this pair of email and mobile, in any spelling. `mobile` is E.164."""
    return _booking_of_pair(claim_keys(email, mobile))


def _booking_of_pair(keys: Keys) -> Booking | None:
    return db.session.scalar(sa.select(Booking).where(Booking.contact_digest == contact_digest(keys)))


def _add_booking(lead: Lead, keys: Keys, request: TrialRequest, state: BookingState, held_because: str = "") -> Booking:
    booking = Booking(
        lead=lead,
        service_id=request.service_id,
        article_id=request.article_id,
        state=state,
        held_because=held_because,
        contact_digest=contact_digest(keys),
        consented_at=clock.now(),
        created_at=clock.now(),
        voucher=None,  # set explicitly, to avoid a query for it
    )
    db.session.add(booking)
    db.session.flush()
    return booking


def _issue_voucher(booking: Booking) -> Voucher:
    now = clock.now()
    voucher = Voucher(
        code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
        booking=booking,
        trial_of_id=booking.lead_id,
        state=VoucherState.ISSUED,
        issued_at=now,
        expires_at=now + timedelta(days=preferences().voucher_days),
    )
    db.session.add(voucher)
    try:
        db.session.flush()
    except IntegrityError:  # trial_of_id is unique: the person has a trial
        raise TrialAlreadyUsed from None
    audit.record("booked", booking)
    emails.trial_confirmed(booking, voucher)
    return voucher


@atomic()
def allow_booking(booking: Booking, *, by: User, seen: int = 0) -> Voucher:
    """Allow a held booking: the voucher and its email go out. The ledger is checked again.

    `seen` is the newest claim that the desk has compared the request with. Raises NotHeld if it was already decided,
    TrialAlreadyUsed if this person has had a trial, and UsedSince if the ledger has newer claims of the email or mobile
    that the desk has not seen.
    """
    # A merge moves bookings only while it holds this lock. The lead is not joined here: after the wait, PostgreSQL
    # would join the new row with the lead from before the merge.
    db.session.execute(sa.select(Booking.id).where(Booking.id == booking.id).with_for_update())
    db.session.refresh(booking)
    asked_with = keys_of_booking(booking)
    is_used, _ = _used(asked_with)
    is_new = _claimed_since(booking, asked_with, seen)
    _decide(booking, BookingState.BOOKED)
    if is_used or has_trial(booking.lead_id):
        raise TrialAlreadyUsed
    if is_new:
        raise UsedSince
    for kind, key in keys_of_person(booking.lead):
        claim(kind, key, booking.lead_id)
    add_booking_event(booking, "Held trial allowed", by=by)
    audit.record("allowed", booking, by=by)
    return _issue_voucher(booking)


def keys_of_booking(booking: Booking) -> Keys:
    """Return the ledger's digests of the email and mobile in the original request, also after a merge."""
    all_keys = [claim_keys(lead.email, lead.mobile) for lead in leads_of_person(booking.lead)]
    return next((keys for keys in all_keys if contact_digest(keys) == booking.contact_digest), all_keys[0])


def _claimed_since(booking: Booking, keys: Keys, seen: int) -> bool:
    newest = last_claim(keys.values())
    if newest <= seen:
        return False
    return db.session.get_one(Claim, newest).claimed_at > booking.created_at


@atomic()
def decline_booking(booking: Booking, *, by: User) -> None:
    """Decline a held booking and email the visitor. Raises NotHeld if it was already decided."""
    _decide(booking, BookingState.DECLINED)
    add_booking_event(booking, "Held trial declined", by=by)
    audit.record("declined", booking, by=by)
    emails.trial_declined(booking)


def _decide(booking: Booking, state: BookingState) -> None:
    decided = db.session.execute(
        sa.update(Booking).where(Booking.id == booking.id, Booking.state == BookingState.HELD).values(state=state)
    )
    if not decided.rowcount:  # type: ignore[attr-defined]
        raise NotHeld


@atomic()
def redeem_voucher(voucher: Voucher, *, by: User, device: str = "") -> None:
    """Redeem a voucher by one conditional update, so of many simultaneous attempts one succeeds.

    `device` identifies the sign-in that redeems. Repeated by the same sign-in, it succeeds again.

    Raises VoucherRedeemed (with time and person) or VoucherNotRedeemable.
    """
    now = clock.now()
    redeemed = db.session.execute(
        sa.update(Voucher)
        .where(Voucher.id == voucher.id, Voucher.state == VoucherState.ISSUED, Voucher.expires_at > now)
        .values(state=VoucherState.REDEEMED, redeemed_at=now, redeemed_by_id=by.id, redeemed_device=device)
    )
    if not redeemed.rowcount:  # type: ignore[attr-defined]
        db.session.refresh(voucher)
        if voucher.state == VoucherState.REDEEMED and voucher.redeemed_at:
            if device and device == voucher.redeemed_device:
                return
            raise VoucherRedeemed(voucher.redeemed_at, voucher.redeemed_by.name if voucher.redeemed_by else "somebody")
        raise VoucherNotRedeemable
    lead = voucher.booking.lead
    voucher.stage_before = "" if lead.stage == Stage.ATTENDED else lead.stage
    add_booking_event(voucher.booking, f"Voucher {voucher.code} redeemed", by=by)
    change_stage(lead, Stage.ATTENDED, by=by)
    audit.record("redeemed", voucher, by=by)


def may_undo_redemption(voucher: Voucher, by: User) -> bool:
    """Return whether this person redeemed the voucher within the last 15 minutes."""
    is_theirs = voucher.state == VoucherState.REDEEMED and voucher.redeemed_by_id == by.id
    return is_theirs and voucher.redeemed_at is not None and voucher.redeemed_at > clock.now() - UNDO_REDEMPTION


@atomic()
def undo_redemption(voucher: Voucher, *, by: User) -> None:
    """Undo a mistaken redemption: the voucher is valid again, and the lead's stage is restored.

    One conditional update: only the person who redeemed it can, for 15 minutes. Raises RedemptionStands.
    """
    undone = db.session.execute(
        sa.update(Voucher)
        .where(
            Voucher.id == voucher.id,
            Voucher.state == VoucherState.REDEEMED,
            Voucher.redeemed_by_id == by.id,
            Voucher.redeemed_at > clock.now() - UNDO_REDEMPTION,
        )
        .values(state=VoucherState.ISSUED, redeemed_at=None, redeemed_by_id=None, redeemed_device="")
    )
    if not undone.rowcount:  # type: ignore[attr-defined]
        raise RedemptionStands
    db.session.refresh(voucher)
    lead = voucher.booking.lead
    add_booking_event(voucher.booking, f"Redemption of voucher {voucher.code} undone", by=by)
    audit.record("undid the redemption of", voucher, by=by)
    if voucher.stage_before:
        undo_stage(lead, Stage(voucher.stage_before), of=Stage.ATTENDED, by=by)
