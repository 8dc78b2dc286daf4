"""Tests of bookings at the desk: allow, decline, redeem."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.bookings.operations import allow_booking, redeem_voucher
from clinic.core.db import db
from clinic.outbox.models import Message
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_booking, make_user

SignIn = Callable[..., FlaskClient]


def held() -> Booking:
    make_booking(name="First Person", email="used@example.org")
    return make_booking(name="Second Person", email="used@example.org")


def rows(page: Page) -> dict[str, str]:
    """Return the state beside each name."""
    return dict(zip(page.texts("td[data-label=Lead]"), page.texts("td[data-label=State]"), strict=True))


def test_a_held_booking_says_so_and_why(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    held()
    page = visit(desk, "/admin/bookings/")
    assert rows(page) == {"First Person": "booked", "Second Person": "held"}
    assert "This email was used for a trial before" in page.text
    assert rows(visit(desk, "/admin/bookings/?tab=held")) == {"Second Person": "held"}
    assert "Held bookings" in visit(desk, "/admin/").text


@pytest.mark.parametrize("start", ["/admin/bookings/", "/admin/bookings/?tab=held", "lead"])
def test_the_desk_allows_a_held_booking_and_the_mail_goes_out(sign_in: SignIn, start: str) -> None:
    desk, booking = sign_in("desk"), held()
    address = f"/admin/leads/details/?id={booking.lead_id}" if start == "lead" else start
    page = visit(desk, address).submit("Allow")
    voucher = db.session.scalars(sa.select(Voucher).where(Voucher.booking_id == booking.id)).one()
    assert page.status_text() == f"Allowed: voucher {voucher.code} will be sent by email."
    assert page.path.split("?")[0] == address.split("?")[0]
    assert db.session.scalars(
        sa.select(Message.to).where(Message.kind == "trial_confirmed", Message.text.contains(voucher.code))
    ).all() == ["used@example.org"]


def test_the_desk_declines_a_held_booking_and_a_kind_mail_goes_out(sign_in: SignIn) -> None:
    desk, booking = sign_in("desk"), held()
    page = visit(desk, "/admin/bookings/").submit("Decline")
    assert page.status_text() == "Declined. An email to the person will be sent."
    assert rows(page)["Second Person"] == "declined"
    assert db.session.scalar(sa.select(Voucher).where(Voucher.booking_id == booking.id)) is None
    assert db.session.scalars(sa.select(Message.to).where(Message.kind == "trial_declined")).all() == [
        "used@example.org"
    ]


def test_a_decision_that_a_colleague_made_first_changes_nothing(sign_in: SignIn) -> None:
    desk, booking = sign_in("desk"), held()
    page = visit(desk, "/admin/bookings/")
    allow_booking(booking, by=make_user())
    for button in ("Allow", "Decline"):
        assert "already decided. Nothing was changed" in page.submit(button).alert()
    db.session.expire_all()
    assert booking.state == BookingState.BOOKED
    assert len(db.session.scalars(sa.select(Voucher).where(Voucher.booking_id == booking.id)).all()) == 1


def test_a_voucher_is_redeemed_and_the_second_time_says_when_and_by_whom(sign_in: SignIn, clock: MovableClock) -> None:
    desk = sign_in(user=make_user(name="Haziq Rahman"))
    booking = make_booking()
    page = visit(desk, "/admin/bookings/")
    code = db.session.scalars(sa.select(Voucher.code)).one()
    assert page.submit("Redeem").status_text() == f"Redeemed: voucher {code}."
    assert f"{code} (redeemed)" in visit(desk, "/admin/bookings/").text
    clock.move(minutes=119)
    again = page.submit("Redeem")  # the page as another tab still shows it
    assert again.alert() == "Already redeemed on 20 Nov 2026, 10:00 by Haziq Rahman. Nothing was changed."
    lead = visit(desk, f"/admin/leads/details/?id={booking.lead_id}")
    assert "redeemed on 20 Nov 2026, 10:00 by Haziq Rahman" in lead.text
    assert "attended" in lead.texts(".facts .state")


def test_an_expired_voucher_says_so_and_cannot_be_redeemed(sign_in: SignIn, clock: MovableClock) -> None:
    booking = make_booking()
    clock.move(days=91)
    desk = sign_in("desk")
    page = visit(desk, "/admin/bookings/")
    assert "(expired)" in page.text
    assert "expired on" in visit(desk, f"/admin/leads/details/?id={booking.lead_id}").text
    token = page.values("Sign out")["csrf_token"]
    answer = desk.post("/admin/bookings/redeem/", data={"id": str(booking.id), "csrf_token": token})
    assert "cannot be redeemed" in visit(desk, answer.headers["Location"]).alert()
    assert db.session.scalars(sa.select(Voucher.state)).all() == [VoucherState.ISSUED]


def test_what_cannot_be_done_is_not_offered(sign_in: SignIn) -> None:
    desk, booking = sign_in("desk"), held()
    voucher = db.session.scalars(sa.select(Voucher)).one()
    redeem_voucher(voucher, by=make_user())
    buttons = " ".join(visit(desk, "/admin/bookings/").texts("tbody button"))
    assert ("Redeem" in buttons, "Allow" in buttons) == (False, True)
    page = visit(desk, "/admin/bookings/")
    token = page.values("Sign out")["csrf_token"]
    for path, data, status in (
        ("decide", {"id": str(booking.id), "verb": "eat"}, 400),
        ("decide", {"id": "987654", "verb": "allow"}, 404),
        ("redeem", {"id": str(booking.id)}, 404),
        ("redeem", {"id": ""}, 404),
    ):
        answer = desk.post(f"/admin/bookings/{path}/", data=data | {"csrf_token": token})
        assert answer.status_code == status, (path, data)


def test_search_finds_the_person(sign_in: SignIn) -> None:
    desk, booking = sign_in("desk"), held()
    page = visit(desk, "/admin/bookings/")
    assert list(rows(page.submit("Search", search="second"))) == ["Second Person"]
    assert list(rows(page.submit("Search", search=booking.lead.mobile))) == ["Second Person"]
    assert "No results for" in page.submit("Search", search="nobody").text
