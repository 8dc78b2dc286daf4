"""Country, phone region and time zone are preferences of the clinic; changes apply at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.models import ReadCount
from clinic.core import content_version
from clinic.core.db import atomic, db
from clinic.core.places import countries, foreign_example, mobile_example, phone_regions, time_zones
from clinic.core.text import canonical_mobile
from clinic.leads.models import Lead
from clinic.leads.queries import find_leads
from clinic.outbox.models import Message
from clinic.preferences import Preference, change_preferences, preferences
from clinic.visits.calendar_file import REQUEST, visit_file
from clinic.visits.queries import free_starts
from clinic.web.filters import local_now
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_services, make_therapist, make_user, make_visit

SignIn = Callable[..., FlaskClient]
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ZONES = {
    "Europe/London": 2,
    "America/New_York": 21,
    "Asia/Kathmandu": 7,
    "Pacific/Auckland": 15,
}  # the hour of TEN there


def put(**values: Any) -> None:
    change_preferences(values, by=make_user())
    db.session.rollback()


@pytest.fixture
def elsewhere(app: Flask) -> Iterator[None]:
    """A server whose settings name Germany."""
    settings = app.config["CLINIC"]
    app.config["CLINIC"] = replace(settings, phone_region="DE", time_zone=ZoneInfo("Europe/Berlin"))
    yield
    app.config["CLINIC"] = settings


def test_the_settings_are_the_first_values(app: Flask, elsewhere: None) -> None:
    now = preferences()
    assert (now.country, now.phone_region, now.time_zone, now.zone.key) == (
        "DE",
        "DE",
        "Europe/Berlin",
        "Europe/Berlin",
    )
    put(time_zone="Europe/London", country="GB")
    now = preferences()
    assert (now.country, now.phone_region, now.time_zone) == ("GB", "GB", "Europe/London")
    put(phone_region="IE")
    assert (preferences().country, preferences().phone_region) == ("GB", "IE")


@pytest.mark.parametrize(("country", "zone"), [("UK", "Mars/Base"), ("AQ", ""), ("", "../etc/passwd"), ("XX", "asia")])
def test_what_an_older_release_or_another_machine_stored_never_breaks_a_page(
    client: FlaskClient, country: str, zone: str
) -> None:
    with atomic():
        db.session.add_all([Preference(name="country", value=country), Preference(name="time_zone", value=zone)])
    make_services()
    assert (preferences().phone_region, preferences().time_zone) == ("SG", "Asia/Singapore")
    assert client.get("/book/").status_code == 200


def test_every_choice_can_be_used() -> None:
    names = dict(countries())
    assert names["SG"] == "Singapore"
    assert len(names) > 240
    assert dict(phone_regions())["GB"] == "Britain (UK) (+44)"
    assert {code for code, _ in phone_regions()} == phonenumbers.SUPPORTED_REGIONS
    zones = {name for area in time_zones().values() for name, _ in area}
    assert {"Asia/Singapore", "Europe/London", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "UTC"} <= zones
    assert all(ZoneInfo(name) for name in zones)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_hint_of_every_region_is_a_number_that_the_form_takes(region: str) -> None:
    assert canonical_mobile(mobile_example(region), region)
    assert canonical_mobile(foreign_example(region), region)


@pytest.mark.parametrize(
    ("changed", "typed", "expected"),
    [
        ({"country": "GB"}, "07911 123456", "+447911123456"),
        ({"country": "DE"}, "0151 23456789", "+4915123456789"),
        ({"country": "MY"}, "012-345 6789", "+60123456789"),
        ({"phone_region": "US"}, "(201) 555-0123", "+12015550123"),
        ({"country": "GB", "phone_region": "IN"}, "081234 56789", "+918123456789"),
    ],
)
def test_a_mobile_is_read_as_dialled_where_the_clinic_says(
    sign_in: SignIn, client: FlaskClient, changed: dict[str, Any], typed: str, expected: str
) -> None:
    make_services()
    older = make_booking(mobile="+6591234567").lead_id
    visit(client, "/book/")
    assert "Saved" in visit(sign_in("owner"), "/admin/settings/").submit("Save", **changed).status_text()
    page = visit(client, "/book/")
    wrong = page.submit(
        "Book my trial", name="Jo", email="jo@example.org", mobile="12", service="pilates-1-to-1", consent="y"
    )
    region = changed.get("phone_region", changed.get("country", ""))
    assert f"like {mobile_example(region)} or" in wrong.alert()
    page.submit("Book my trial", name="Jo", email="jo@example.org", mobile=typed, service="pilates-1-to-1", consent="y")
    db.session.rollback()
    assert db.session.scalars(sa.select(Lead.mobile).order_by(Lead.id)).all() == ["+6591234567", expected]
    assert [lead.mobile for lead in find_leads(typed, most=5).rows] == [expected]
    assert db.session.get_one(Lead, older).mobile_readable == "+65 9123 4567"


def test_settings_offers_pickers_and_refuses_what_is_no_choice(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    page = visit(owner, "/admin/settings/")
    values = page.values("Save")
    assert (values["country"], values["phone_region"], values["time_zone"]) == ("SG", "", "Asia/Singapore")
    for wrong in ({"country": "ZZ"}, {"phone_region": "sg"}, {"time_zone": "Singapore time"}):
        assert page.submit("Save", **dict[str, Any](wrong)).status == 422
    page.submit("Save", phone_region="MY", country="GB")
    page.submit("Save", phone_region="", country="GB")
    assert (preferences().country, preferences().phone_region) == ("GB", "GB")


@pytest.mark.parametrize(("zone", "hour"), ZONES.items())
def test_times_follow_the_zone_in_mails_calendars_panel_and_hours(
    sign_in: SignIn, clock: MovableClock, zone: str, hour: int
) -> None:
    make_visit(make_booking(), at=TEN)
    put(time_zone=zone)
    local = TEN.astimezone(ZoneInfo(zone))
    assert local.hour == hour
    booking = make_booking(name="Zone Zhou")
    placed = make_visit(booking, at=TEN)
    sent = sa.select(Message.subject).where(Message.kind == "visit_set").order_by(Message.id.desc())
    subject = db.session.scalars(sent).first() or ""
    assert f"{local:%A}, {local.day} {local:%B, %H:%M}" in subject
    assert f"TZID={zone}" in visit_file(placed, REQUEST).decode()
    lead = visit(sign_in("desk"), f"/admin/leads/details/?id={booking.lead_id}")
    assert f"{local.day} {local:%b %Y, %H:%M}" in lead.text
    assert local_now().tzinfo == ZoneInfo(zone)
    therapist = make_therapist()
    (starts,) = free_starts([therapist.id], [local.date()], 60).values()
    assert not starts or starts[0].astimezone(ZoneInfo(zone)).hour == 8


def test_a_day_of_the_desk_is_a_day_of_the_new_zone(sign_in: SignIn, clock: MovableClock) -> None:
    make_visit(make_booking(name="Early Eng"), at=TEN)
    desk = sign_in("desk")
    assert "Early Eng" in visit(desk, "/admin/today/?day=2026-11-23").text
    put(time_zone="America/New_York")
    assert "Early Eng" not in visit(desk, "/admin/today/?day=2026-11-23").texts(".visit")
    assert "Early Eng" in visit(desk, "/admin/today/?day=2026-11-22").text


def test_a_typed_time_is_read_in_the_new_zone(sign_in: SignIn, clock: MovableClock) -> None:
    put(time_zone="Europe/London")
    therapist, booking = make_therapist("Anna"), make_booking()
    page = visit(sign_in("desk"), f"/admin/calendar/set/?id={booking.id}")
    done = page.submit("Set this time", therapist=str(therapist.id), start="2026-11-24T10:15")
    assert "Set: 24 Nov 2026, 10:15" in done.status_text()
    editor = visit(sign_in("editor"), "/admin/pages/new/")
    editor.submit("Publish", title="Soon", summary="Text", body="<p>Text</p>", publish_at="2026-11-24T10:15")


def test_stored_pages_are_made_anew_and_end_with_the_day_of_the_new_zone(
    app: Flask, client: FlaskClient, clock: MovableClock
) -> None:
    article = make_article()
    clock.now = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 23:30 in Singapore, 10:30 in New York
    first = client.get("/")
    before = content_version.current()
    assert "Closed now" in first.get_data(as_text=True)
    put(time_zone="America/New_York")
    assert content_version.current() != before
    again = client.get("/")
    assert "Open now, until 20:00" in again.get_data(as_text=True)
    assert again.headers["ETag"] != first.headers["ETag"]
    assert client.get(article.address).status_code == 200


def test_a_read_counts_on_the_day_of_the_new_zone_at_once(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    article = make_article()
    clock.now = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # the 21st in Singapore
    put(time_zone="America/New_York")
    client.get(article.address, headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"})
    app.extensions["clinic.reads"].flush()
    db.session.rollback()
    assert [str(day) for day in db.session.scalars(sa.select(ReadCount.day))] == ["2026-11-20"]


def test_preferences_cost_one_statement_for_each_transaction(app: Flask) -> None:
    put(name="Hips & Co")
    said: list[str] = []

    def listen(*args: Any) -> None:
        said.append(args[2])

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        for _ in range(3):
            assert (preferences().name, local_now().tzinfo) == ("Hips & Co", ZoneInfo("Asia/Singapore"))
        assert len([one for one in said if "preference" in one]) == 1
        db.session.rollback()
        preferences()
        assert len([one for one in said if "preference" in one]) == 2
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
