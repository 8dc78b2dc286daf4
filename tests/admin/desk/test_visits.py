"""Tests of the desk's day: today's list, setting a time, redeeming, the week, therapists and feeds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.bookings.models import Voucher, VoucherState
from clinic.core.db import db
from clinic.visits.models import Therapist, Visit, VisitState
from clinic.visits.operations import ask_for_other_time, keep_wish
from tests.admin.statements import statements
from tests.browse import visit as look
from tests.conftest import MovableClock
from tests.factories import make_booking, make_therapist, make_visit

SignIn = Callable[..., FlaskClient]
TODAY = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # 14:00 in Singapore; the clock stands at 10:00


@pytest.fixture(autouse=True)
def _clock(clock: MovableClock) -> None:
    """Stop the clock for all tests of this module."""


def state(visit: Visit) -> VisitState:
    db.session.rollback()
    return db.session.get_one(Visit, visit.id).state


# Today


def test_today_lists_who_comes_by_time(sign_in: SignIn) -> None:
    late = make_visit(make_booking(name="Late Lim"), at=TODAY + timedelta(hours=2))
    make_visit(make_booking(name="Early Eng"), at=TODAY, therapist=late.therapist)
    make_visit(make_booking(name="Other Ong"), at=TODAY + timedelta(days=1))
    page = look(sign_in("desk"), "/admin/today/")
    assert page.texts(".visit-time") == ["14:00", "16:00"]
    assert "Early Eng" in page.texts(".visit-who")[0]
    assert "Other Ong" not in page.text
    assert "Other Ong" in look(sign_in("desk"), "/admin/today/?day=2026-11-21").text
    look(sign_in("desk"), "/admin/today/?day=nonsense")


@pytest.mark.parametrize(
    ("button", "outcome", "voucher"),
    [
        ("Attended", VisitState.ATTENDED, VoucherState.REDEEMED),
        ("Late cancel", VisitState.LATE_CANCEL, VoucherState.CANCELLED),
        ("No-show", VisitState.NO_SHOW, VoucherState.CANCELLED),
    ],
)
def test_one_tap_says_how_it_went_and_undo_puts_it_back(
    sign_in: SignIn, button: str, outcome: VisitState, voucher: VoucherState
) -> None:
    visit = make_visit(at=TODAY)
    page = look(sign_in("desk"), "/admin/today/").submit(button)
    assert (state(visit), visit.booking.voucher.state) == (outcome, voucher)
    undone = page.submit("Undo")
    assert "Undone" in undone.status_text()
    assert (state(visit), visit.booking.voucher.state) == (VisitState.SET, VoucherState.ISSUED)


def test_a_second_tap_from_an_old_page_changes_nothing(sign_in: SignIn) -> None:
    visit = make_visit(at=TODAY)
    page = look(sign_in("desk"), "/admin/today/")
    page.submit("Attended")
    assert "already has an outcome" in page.submit("No-show").alert()
    assert state(visit) == VisitState.ATTENDED


def test_nobody_today_says_where_times_are_set(sign_in: SignIn) -> None:
    booking = make_booking(name="Wait Wong")
    page = look(sign_in("desk"), "/admin/today/")
    assert "No visits on this day" in page.text
    assert f'href="/admin/calendar/set/?id={booking.id}' in page.html


# Setting a time


def test_a_press_on_a_free_time_sets_it(sign_in: SignIn) -> None:
    make_therapist("Anna")
    booking = make_booking(name="Wait Wong")
    keep_wish(booking, ["mon-morning"], "Not too early")
    page = look(sign_in("desk"), f"/admin/calendar/set/?id={booking.id}&week=2026-11-23")
    assert "Monday morning" in page.text
    assert "Not too early" in page.text
    done = page.submit("10:00 on Tuesday with Anna")
    assert "Set: 24 Nov 2026, 10:00 with Anna" in done.status_text()
    visit = db.session.scalars(sa.select(Visit)).one()
    assert visit.starts_at == datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def test_the_loser_of_a_time_sees_the_nearest_free_ones(sign_in: SignIn) -> None:
    anna = make_therapist("Anna")
    booking = make_booking()
    page = look(sign_in("desk"), f"/admin/calendar/set/?id={booking.id}&week=2026-11-23")
    make_visit(at=datetime(2026, 11, 24, 2, 0, tzinfo=UTC), therapist=anna)
    lost = page.submit("10:00 on Tuesday with Anna")
    assert lost.status == 409
    assert "Anna has another visit at that time" in lost.alert()
    assert len(lost.texts(".alert .slot")) == 6
    assert "Set:" in lost.submit("24 Nov 2026, 11:00").status_text()


def test_a_typed_time_is_read_in_the_clinics_zone_and_a_wrong_one_stays(sign_in: SignIn) -> None:
    anna = make_therapist("Anna")
    booking = make_booking()
    page = look(sign_in("desk"), f"/admin/calendar/set/?id={booking.id}")
    for typed, words in (
        ("2026-11-24T10:07", "quarter hour"),
        ("2026-11-01T10:00", "in the past"),
        ("soon", "Choose a therapist"),
        ("9999-12-31T23:45", "Choose a therapist"),
    ):
        wrong = page.submit("Set this time", therapist=str(anna.id), start=typed)
        assert wrong.status == 422
        assert words in wrong.alert()
        assert wrong.one("#start").attributes["value"] == typed
    assert "Set:" in page.submit("Set this time", therapist=str(anna.id), start="2026-11-24T21:15").status_text()


def test_who_asked_for_another_time_is_marked_and_can_be_cancelled(sign_in: SignIn) -> None:
    visit = make_visit(make_booking(name="Change Chan"), at=TODAY + timedelta(days=3))
    ask_for_other_time(visit, ["sat-morning"], "")
    desk = sign_in("desk")
    assert "Change Chan" in look(desk, "/admin/today/").texts(".waiting li")[0]
    page = look(desk, f"/admin/calendar/set/?id={visit.booking_id}")
    assert "asks for another" in page.text
    assert "Cancelled: the visit of Change Chan" in page.submit("Cancel this visit").status_text()
    assert state(visit) == VisitState.CANCELLED


@pytest.mark.parametrize("screen", ["today", "calendar"])
def test_of_many_who_wait_the_first_are_shown_and_all_are_one_link_away(sign_in: SignIn, screen: str) -> None:
    for number in range(21):
        make_booking(name=f"Waiting {number}")
    desk = sign_in("desk")
    page = look(desk, f"/admin/{screen}/")
    assert len(page.texts(".waiting li")) == 20
    link = next(link for link in page.tree.css("main a") if link.text() == "Show all 21")
    assert len(look(desk, link.attributes["href"] or "").texts(".waiting li")) == 21


def test_without_a_therapist_the_page_says_what_to_do_first(sign_in: SignIn) -> None:
    page = look(sign_in("desk"), f"/admin/calendar/set/?id={make_booking().id}")
    assert "Add a therapist" in page.text
    assert sign_in("desk").get("/admin/calendar/set/?id=4711").status_code == 404


# The week


def test_the_week_shows_all_or_one_therapist_in_few_statements(app: Flask, sign_in: SignIn) -> None:
    anna, ravi = make_therapist("Anna"), make_therapist("Ravi")
    make_visit(make_booking(name="With Anna"), at=TODAY, therapist=anna)
    make_visit(make_booking(name="With Ravi"), at=TODAY, therapist=ravi)
    desk = sign_in("desk")
    assert len(look(desk, "/admin/calendar/").texts(".week-visit")) == 2
    only = look(desk, f"/admin/calendar/?therapist={ravi.id}")
    assert "With Ravi" in only.text
    assert "With Anna" not in only.text
    assert look(desk, "/admin/calendar/?week=2026-12-01").texts(".week-visit") == []
    with statements() as before:
        desk.get("/admin/calendar/")
    for number in range(10):
        make_visit(at=TODAY + timedelta(hours=number + 1), therapist=anna)
    with statements() as after:
        desk.get("/admin/calendar/")
    assert len(after) == len(before) < 10


# Redeeming


def test_a_code_is_redeemed_and_the_visit_attended(sign_in: SignIn) -> None:
    visit = make_visit(make_booking(name="Come Chong"), at=TODAY)
    code = visit.booking.voucher.code
    page = look(sign_in("desk"), "/admin/redeem/").submit("Find voucher", code=f" {code[:4].lower()} {code[4:]} ")
    assert "Come Chong" in page.text
    done = page.submit("Redeem")
    assert "Redeemed: Come Chong" in done.status_text()
    assert (state(visit), visit.booking.voucher.state) == (VisitState.ATTENDED, VoucherState.REDEEMED)


def test_the_same_device_sees_success_again_and_another_sees_who_was_first(sign_in: SignIn) -> None:
    voucher = make_booking().voucher
    first, second = sign_in("desk"), sign_in("owner")
    pages = [look(client, f"/admin/redeem/?code={voucher.code}") for client in (first, first, second)]
    assert "Redeemed:" in pages[0].submit("Redeem").status_text()
    assert "Redeemed:" in pages[1].submit("Redeem").status_text()
    assert "Already redeemed on 20 Nov 2026, 10:00 by Mei Tan" in pages[2].submit("Redeem").alert()
    assert "on this device" in look(first, f"/admin/redeem/?code={voucher.code}").text
    assert "on this device" not in look(second, f"/admin/redeem/?code={voucher.code}").text


def test_a_wrong_code_stays_and_a_dead_voucher_says_why(sign_in: SignIn, clock: MovableClock) -> None:
    voucher = make_booking().voucher
    desk = sign_in("desk")
    page = look(desk, "/admin/redeem/?code=NOSUCH99")
    assert "No voucher has the code" in page.alert()
    assert page.one("#code").attributes["value"] == "NOSUCH99"
    open_page = look(desk, f"/admin/redeem/?code={voucher.code}")
    clock.move(days=91)
    desk = sign_in("desk")
    assert "expired on" in look(desk, f"/admin/redeem/?code={voucher.code}").text
    del open_page
    db.session.rollback()
    assert db.session.get_one(Voucher, voucher.id).state == VoucherState.ISSUED


def test_only_the_page_that_scans_may_use_the_camera(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    assert "camera=(self)" in desk.get("/admin/redeem/").headers["Permissions-Policy"]
    assert "camera=()" in desk.get("/admin/today/").headers["Permissions-Policy"]


# Therapists


def test_therapists_are_added_changed_and_kept_while_they_have_visits(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    look(desk, "/admin/therapists/new/").submit("Save", name="Anna Koh")
    anna = db.session.scalars(sa.select(Therapist)).one()
    twice = look(desk, "/admin/therapists/new/").submit("Save", name="Anna Koh")
    assert "Another therapist has this name" in twice.alert()
    make_visit(therapist=anna)
    page = look(desk, f"/admin/therapists/delete/?id={anna.id}").submit("Delete")
    assert "has 1 visit" in page.alert()
    ravi = make_therapist("Ravi")
    look(desk, f"/admin/therapists/delete/?id={ravi.id}").submit("Delete")
    assert [one.name for one in db.session.scalars(sa.select(Therapist))] == ["Anna Koh"]


def test_a_feed_is_shown_once_and_switched_off(sign_in: SignIn, client: FlaskClient) -> None:
    anna = make_therapist("Anna")
    desk = sign_in("desk")
    made = look(desk, f"/admin/therapists/edit/?id={anna.id}").submit("Create an address")
    address = made.one("#feed").attributes["value"]
    assert address
    path = address.partition("127.0.0.1:8000")[2]
    assert client.get(path).status_code == 200
    look(desk, f"/admin/therapists/edit/?id={anna.id}").submit("Switch off the feed")
    assert client.get(path).status_code == 404
