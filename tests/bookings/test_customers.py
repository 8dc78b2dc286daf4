"""Customers from before, and guests whom the clinic does not want: known by digests only."""

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.bookings.customers import read_customers
from clinic.bookings.errors import TrialAlreadyUsed
from clinic.bookings.models import Block, Booking, BookingState, Claim
from clinic.bookings.operations import Known, block_guest, know_customer, lift_block
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.core.mail import Message
from tests.conftest import MovableClock
from tests.factories import make_booking, make_services, make_user

EMAIL, MOBILE = "weiling@gmail.com", "+6591234567"
PERSON = {"name": "Jo", "email": EMAIL, "mobile": MOBILE, "service": "pilates-1-to-1", "consent": "y"}


def claims() -> int:
    return db.session.scalar(sa.select(sa.func.count(Claim.id))) or 0


def test_a_customer_from_before_has_had_the_trial(app: Flask, client: FlaskClient) -> None:
    make_services()
    assert know_customer("Wei.Ling+x@googlemail.com", MOBILE) == Known.ADDED
    answer = client.post("/book/", data=PERSON)
    assert answer.status_code == 422
    assert "already used" in answer.get_data(as_text=True)
    assert db.session.scalars(sa.select(Booking)).all() == []


def test_half_of_a_customer_from_before_is_held(app: Flask, client: FlaskClient) -> None:
    make_services()
    know_customer(EMAIL, MOBILE)
    assert client.post("/book/", data=PERSON | {"mobile": "98765432"}).headers["Location"] == "/book/thanks/"
    assert db.session.scalars(sa.select(Booking.state)).all() == [BookingState.HELD]


def test_two_customers_from_before_do_not_make_one_person(app: Flask) -> None:
    know_customer(EMAIL, "+6581112222")
    know_customer("else@example.org", MOBILE)
    assert make_booking(email=EMAIL, mobile=MOBILE).state == BookingState.HELD


def test_a_dry_run_keeps_nothing_and_a_second_run_adds_nothing(app: Flask) -> None:
    assert know_customer(EMAIL, MOBILE, is_trial=True) == Known.ADDED
    assert claims() == 0
    assert know_customer(EMAIL, MOBILE) == Known.ADDED
    assert know_customer(EMAIL, MOBILE) == Known.KNOWN
    assert know_customer(EMAIL, "") == Known.KNOWN
    assert know_customer(EMAIL, "+6581112222") == Known.PART
    assert claims() == 3


def test_only_digests_are_kept(app: Flask) -> None:
    know_customer(EMAIL, MOBILE)
    kept = str(db.session.execute(sa.select(Claim.__table__)).all())
    assert "weiling" not in kept
    assert "91234567" not in kept


FILE = """Name;E-Mail;Mobile
Tan Wei Ling;wei.ling@gmail.com;9123 4567

Ana Lee;ana@example.org;
Bad Mail;not-an-address;91112222
Bad Number;b@example.org;12
Nobody;;
Again;weiling@gmail.com;+65 9123 4567
"""


def test_a_file_is_reported_line_by_line(app: Flask) -> None:
    report = list(read_customers(FILE, "SG", is_trial=False))
    assert [(line.number, line.outcome, line.why) for line in report] == [
        (2, Known.ADDED, ""),
        (4, Known.ADDED, ""),
        (5, None, "this is not an e-mail address"),
        (6, None, "this is not a number that can be called"),
        (7, None, "neither an e-mail nor a mobile"),
        (8, Known.KNOWN, ""),
    ]
    assert claims() == 3


def test_a_file_without_headings_has_email_and_mobile_in_front(app: Flask) -> None:
    assert [line.outcome for line in read_customers("a@example.org,91234567\n", "SG", is_trial=True)] == [Known.ADDED]
    assert list(read_customers("", "SG", is_trial=True)) == []


def test_a_blocked_guest_is_held_and_answered_like_any_other(app: Flask, client: FlaskClient) -> None:
    make_services()
    block_guest(email="Wei.Ling@gmail.com", mobile="", because="Was rude", until=None, by=make_user())
    answer = client.post("/book/", data=PERSON)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/book/thanks/")
    booking = db.session.scalars(sa.select(Booking)).one()
    assert (booking.state, booking.held_because) == (
        BookingState.HELD,
        "The e-mail or the mobile is blocked: see Blocked guests.",
    )
    assert db.session.scalars(sa.select(Message.kind).order_by(Message.id)).all() == ["trial_held", "lead_arrived"]
    assert claims() == 0  # nothing is used up
    kept = str(db.session.execute(sa.select(Block.__table__)).all())
    assert "weiling" not in kept


def test_a_block_ends_with_its_day_and_when_it_is_lifted(app: Flask, clock: MovableClock) -> None:
    by = make_user()
    (block,) = block_guest(email="", mobile=MOBILE, because="x", until=date(2026, 11, 21), by=by)
    clock.move(days=1)
    assert make_booking(mobile=MOBILE, email="a@example.org").state == BookingState.HELD
    clock.move(days=1)
    assert make_booking(mobile=MOBILE, email="b@example.org").state == BookingState.BOOKED
    (block,) = block_guest(email="c@example.org", mobile="", because="x", until=None, by=by)
    lift_block(block, by=by)
    assert make_booking(email="c@example.org").state == BookingState.BOOKED


def test_blocking_again_changes_reason_and_day(app: Flask) -> None:
    by = make_user()
    for because in ("first", "second"):
        block_guest(email=EMAIL, mobile=MOBILE, because=because, until=None, by=by)
    assert db.session.scalars(sa.select(Block.because)).all() == ["second", "second"]


def test_who_is_known_is_refused_even_when_blocked(app: Flask) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    block_guest(email=EMAIL, mobile="", because="x", until=None, by=make_user())
    with pytest.raises(TrialAlreadyUsed):
        make_booking(email=EMAIL, mobile=MOBILE)


def test_the_log_says_who_blocked_and_not_why(app: Flask) -> None:
    block_guest(email="hidden@example.org", mobile="", because="Tan Hidden shouted", until=None, by=make_user())
    lines = db.session.scalars(sa.select(AuditLine).where(AuditLine.verb == "blocked")).all()
    assert [line.detail for line in lines] == [""]
