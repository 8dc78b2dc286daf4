"""The one-time rule, decisions on held bookings, and the states of a voucher."""

import hashlib
import hmac
import re

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.bookings.errors import NotHeld, TrialAlreadyUsed, VoucherNotRedeemable, VoucherRedeemed
from clinic.bookings.ledger import claim_keys
from clinic.bookings.models import Booking, BookingState, Claim, ClaimKind, Voucher, VoucherState
from clinic.bookings.operations import (
    CODE_LENGTH,
    CODE_LETTERS,
    allow_booking,
    decline_booking,
    redeem_voucher,
)
from clinic.bookings.queries import active_services
from clinic.bookings.services import ensure_service
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.core.settings import settings
from clinic.leads.models import Lead, LeadEvent, Stage
from clinic.outbox.models import Message
from clinic.preferences import change_preferences
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_services, make_user

EMAIL, MOBILE = "weiling@example.org", "+6591234567"


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def kinds() -> list[str]:
    return list(db.session.scalars(sa.select(Message.kind).order_by(Message.id)))


def held_booking() -> Booking:
    """A held booking: its email has had a trial with another mobile."""
    make_booking(email=EMAIL, mobile=MOBILE)
    return make_booking(email=EMAIL, mobile="+6581234567")


def voucher_of(booking: Booking) -> Voucher:
    return db.session.scalars(sa.select(Voucher).where(Voucher.booking_id == booking.id)).one()


def test_a_first_booking_is_booked_with_lead_voucher_mails_and_history(app: Flask, clock: MovableClock) -> None:
    article = make_article()
    booking = make_booking(email=EMAIL, mobile=MOBILE, article=article)
    voucher = voucher_of(booking)
    assert (booking.state, booking.consented_at, booking.article_id) == (BookingState.BOOKED, clock.now, article.id)
    assert (booking.lead.stage, booking.lead.email, booking.lead.article_id) == (Stage.NEW, EMAIL, article.id)
    assert (voucher.state, (voucher.expires_at - clock.now).days) == (VoucherState.ISSUED, 90)
    assert sorted(kinds()) == ["lead_arrived", "trial_confirmed"]
    confirmation = db.session.scalars(sa.select(Message).where(Message.kind == "trial_confirmed")).one()
    assert voucher.code in confirmation.text
    assert voucher.code in confirmation.html
    assert db.session.scalars(sa.select(LeadEvent.text)).all() == ["Asked for a trial: Move Therapy 1-to-1"]


def test_codes_are_eight_letters_that_nobody_mistakes(app: Flask) -> None:
    assert not set(CODE_LETTERS) & set("01OILoil")
    assert (CODE_LENGTH, len(set(CODE_LETTERS))) == (8, len(CODE_LETTERS))
    codes = [voucher_of(make_booking()).code for _ in range(8)]
    assert len(set(codes)) == 8
    assert all(re.fullmatch(f"[{CODE_LETTERS}]{{8}}", code) for code in codes)


def test_the_ledger_keeps_keyed_digests_of_the_canonical_values(app: Flask) -> None:
    make_booking(email="Wei.Ling+spam@GMail.com", mobile=MOBILE)

    def digest(value: str) -> str:
        return hmac.new(settings().ledger_key.encode(), value.encode(), hashlib.sha256).hexdigest()

    ledger = dict(db.session.execute(sa.select(Claim.kind, Claim.digest)).tuples().all())
    assert ledger == {ClaimKind.EMAIL: digest("weiling@gmail.com"), ClaimKind.MOBILE: digest(MOBILE)}
    assert claim_keys("weiling@googlemail.com", MOBILE) == ledger


def test_both_used_by_one_person_is_refused_and_leaves_one_line_of_history(app: Flask) -> None:
    booking = make_booking(email=EMAIL, mobile=MOBILE)
    before = (count(Lead), count(Booking), count(Voucher), count(Message), count(Claim))
    for _ in range(2):
        with pytest.raises(TrialAlreadyUsed):
            make_booking(email=EMAIL, mobile=MOBILE, name="Other Name")
    assert (count(Lead), count(Booking), count(Voucher), count(Message), count(Claim)) == before
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == booking.lead_id)).all()
    assert sum("refused as already used" in text for text in texts) == 2


@pytest.mark.parametrize(
    ("email", "mobile", "because"),
    [
        (EMAIL, "+6581112222", "This email was used for a trial before, with another mobile."),
        ("new@example.org", MOBILE, "This mobile was used for a trial before, with another email."),
        (EMAIL, "+6587654321", "Two different people have used this email and this mobile for a trial."),
    ],
)
def test_half_a_known_person_and_a_mix_of_two_are_held_with_the_reason(
    app: Flask, email: str, mobile: str, because: str
) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    make_booking(email="other@example.org", mobile="+6587654321")
    booking = make_booking(email=email, mobile=mobile)
    assert (booking.state, booking.held_because, booking.voucher) == (BookingState.HELD, because, None)
    assert kinds()[-2:] == ["trial_held", "lead_arrived"]
    assert make_booking(email=email, mobile=mobile).id == booking.id
    assert count(Booking) == 3


