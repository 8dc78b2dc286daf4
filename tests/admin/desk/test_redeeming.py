"""Tests of redeeming: before the day of the visit, undo, and after a merge."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.bookings.operations import undo_redemption
from clinic.core.db import db
from clinic.leads.models import LeadEvent, Stage
from clinic.leads.operations import change_stage, merge_leads
from clinic.visits.models import Visit, VisitState
from clinic.visits.operations import set_visit
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_booking, make_therapist, make_user, make_visit

SignIn = Callable[..., FlaskClient]
TODAY = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # the clock of the tests stands at 10 o'clock of that day
ASKS = "Redeem today anyway"


@pytest.fixture(autouse=True)
def _clock(clock: MovableClock) -> None:
    """Set the clock to 20 November 2026."""


def facts(booking: Booking) -> tuple[VoucherState, VisitState | None, Stage]:
    db.session.expire_all()
    state = db.session.scalar(sa.select(Visit.state).where(Visit.booking_id == booking.id))
    assert booking.voucher
    return booking.voucher.state, state, booking.lead.stage


def begin(client: FlaskClient, booking: Booking, screen: str) -> Page:
    """Press the button of one of the screens that redeem."""
    assert booking.voucher
    if screen == "code":
        return visit(client, f"/admin/redeem/?code={booking.voucher.code}")
    if screen == "bookings":
        return visit(client, "/admin/bookings/").submit("Redeem")
    if screen == "lead":
        return visit(client, f"/admin/leads/details/?id={booking.lead_id}").submit("Redeem")
    return visit(client, "/admin/today/?day=2026-11-23").submit("Attended")


@pytest.mark.parametrize("screen", ["code", "bookings", "lead", "today"])
def test_before_the_day_of_the_visit_every_screen_asks_first(sign_in: SignIn, screen: str) -> None:
    booking = make_visit(make_booking(name="Later Lim"), at=TODAY + timedelta(days=3)).booking
    asked = begin(sign_in("desk"), booking, screen)
    assert "The visit is on 23 November 2026, not today" in asked.alert()
    assert facts(booking)[:2] == (VoucherState.ISSUED, VisitState.SET)
    assert "Redeemed:" in asked.submit(ASKS).status_text()
    assert facts(booking) == (VoucherState.REDEEMED, VisitState.ATTENDED, Stage.ATTENDED)


@pytest.mark.parametrize("hours", [-3, 0, 7])
def test_on_the_day_of_the_visit_nothing_is_asked(sign_in: SignIn, hours: int) -> None:
    booking = make_visit(at=TODAY + timedelta(hours=hours) if hours >= 0 else TODAY).booking
    page = visit(sign_in("desk"), "/admin/bookings/").submit("Redeem")
    assert "Redeemed:" in page.status_text()
    assert facts(booking)[0] == VoucherState.REDEEMED


def test_a_visit_that_was_moved_meanwhile_is_asked_about_anew(sign_in: SignIn) -> None:
    therapist = make_therapist()
    booking = make_visit(at=TODAY + timedelta(days=1), therapist=therapist).booking
    asked = begin(sign_in("desk"), booking, "code")
    set_visit(booking, therapist, TODAY + timedelta(days=5), by=make_user())
    again = asked.submit(ASKS)
    assert "The visit is on 25 November 2026" in again.alert()
    assert facts(booking)[0] == VoucherState.ISSUED


def test_a_post_without_the_answer_redeems_nothing(sign_in: SignIn) -> None:
    booking = make_visit(at=TODAY + timedelta(days=1)).booking
    desk = sign_in("desk")
    token = visit(desk, "/admin/redeem/").values("Sign out")["csrf_token"]
    desk.post("/admin/redeem/", data={"code": booking.voucher.code, "csrf_token": token})
    assert facts(booking)[0] == VoucherState.ISSUED


@pytest.mark.parametrize("stage", [Stage.NEW, Stage.CONTACTED, Stage.BOOKED, Stage.LOST])
def test_who_redeemed_undoes_it_and_everything_is_as_before(sign_in: SignIn, clock: MovableClock, stage: Stage) -> None:
    booking = make_booking()
    if stage == Stage.BOOKED:
        make_visit(booking, at=TODAY)
    change_stage(booking.lead, stage, by=make_user())
    before = facts(booking)
    desk = sign_in("desk")
    page = visit(desk, "/admin/bookings/").submit("Redeem")
    clock.move(minutes=14)
    assert "is valid again" in page.submit("Undo").status_text()
    assert facts(booking) == before
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == booking.lead_id)).all()
    assert sum("undone" in text for text in texts) == 1
    assert "Redeemed:" in visit(desk, "/admin/bookings/").submit("Redeem").status_text()


def test_the_page_of_the_voucher_offers_undoing_to_who_redeemed_for_15_minutes(
    sign_in: SignIn, clock: MovableClock
) -> None:
    booking = make_booking()
    desk, colleague = sign_in("desk"), sign_in("desk")
    address = f"/admin/redeem/?code={booking.voucher.code}"
    visit(desk, address).submit("Redeem")
    theirs = visit(desk, address)
    assert "Undo redemption" in theirs.texts("button")
    assert "Undo redemption" not in visit(colleague, address).texts("button")
    token = visit(colleague, address).values("Sign out")["csrf_token"]
    answer = colleague.post("/admin/redeem/undo/", data={"code": booking.voucher.code, "csrf_token": token})
    assert "the person who redeemed a voucher" in visit(colleague, answer.headers["Location"]).alert()
    clock.move(minutes=15)
    assert "within 15 minutes" in theirs.submit("Undo redemption").alert()
    assert facts(booking)[0] == VoucherState.REDEEMED


def test_undoing_twice_says_so_and_writes_one_line(sign_in: SignIn) -> None:
    booking = make_booking()
    desk = sign_in("desk")
    page = visit(desk, f"/admin/redeem/?code={booking.voucher.code}").submit("Redeem")
    assert "is valid again" in page.submit("Undo").status_text()
    assert "Nothing was changed" in page.submit("Undo").alert()


def test_a_moved_clock_between_two_writes_does_not_keep_the_visit_closed(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, clock: MovableClock
) -> None:
    booking = make_visit(at=TODAY).booking

    def ticking() -> datetime:
        clock.move(milliseconds=1)
        return clock.now

    monkeypatch.setattr("clinic.core.clock._source", ticking)
    page = visit(sign_in("desk"), "/admin/today/").submit("Attended")
    page.submit("Undo")
    assert facts(booking)[:2] == (VoucherState.ISSUED, VisitState.SET)


def test_undoing_is_for_a_redeemed_voucher_only(sign_in: SignIn) -> None:
    from clinic.bookings.errors import RedemptionStands

    booking = make_booking()
    assert booking.voucher
    with pytest.raises(RedemptionStands):
        undo_redemption(booking.voucher, by=make_user())


def held() -> Booking:
    make_booking(name="First Person", email="used@example.org")
    return make_booking(name="Second Person", email="used@example.org", mobile="+6581234567")


@pytest.mark.parametrize("start", ["/admin/bookings/", "compare"])
def test_what_the_ledger_learned_since_is_shown_before_allowing(
    sign_in: SignIn, clock: MovableClock, start: str
) -> None:
    booking, desk = held(), sign_in("desk")
    page = visit(desk, f"/admin/bookings/compare/?id={booking.id}" if start == "compare" else start)
    clock.move(minutes=1)
    make_booking(name="Third Person", mobile="+6581234567")
    compare = page.submit("Allow")
    assert "was used for another trial after this request" in compare.alert()
    assert "Third Person" in compare.text
    assert "Allowed" in compare.submit("Allow").status_text()


def test_a_request_of_somebody_with_a_trial_is_not_offered_and_not_allowed(sign_in: SignIn) -> None:
    booking, desk = held(), sign_in("desk")
    page = visit(desk, "/admin/bookings/")
    first = db.session.scalars(sa.select(Booking).order_by(Booking.id)).first()
    assert first
    merge_leads(first.lead, booking.lead, by=make_user())
    booking.state = BookingState.HELD  # as an older release stored it
    db.session.commit()
    assert "already had their one trial" in page.submit("Allow").alert()
    compare = visit(desk, f"/admin/bookings/compare/?id={booking.id}")
    assert not any(text.startswith("Allow") for text in compare.texts("button"))
    assert db.session.scalar(sa.select(sa.func.count(Voucher.id))) == 1
