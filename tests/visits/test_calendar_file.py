"""Calendar files, parsed with the icalendar library, in Singapore and in zones with clock changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from clinic.core.db import db
from clinic.outbox.letter import Letter
from clinic.outbox.models import Message
from clinic.preferences import change_preferences
from clinic.visits.calendar_file import CANCEL, REQUEST, initials, visit_file
from clinic.visits.models import Visit
from clinic.visits.operations import cancel_visit, set_visit
from clinic.visits.therapists import make_feed, revoke_feed
from tests.conftest import MovableClock
from tests.factories import make_booking, make_therapist, make_user, make_visit

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def event_of(content: Any) -> Any:
    calendar = Calendar.from_ical(content)
    assert isinstance(calendar, Calendar)
    assert Calendar.from_ical(calendar.to_ical()) == calendar  # a round trip changes nothing
    (event,) = calendar.walk("VEVENT")
    return event


@pytest.fixture
def visit(app: Flask, clock: MovableClock) -> Visit:
    return make_visit(make_booking(name="Tan Wei Ling"), at=TEN, therapist=make_therapist("Anna"))


@pytest.fixture(params=["Asia/Singapore", "Europe/London", "America/New_York"])
def zone(request: pytest.FixtureRequest, app: Flask) -> Iterator[ZoneInfo]:
    """Move the clinic to another time zone."""
    settings = app.config["CLINIC"]
    zone = ZoneInfo(request.param)
    app.config["CLINIC"] = replace(settings, time_zone=zone)
    yield zone
    app.config["CLINIC"] = settings


def test_a_request_has_what_calendars_need(visit: Visit) -> None:
    content = visit_file(visit, REQUEST)
    event = event_of(content)
    assert b"METHOD:REQUEST" in content
    assert b"BEGIN:VTIMEZONE" in content
    assert event["DTSTART"].params["TZID"] == "Asia/Singapore"
    assert event.start == TEN
    assert str(event["SUMMARY"]) == "Move Therapy 1-to-1 at Move Therapy"
    assert str(event["ATTENDEE"]) == f"mailto:{visit.booking.lead.email}"
    assert event["ORGANIZER"].startswith("mailto:")
    assert int(event["SEQUENCE"]) == 0
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))  # RFC 5545 § 3.1


def test_the_uid_stays_and_the_sequence_rises(visit: Visit) -> None:
    first = event_of(visit_file(visit, REQUEST))
    set_visit(visit.booking, visit.therapist, TEN.replace(hour=4), by=make_user())
    second = event_of(visit_file(visit, REQUEST))
    cancel_visit(visit, by=make_user())
    third = event_of(visit_file(visit, CANCEL))
    assert first["UID"] == second["UID"] == third["UID"]
    assert [int(one["SEQUENCE"]) for one in (first, second, third)] == [0, 1, 1]
    assert str(third["STATUS"]) == "CANCELLED"
    assert b"METHOD:CANCEL" in visit_file(visit, CANCEL)


@pytest.mark.parametrize("month", [1, 7])
def test_summer_and_winter_come_back_as_the_same_moment(
    app: Flask, clock: MovableClock, zone: ZoneInfo, month: int
) -> None:
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    moment = datetime(2027, month, 18, 10, 0, tzinfo=zone)
    visit = make_visit(at=moment)
    content = visit_file(visit, REQUEST)
    event = event_of(content)
    assert event.start == moment
    assert event.start.utcoffset() == moment.utcoffset()
    assert event["DTSTART"].to_ical() == f"2027{month:02}18T100000".encode()
    observances = content.count(b"BEGIN:DAYLIGHT")
    assert (observances > 0) is (str(zone) != "Asia/Singapore")


def test_names_with_commas_and_long_names_survive(app: Flask, clock: MovableClock) -> None:
    name = "Wei, Ling; “Lee” \\ " + "Ångström " * 8
    visit = make_visit(make_booking(name=name.strip()), at=TEN)
    assert event_of(visit_file(visit, REQUEST))["ATTENDEE"].params["CN"].replace("'", '"') is not None


def test_the_mail_carries_the_file_and_the_voucher(visit: Visit) -> None:
    message = db.session.scalars(db.select(Message).where(Message.kind == "visit_set")).one()
    letter = Letter(message)._message()
    parts = {part.get_content_type(): part for part in letter.walk() if not part.is_multipart()}
    assert parts["text/calendar"].get_param("method") == "REQUEST"
    assert event_of(parts["text/calendar"].get_payload(decode=True)).start == TEN
    assert parts["image/png"]["Content-ID"] == "<voucher>"
    assert parts["image/png"].get_payload(decode=True).startswith(b"\x89PNG")
    assert "cid:voucher" in message.html
    assert parts["image/png"].get_filename() == "voucher.png"


def test_a_feed_shows_initials_until_the_owner_says_otherwise(visit: Visit, client: FlaskClient) -> None:
    secret = make_feed(visit.therapist, by=make_user())
    answer = client.get(f"/calendar/{secret}.ics")
    assert answer.mimetype == "text/calendar"
    assert "no-store" in answer.headers["Cache-Control"]
    assert str(event_of(answer.data)["SUMMARY"]) == "T. W. L.: Move Therapy 1-to-1"
    assert b"Tan" not in answer.data
    assert visit.booking.lead.email.encode() not in answer.data
    change_preferences({"feed_names": 1}, by=make_user())
    assert str(event_of(client.get(f"/calendar/{secret}.ics").data)["SUMMARY"]).startswith("Tan Wei Ling")


def test_a_new_feed_ends_the_one_before_and_a_revoked_one_is_dead(visit: Visit, client: FlaskClient) -> None:
    first = make_feed(visit.therapist, by=make_user())
    second = make_feed(visit.therapist, by=make_user())
    assert [client.get(f"/calendar/{secret}.ics").status_code for secret in (first, second)] == [404, 200]
    revoke_feed(visit.therapist, by=make_user())
    assert client.get(f"/calendar/{second}.ics").status_code == 404
    assert first not in str(db.session.execute(db.text("SELECT * FROM therapist")).all())


def test_initials() -> None:
    assert [initials(name) for name in ("Tan Wei Ling", "jo", " ")] == ["T. W. L.", "J.", "–"]


def test_a_file_has_the_rule_in_force_and_no_history(app: Flask, clock: MovableClock, zone: ZoneInfo) -> None:
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    content = visit_file(make_visit(at=datetime(2027, 3, 30, 10, 0, tzinfo=zone)), REQUEST)
    changes = str(zone) != "Asia/Singapore"
    assert content.count(b"BEGIN:STANDARD") == 1
    assert content.count(b"BEGIN:DAYLIGHT") == changes
    assert content.count(b"RRULE:FREQ=YEARLY") == 2 * changes
    assert b"RDATE" not in content
    assert content.index(b"END:VTIMEZONE") < content.index(b"BEGIN:VEVENT")
