"""The pages behind emailed links about visits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.bookings.models import Booking
from clinic.core.db import db
from clinic.core.signing import sign
from clinic.leads.models import Merge
from clinic.leads.operations import add_event, merge_leads, split_leads
from clinic.outbox.models import Message
from clinic.visits.models import Visit, VisitState
from clinic.visits.operations import cancel_visit
from clinic.visits.queries import wish_of
from clinic.visits.therapists import change_therapist, make_feed
from tests.browse import visit as look
from tests.conftest import MovableClock
from tests.factories import make_booking, make_services, make_user, make_visit

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PERSON: dict[str, Any] = {
    "name": "Jo",
    "email": "jo@example.org",
    "mobile": "91234567",
    "service": "pilates-1-to-1",
    "consent": "y",
}


def link(purpose: str, value: object) -> str:
    return f"/link/{purpose}/{sign(purpose, str(value))}/"


def test_the_thanks_page_asks_when_the_person_can_come(app: Flask, client: FlaskClient) -> None:
    make_services()
    thanks = look(client, "/book/").submit("Book my trial", **PERSON)
    assert thanks.path == "/book/thanks/"
    assert "Thank you" in thanks.status_text()
    who: dict[str, Any] = {"email": "JO@example.org", "mobile": "+65 9123 4567"}
    done = thanks.submit("Send my times", times=["mon-morning", "fri-evening"], note="Not on the 14th", **who)
    assert "We have your times" in done.status_text()
    wish = wish_of(db.session.scalars(sa.select(Booking.id)).one())
    assert (wish.times, wish.note) == (["mon-morning", "fri-evening"], "Not on the 14th")


def test_a_stranger_learns_nothing_from_the_thanks_page(app: Flask, client: FlaskClient) -> None:
    booking = make_booking(email=PERSON["email"], mobile="+6591234567")
    known = {"email": PERSON["email"], "mobile": "91234567", "times": ["mon-morning"]}
    answers = [client.post("/book/times/", data=known | other).get_data() for other in ({}, {"mobile": "98765432"})]
    assert answers[0] == answers[1]
    assert wish_of(booking.id).times == ["mon-morning"]


def test_wrong_details_on_the_thanks_page_come_back_as_typed(app: Flask, client: FlaskClient) -> None:
    page = look(client, "/book/thanks/").submit(
        "Send my times", times=["mon-morning"], note="Soon", email="jo@", mobile="12"
    )
    assert page.status == 422
    assert "Enter an email address" in page.text
    assert page.one("#wish-email").attributes["value"] == "jo@"
    assert page.one("#wish-mobile").attributes["value"] == "12"
    assert page.texts("textarea") == ["Soon"]


def test_a_wish_shows_what_was_said_and_a_wrong_one_loses_nothing(app: Flask, client: FlaskClient) -> None:
    path = link("times", make_booking().id)
    assert client.post(path, data={"times": ["sat-morning"], "note": "Soon"}).status_code == 200
    page = look(client, path)
    assert page.texts("textarea") == ["Soon"]
    assert page.one("#wish-sat-morning").attributes.get("checked", "no") is None
    wrong = client.post(path, data={"times": ["sat-morning", "sun-night"], "note": "Soon"})
    assert wrong.status_code == 422
    long = client.post(path, data={"times": ["sat-morning"], "note": "x" * 501})
    assert long.status_code == 422
    assert "Write at most 500 characters" in long.get_data(as_text=True)
    assert "x" * 501 in long.get_data(as_text=True)


def test_cancelling_and_taking_it_back(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    page = look(client, link("cancel-visit", visit.booking_id))
    assert "23 Nov 2026, 10:00" in page.text
    cancelled = page.submit("Cancel this visit")
    assert "is cancelled" in cancelled.status_text()
    back = cancelled.submit("Undo cancellation")
    assert "Your visit is booked again" in back.status_text()
    assert db.session.get_one(Visit, visit.id).state == VisitState.SET
    again = client.get(back.path)
    assert "cannot be undone" in again.get_data(as_text=True)


def test_a_second_press_and_a_late_one_say_what_is_and_whom_to_call(
    app: Flask, client: FlaskClient, clock: MovableClock
) -> None:
    visit = make_visit(at=TEN)
    path = link("cancel-visit", visit.booking_id)
    assert client.post(path).status_code == 200
    second = client.post(path)
    assert second.status_code == 422
    assert "already cancelled" in second.get_data(as_text=True)
    other = make_visit(at=TEN)
    clock.now = TEN - timedelta(hours=3)
    for purpose in ("cancel-visit", "other-time"):
        late = client.post(link(purpose, other.booking_id))
        assert late.status_code == 422
        assert "Please call us" in late.get_data(as_text=True)
    assert db.session.get_one(Visit, other.id).state == VisitState.SET


def test_asking_for_another_time(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    page = look(client, link("other-time", visit.booking_id))
    done = page.submit("Ask for another time", times=["tue-morning"], note="")
    assert "Until then, your visit stays on 23 Nov 2026, 10:00" in done.status_text()
    mail = db.session.scalars(sa.select(Message).where(Message.kind == "visit_changed")).one()
    assert "asked for another time" in mail.subject


@pytest.mark.parametrize("purpose", ["cancel-visit", "other-time"])
def test_without_a_visit_there_is_nothing_to_change(app: Flask, client: FlaskClient, purpose: str) -> None:
    path = link(purpose, make_booking().id)
    assert "can no longer be changed" in client.get(path).get_data(as_text=True)
    assert client.post(path).status_code == 422
    assert client.get(link(purpose, 4711)).status_code == 404


def test_my_data_is_shown_by_the_button_alone(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    visit = make_visit(make_booking(name="Tan Wei Ling"), at=TEN)
    path = link("my-data", visit.booking.lead_id)
    page = look(client, path)
    assert "Tan Wei Ling" not in page.text
    shown = page.submit("Show my data")
    for words in ("Tan Wei Ling", visit.booking.lead.email, "23 Nov 2026, 10:00", "Emails to you"):
        assert words in shown.text


def my_data(client: FlaskClient, lead_id: int) -> str:
    path = link("my-data", lead_id)
    return look(client, path).submit("Show my data").text


def test_what_we_keep_is_ones_own_whatever_was_merged_by_mistake(client: FlaskClient) -> None:
    first = make_booking(name="Wei Ling Tan", email="weiling@example.org", mobile="+6591111111").lead
    other = make_booking(name="Hidden Person", email="hidden@example.org", mobile="+6592222222").lead
    third = make_booking(name="Third Guest", email="third@example.org", mobile="+6593333333").lead
    by = make_user()
    add_event(other.id, "Hidden matter")
    add_event(first.id, "Own matter")
    merge_leads(first, other, by=by)
    merge_leads(third, first, by=by)
    add_event(third.id, "Third matter")
    for lead, own in ((first, "Own matter"), (other, "Hidden matter"), (third, "Third matter")):
        text = my_data(client, lead.id)
        for person in (first, other, third):
            assert (person.email in text) is (person is lead), (lead.name, person.name)
        for matter in ("Own matter", "Hidden matter", "Third matter"):
            assert (matter in text) is (matter == own), (lead.name, matter)
        assert text.count("agreed to our privacy notice") == 1


def test_what_happens_after_a_mistaken_merge_stands_with_the_person_it_is_about(client: FlaskClient) -> None:
    first = make_booking(name="Wei Ling Tan", email="weiling@example.org", mobile="+6591111111").lead
    visit = make_visit()
    other, by = visit.booking.lead, make_user()
    kept, merge_by = first, by
    merge_leads(kept, other, by=merge_by)
    cancel_visit(db.session.get_one(Visit, visit.id), by=by)
    assert "Visit cancelled" not in my_data(client, first.id)
    assert "Visit cancelled" in my_data(client, other.id)
    split_leads(db.session.scalars(sa.select(Merge)).one(), by=by)
    assert "Visit cancelled" not in my_data(client, first.id)
    assert "Visit cancelled" in my_data(client, other.id)


def test_what_we_keep_is_read_by_its_link_for_two_weeks(client: FlaskClient, clock: MovableClock) -> None:
    path = link("my-data", make_booking().lead_id)
    clock.move(days=13, hours=23)
    assert client.get(path).status_code == 200
    clock.move(hours=1, seconds=1)
    assert client.get(path).status_code == 410


def test_the_calendar_of_a_therapist_who_was_switched_off_is_closed(client: FlaskClient) -> None:
    therapist = make_visit().therapist
    secret = make_feed(therapist, by=make_user())
    assert client.get(f"/calendar/{secret}.ics").status_code == 200
    change_therapist(therapist, therapist.name, is_active=False, by=make_user())
    assert client.get(f"/calendar/{secret}.ics").status_code == 404
    change_therapist(therapist, therapist.name, is_active=True, by=make_user())
    assert client.get(f"/calendar/{secret}.ics").status_code == 200