def test_an_allowed_booking_gets_its_voucher_and_mail_once(app: Flask) -> None:
    booking, desk = held_booking(), make_user(name="Haziq")
    voucher = allow_booking(booking, by=desk)
    assert (booking.state, voucher_of(booking).id) == (BookingState.BOOKED, voucher.id)
    assert kinds().count("trial_confirmed") == 2
    with pytest.raises(NotHeld):
        allow_booking(booking, by=desk)
    with pytest.raises(NotHeld):
        decline_booking(booking, by=desk)
    assert (count(Voucher), kinds().count("trial_confirmed"), kinds().count("trial_declined")) == (2, 2, 0)
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.by_id == desk.id)).all()
    assert texts == ["Held trial allowed"]
    assert "allowed" in db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor == "Haziq")).all()


def test_a_declined_booking_gets_a_kind_mail_once_and_no_voucher(app: Flask) -> None:
    booking, desk = held_booking(), make_user()
    decline_booking(booking, by=desk)
    db.session.refresh(booking)
    assert (booking.state, booking.voucher) == (BookingState.DECLINED, None)
    for decide in (decline_booking, allow_booking):
        with pytest.raises(NotHeld):
            decide(booking, by=desk)
    assert (count(Voucher), kinds().count("trial_declined")) == (1, 1)


def test_an_allowed_pair_sent_again_is_refused_as_already_used(app: Flask) -> None:
    booking = held_booking()
    allow_booking(booking, by=make_user())
    before = (count(Booking), count(Voucher), count(Message))
    with pytest.raises(TrialAlreadyUsed):
        make_booking(email=EMAIL, mobile="+6581234567")
    assert (count(Booking), count(Voucher), count(Message)) == before
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == booking.lead_id)).all()
    assert any("refused as already used" in text for text in texts)


def test_allowing_claims_the_new_mobile_so_it_counts_as_known(app: Flask) -> None:
    allow_booking(held_booking(), by=make_user())
    assert make_booking(email="third@example.org", mobile="+6581234567").state == BookingState.HELD


def test_a_declined_pair_sent_again_changes_nothing(app: Flask) -> None:
    booking = held_booking()
    decline_booking(booking, by=make_user())
    before = (count(Booking), count(Lead), count(Message))
    again = make_booking(email=EMAIL, mobile="+6581234567")
    assert (again.id, again.state) == (booking.id, BookingState.DECLINED)
    assert (count(Booking), count(Lead), count(Message)) == before


def test_a_voucher_is_redeemed_once_and_the_second_time_says_when_and_by_whom(app: Flask, clock: MovableClock) -> None:
    booking = make_booking()
    voucher, first, second = voucher_of(booking), make_user(name="Haziq"), make_user(name="Mei")
    redeem_voucher(voucher, by=first)
    redeemed_at = clock.now
    clock.move(hours=1)
    with pytest.raises(VoucherRedeemed) as error:
        redeem_voucher(voucher, by=second)
    assert (error.value.at, error.value.by) == (redeemed_at, "Haziq")
    db.session.refresh(voucher)
    assert (voucher.state, voucher.redeemed_at, voucher.redeemed_by_id) == (
        VoucherState.REDEEMED,
        redeemed_at,
        first.id,
    )
    assert db.session.get_one(Lead, booking.lead_id).stage == Stage.ATTENDED


def test_an_expired_voucher_is_not_redeemed_and_one_of_the_last_minute_is(app: Flask, clock: MovableClock) -> None:
    early, late = make_booking(), make_booking()
    clock.move(days=90, seconds=-1)
    redeem_voucher(voucher_of(early), by=make_user())
    clock.move(seconds=1)
    with pytest.raises(VoucherNotRedeemable):
        redeem_voucher(voucher_of(late), by=make_user())
    assert voucher_of(late).state == VoucherState.ISSUED


def test_a_cancelled_voucher_is_not_redeemed(app: Flask) -> None:
    voucher = voucher_of(make_booking())
    with atomic():
        voucher.state = VoucherState.CANCELLED
    with pytest.raises(VoucherNotRedeemable):
        redeem_voucher(voucher, by=make_user())


def test_the_owner_decides_how_long_a_voucher_is_valid(app: Flask, clock: MovableClock) -> None:
    change_preferences({"voucher_days": 14}, by=make_user())
    assert (voucher_of(make_booking()).expires_at - clock.now).days == 14


def test_claims_outlive_the_lead_and_still_refuse_a_second_first_time(app: Flask) -> None:
    booking = make_booking(email=EMAIL, mobile=MOBILE)
    with atomic():
        db.session.execute(sa.delete(Lead).where(Lead.id == booking.lead_id))
    assert (count(Booking), count(Voucher), count(LeadEvent)) == (0, 0, 0)
    assert db.session.scalars(sa.select(Claim.lead_id)).all() == [None, None]
    again = make_booking(email=EMAIL, mobile=MOBILE)
    assert (again.state, again.voucher) == (BookingState.HELD, None)


def test_a_failure_half_way_leaves_nothing_behind(app: Flask) -> None:
    make_services()
    with pytest.raises(ZeroDivisionError), atomic():
        make_booking(email=EMAIL, mobile=MOBILE)
        raise ZeroDivisionError
    assert [count(model) for model in (Lead, Booking, Voucher, Claim, Message, LeadEvent)] == [0] * 6


def test_only_active_services_are_on_offer_in_the_order_of_the_clinic(app: Flask) -> None:
    first, second = make_services()
    assert ensure_service(slug=first.slug, name="x", summary="x", minutes=1, position=9).id == first.id
    with atomic():
        first.position = 5
    assert active_services() == [second, first]
    with atomic():
        second.is_active = False
    assert active_services() == [first]
