"""One trial per person, also after a merge or split of leads.

The unique column `trial_of_id` of a voucher is the lead whose one trial it is. A merge may find two vouchers: one stays
the trial, and the other is cancelled unless it was used.
"""

import sqlalchemy as sa

from clinic.bookings import emails
from clinic.bookings.history import add_booking_event
from clinic.bookings.ledger import claim, claim_keys
from clinic.bookings.models import Booking, BookingState, Claim, ClaimKind, Voucher, VoucherState
from clinic.core import audit, clock
from clinic.core.db import Base, db
from clinic.leads.models import Lead, Merge
from clinic.leads.operations import settle_merges

DECLINED, CANCELLED, CLAIMED = "declined", "cancelled", "claimed"  # keys of Merge.settled
MOST_MERGED = 50


def leads_of_person(lead: Lead) -> list[Lead]:
    """Return a lead and all leads that were merged into it, directly or indirectly."""
    found = [lead]
    for one in found:  # the list grows during the loop
        if len(found) < MOST_MERGED:
            found += db.session.scalars(sa.select(Lead).where(Lead.merged_into_id == one.id).order_by(Lead.id))
    return found


def keys_of_person(lead: Lead) -> list[tuple[ClaimKind, str]]:
    """Return the ledger's digests of every email and mobile of a person."""
    pairs = (claim_keys(one.email, one.mobile).items() for one in leads_of_person(lead))
    return list(dict.fromkeys(pair for keys in pairs for pair in keys))


def has_trial(lead_id: int) -> bool:
    """Return whether a person has, or has had, a voucher."""
    return db.session.scalar(sa.select(Voucher.id).where(Voucher.trial_of_id == lead_id)) is not None


def _when_merged(merge: Merge, by: audit.Actor) -> None:
    """Adjust bookings after a merge: if the person has a trial, decline held requests and cancel second vouchers."""
    kept = db.session.get_one(Lead, merge.kept_id)
    vouchers = _vouchers(kept)
    if not vouchers:
        return
    trial = _name_trial(kept, vouchers)
    cancelled = [one for one in vouchers if one is not trial and one.state == VoucherState.ISSUED]
    for voucher in cancelled:
        voucher.state = VoucherState.CANCELLED
        audit.record("cancelled", voucher, by=by, detail=f"the merged lead keeps voucher {trial.code}")
    keys = keys_of_person(kept)
    claimed = [digest for kind, digest in keys if claim(kind, digest, kept.id)]
    merge.settled = {
        CANCELLED: [one.id for one in cancelled],
        DECLINED: [_decline(one, by) for one in _held(kept)],
        CLAIMED: list(db.session.scalars(sa.select(Claim.id).where(Claim.digest.in_(claimed)))),
    }
    db.session.flush()


def _when_split(merge: Merge, by: audit.Actor) -> None:
    """Undo the changes of a merge, except where somebody has decided since."""
    did = merge.settled
    db.session.execute(sa.delete(Claim).where(Claim.id.in_(did.get(CLAIMED, ()))))
    cancelled = Voucher.id.in_(did.get(CANCELLED, ())), Voucher.state == VoucherState.CANCELLED
    for voucher in db.session.scalars(sa.select(Voucher).where(*cancelled)).unique():
        voucher.state = VoucherState.ISSUED
    declined = Booking.id.in_(did.get(DECLINED, ())), Booking.state == BookingState.DECLINED
    for booking in db.session.scalars(sa.select(Booking).where(*declined)).unique():
        booking.state = BookingState.HELD
        add_booking_event(booking, "Held trial reopened: the merge was undone", by=by)
    two = [db.session.get_one(Lead, id_) for id_ in (merge.kept_id, merge.merged_id)]
    vouchers = [_vouchers(lead) for lead in two]
    for voucher in (*vouchers[0], *vouchers[1]):
        voucher.trial_of_id = None
    db.session.flush()
    for lead, theirs in zip(two, vouchers, strict=True):
        if theirs:
            _name_trial(lead, theirs)


def _vouchers(lead: Lead) -> list[Voucher]:
    rows = sa.select(Voucher).join(Booking).where(Booking.lead_id == lead.id).order_by(Voucher.id)
    return list(db.session.scalars(rows.execution_options(populate_existing=True)).unique())


def _held(lead: Lead) -> list[Booking]:
    rows = sa.select(Booking).where(Booking.lead_id == lead.id, Booking.state == BookingState.HELD)
    return list(db.session.scalars(rows.order_by(Booking.id).execution_options(populate_existing=True)).unique())


def _decline(booking: Booking, by: audit.Actor) -> int:
    booking.state = BookingState.DECLINED
    add_booking_event(booking, "Held trial declined: this person already had a trial", by=by)
    audit.record("declined", booking, by=by, detail="merged")
    emails.trial_declined(booking)
    return booking.id


def _name_trial(lead: Lead, vouchers: list[Voucher]) -> Voucher:
    """Choose the voucher that is the lead's trial: a used one, else one with a visit, else the one valid longest."""
    # Visits lie above bookings, so the table is referred to by name.
    visit = Base.metadata.tables["visit"]
    ids = [one.booking_id for one in vouchers]
    set_ = set(
        db.session.scalars(sa.select(visit.c.booking_id).where(visit.c.booking_id.in_(ids), visit.c.state == "set"))
    )
    now = clock.now()

    def rank(one: Voucher) -> tuple[bool, ...]:
        is_spent = one.state == VoucherState.CANCELLED and one.trial_of_id is not None
        return (
            one.state == VoucherState.REDEEMED,
            is_spent,
            one.state == VoucherState.ISSUED and one.expires_at > now,
            one.booking_id in set_,
            one.trial_of_id == lead.id,
        )

    trial = max(vouchers, key=rank)
    for one in vouchers:
        one.trial_of_id = None
    db.session.flush()  # release the unique value before another voucher takes it
    trial.trial_of_id = lead.id
    db.session.flush()
    return trial


settle_merges(_when_merged, _when_split)
