"""Tests of services: order, and refused deletion while bookings refer to them."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.bookings.models import Service
from clinic.core.db import db
from tests.browse import check, visit
from tests.factories import make_booking, make_services

SignIn = Callable[..., FlaskClient]
LIST = "/admin/services/"
YOGA: dict[str, Any] = {"name": "Yoga 1-to-1", "summary": "Calm strength.", "minutes": "45", "body": "<p>Breathe.</p>"}


def offered(client: FlaskClient) -> list[str]:
    return visit(client, "/").texts(".service h3")


def test_a_new_service_can_be_booked_at_once_and_has_a_page(sign_in: SignIn, client: FlaskClient) -> None:
    owner = sign_in("owner")
    assert "so that visitors can book" in visit(owner, LIST).text
    make_services()
    body = '<p>Breathe.</p><script>alert(1)</script><p onclick="x()">Out.</p>'
    page = visit(owner, f"{LIST}new/").submit("Save", **(YOGA | {"body": body}), is_active="y")
    assert page.status_text() == "Saved."
    assert page.one("textarea[data-editor]")
    assert offered(client) == ["Move Therapy 1-to-1", "Pilates 1-to-1", "Yoga 1-to-1"]
    own = visit(client, "/services/yoga-1-to-1/")
    assert "Breathe." in own.text
    assert "45 minutes" in own.text
    assert "alert(1)" not in own.html
    assert "Yoga 1-to-1" in visit(client, "/book/").text


def test_wrong_input_is_refused_and_what_was_typed_stays(sign_in: SignIn) -> None:
    make_services()
    form = visit(sign_in("owner"), f"{LIST}new/")
    for changed, words in (
        ({"name": ""}, "Enter a name"),
        ({"name": "Pilates 1-to-1"}, "Another service has this name"),
        ({"slug": "pilates-1-to-1"}, "Another service has this slug"),
        ({"slug": "a b"}, "lowercase letters"),
        ({"summary": ""}, "Write one sentence"),
        ({"minutes": ""}, "Enter a number of minutes"),
        ({"minutes": "0"}, "Enter 5 to 600 minutes"),
        ({"minutes": "an hour"}, "Minutes"),
    ):
        page = form.submit("Save", **(YOGA | changed))
        assert page.status == 422, changed
        assert words in page.alert()
        check(page)
        kept = page.values("Save")
        for name, value in (YOGA | changed).items():
            assert kept[name] == value, name
    assert len(db.session.scalars(sa.select(Service)).all()) == 2


def test_one_that_is_switched_off_cannot_be_booked_and_keeps_its_bookings(sign_in: SignIn, client: FlaskClient) -> None:
    owner, booking = sign_in("owner"), make_booking()
    edit = f"{LIST}edit/?id={booking.service_id}"
    answer = visit(owner, f"{LIST}delete/?id={booking.service_id}").submit("Delete")
    assert "1 booking is of this service, so it stays. Switch it off instead" in answer.alert()
    assert visit(owner, edit).submit("Save", is_active=None).status_text() == "Saved."
    assert offered(client) == ["Pilates 1-to-1"]
    visit(client, "/services/move-therapy-1-to-1/", status=404)
    assert "Move Therapy 1-to-1" in visit(owner, "/admin/bookings/?tab=booked").text


def test_a_service_nobody_booked_can_go(sign_in: SignIn) -> None:
    service = make_services()[1]
    page = visit(sign_in("owner"), f"{LIST}delete/?id={service.id}").submit("Delete")
    assert page.status_text() == "Deleted: service."


def test_a_changed_slug_leads_on_and_an_error_changes_nothing(sign_in: SignIn, client: FlaskClient) -> None:
    owner, (move, pilates) = sign_in("owner"), make_services()
    form = visit(owner, f"{LIST}edit/?id={pilates.id}")
    assert form.submit("Save", slug=move.slug).status == 422
    visit(client, "/services/pilates-1-to-1/")
    assert form.submit("Save", slug="pilates").status_text() == "Saved."
    assert client.get("/services/pilates-1-to-1/").headers["Location"] == "/services/pilates/"
    visit(client, "/services/pilates/")


def test_the_order_is_that_of_the_trial_form(sign_in: SignIn, client: FlaskClient) -> None:
    make_services()
    page = visit(sign_in("owner"), LIST).submit("Move up : Pilates 1-to-1")
    assert "Moved Pilates 1-to-1 to place 1 of 2." in page.status_text()
    assert offered(client) == ["Pilates 1-to-1", "Move Therapy 1-to-1"]


def test_services_are_the_owners(sign_in: SignIn) -> None:
    for role in ("editor", "desk", "moderator"):
        assert sign_in(role).get(LIST).status_code == 403
