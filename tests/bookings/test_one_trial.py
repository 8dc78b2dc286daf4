"""One trial per person, also after leads were merged, split, or allowed by two people at once."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from clinic.accounts.models import User
from clinic.bookings.customers import know_customer
from clinic.bookings.errors import NotHeld, TrialAlreadyUsed, UsedSince
from clinic.bookings.ledger import claim_keys, digest, last_claim
from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.bookings.operations import allow_booking, decline_booking, redeem_voucher
from clinic.core import clock as time
from clinic.core.db import atomic, db
from clinic.leads.models import Lead, LeadEvent, Merge
from clinic.leads.operations import merge_leads, split_leads
from clinic.outbox.models import Message
from clinic.visits.models import VisitState
from clinic.visits.operations import mark_missed, reopen_visit
from tests.conftest import MovableClock
from tests.factories import make_booking, make_user, make_visit
from tests.journeys.site import at_once

EMAIL, MOBILE, OTHER_MOBILE = "weiling@example.org", "+6591234567", "+6581234567"


def member_and_held() -> tuple[Booking, Booking]:
    """A booked trial, and a request with the same email and another mobile."""
    return make_booking(email=EMAIL, mobile=MOBILE), make_booking(email=EMAIL, mobile=OTHER_MOBILE)


def vouchers(lead_id: int) -> list[VoucherState]:
    db.session.expire_all()
    rows = sa.select(Voucher.state).join(Booking).where(Booking.lead_id == lead_id).order_by(Voucher.id)
    return list(db.session.scalars(rows))


def the_merge() -> Merge:
    return db.session.scalars(sa.select(Merge).order_by(Merge.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize("is_held_one_kept", [True, False])
def test_a_merge_declines_the_held_request_of_somebody_who_has_a_trial(app: Flask, is_held_one_kept: bool) -> None:
    member, held = member_and_held()
    leads = [member.lead, held.lead]
    kept, other = reversed(leads) if is_held_one_kept else leads
    merge_leads(kept, other, by=make_user())
    assert (held.state, vouchers(kept.id)) == (BookingState.DECLINED, [VoucherState.ISSUED])
    with pytest.raises(NotHeld):
        allow_booking(held, by=make_user())
    assert db.session.scalars(sa.select(Message.kind).where(Message.kind == "trial_declined")).all()
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == kept.id)).all()
    assert "Held trial declined: this person already had a trial" in texts


def test_a_split_opens_the_held_request_again_and_it_can_be_allowed(app: Flask) -> None:
    member, held = member_and_held()
    merge_leads(member.lead, held.lead, by=make_user())
    split_leads(the_merge(), by=make_user())
    assert held.state == BookingState.HELD
    voucher = allow_booking(held, by=make_user())
    assert (voucher.trial_of_id, member.voucher.trial_of_id) == (held.lead_id, member.lead_id)


def test_what_the_desk_decided_since_stays_after_a_split(app: Flask) -> None:
    member, held = member_and_held()
    decline_booking(held, by=make_user())
    merge_leads(member.lead, held.lead, by=make_user())
    split_leads(the_merge(), by=make_user())
    assert held.state == BookingState.DECLINED


def test_after_a_merge_every_contact_of_the_person_is_in_the_ledger(app: Flask) -> None:
    member, held = member_and_held()
    merge_leads(member.lead, held.lead, by=make_user())
    for email, mobile in ((EMAIL, OTHER_MOBILE), (EMAIL, MOBILE)):
        with pytest.raises(TrialAlreadyUsed):
            make_booking(email=email, mobile=mobile)
    assert make_booking(email="new@example.org", mobile=OTHER_MOBILE).state == BookingState.HELD
    split_leads(the_merge(), by=make_user())
    assert last_claim([claim_keys(EMAIL, OTHER_MOBILE)["mobile"]]) == 0  # type: ignore[index]


def test_a_merge_of_two_trials_keeps_one_and_a_split_gives_both_back(app: Flask) -> None:
    first, second = make_booking(), make_booking()
    merge_leads(first.lead, second.lead, by=make_user())
    assert sorted(vouchers(first.lead_id)) == [VoucherState.CANCELLED, VoucherState.ISSUED]
    split_leads(the_merge(), by=make_user())
    assert vouchers(first.lead_id) == vouchers(second.lead_id) == [VoucherState.ISSUED]


@pytest.mark.parametrize("used", ["redeemed", "missed", "visit set"])
def test_of_two_trials_the_used_one_or_the_one_with_a_visit_counts(app: Flask, used: str) -> None:
    kept, other = make_booking(), make_booking()
    if used == "redeemed":
        assert other.voucher
        redeem_voucher(other.voucher, by=make_user())
    else:
        visit = make_visit(other)
        if used == "missed":
            mark_missed(visit, VisitState.NO_SHOW, by=make_user())
    merge_leads(kept.lead, other.lead, by=make_user())
    db.session.expire_all()
    assert (other.voucher.trial_of_id, kept.voucher.trial_of_id) == (kept.lead_id, None)
    assert kept.voucher.state == VoucherState.CANCELLED


def test_a_voucher_that_a_merge_took_back_does_not_come_back_with_its_visit(app: Flask) -> None:
    kept, other = make_booking(), make_booking()
    assert kept.voucher
    redeem_voucher(kept.voucher, by=make_user())
    visit = make_visit(other)
    merge_leads(kept.lead, other.lead, by=make_user())
    mark_missed(visit, VisitState.NO_SHOW, by=make_user())
    reopen_visit(visit, of=VisitState.NO_SHOW, by=make_user())
    db.session.expire_all()
    assert other.voucher.state == VoucherState.CANCELLED


def test_of_two_held_requests_of_one_person_one_is_allowed(app: Flask) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    one, two = (make_booking(email=EMAIL, mobile=f"+658123456{number}") for number in range(2))
    merge_leads(one.lead, two.lead, by=make_user())
    assert [one.state, two.state] == [BookingState.HELD, BookingState.HELD]
    allow_booking(one, by=make_user())
    with pytest.raises(TrialAlreadyUsed):
        allow_booking(two, by=make_user(), seen=10_000)
    db.session.expire_all()
    assert (two.state, len(vouchers(one.lead_id))) == (BookingState.HELD, 1)
    assert last_claim([digest("+6581234561")])  # the mobile of the merged lead is in the ledger too


@pytest.mark.parametrize("how", ["booked", "allowed", "imported"])
def test_a_mobile_that_was_used_after_the_request_came_is_compared_first(
    app: Flask, clock: MovableClock, how: str
) -> None:
    _, held = member_and_held()
    clock.move(minutes=5)
    if how == "booked":
        make_booking(email="somebody@example.org", mobile=OTHER_MOBILE)
    elif how == "imported":
        know_customer("", OTHER_MOBILE)
    else:
        make_booking(email="third@example.org")
        other = make_booking(email="third@example.org", mobile=OTHER_MOBILE)
        clock.move(minutes=5)
        allow_booking(other, by=make_user())
    with pytest.raises(UsedSince):
        allow_booking(held, by=make_user())
    db.session.expire_all()
    assert held.state == BookingState.HELD
    seen = last_claim(claim_keys(EMAIL, OTHER_MOBILE).values())
    assert allow_booking(held, by=make_user(), seen=seen).state == VoucherState.ISSUED


def test_a_pair_that_became_a_known_customer_is_not_allowed(app: Flask, clock: MovableClock) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    held = make_booking(email="second@example.org", mobile=MOBILE)
    with atomic():
        db.session.execute(sa.text("DELETE FROM claim"))
    know_customer("second@example.org", MOBILE)
    with pytest.raises(TrialAlreadyUsed):
        allow_booking(held, by=make_user(), seen=10_000)


def test_the_database_refuses_a_second_voucher_for_one_person(app: Flask) -> None:
    member, held = member_and_held()
    with pytest.raises(IntegrityError), atomic():
        db.session.add(
            Voucher(
                code="SECOND22",
                booking_id=held.id,
                trial_of_id=member.lead_id,
                state=VoucherState.ISSUED,
                issued_at=time.now(),
                expires_at=time.now() + timedelta(days=1),
            )
        )


def test_merges_and_decisions_at_once_leave_one_voucher(app: Flask) -> None:
    member, held = member_and_held()
    ids, by = (member.lead_id, held.lead_id, held.id), make_user().id
    db.session.rollback()

    def act(what: str) -> str:
        with app.app_context():
            user = db.session.get_one(User, by)
            try:
                if what == "allow":
                    allow_booking(db.session.get_one(Booking, ids[2]), by=user)
                else:
                    merge_leads(db.session.get_one(Lead, ids[0]), db.session.get_one(Lead, ids[1]), by=user)
            except Exception as error:
                return type(error).__name__
            return "done"

    outcomes = at_once([lambda what=what: act(what) for what in ("allow", "merge") * 5])  # type: ignore[misc]
    assert set(Counter(outcomes)) <= {"done", "NotHeld", "CannotMerge"}
    live = [state for state in vouchers(ids[0]) if state != VoucherState.CANCELLED]
    assert live == [VoucherState.ISSUED]


def test_two_desks_that_allow_two_requests_of_one_person_at_once_give_one_voucher(app: Flask) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    one, two = (make_booking(email=EMAIL, mobile=f"+658123456{number}") for number in range(2))
    merge_leads(one.lead, two.lead, by=make_user())
    held, by = [one.id, two.id] * 5, make_user().id
    db.session.rollback()

    def allow(booking_id: int) -> str:
        with app.app_context():
            try:
                booking = db.session.get_one(Booking, booking_id)
                allow_booking(booking, by=db.session.get_one(User, by), seen=10_000)
            except (NotHeld, TrialAlreadyUsed) as error:
                return type(error).__name__
            return "done"

    outcomes = Counter(at_once([lambda id_=id_: allow(id_) for id_ in held]))  # type: ignore[misc]
    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", "NotHeld", "TrialAlreadyUsed"}
