"""The trial page."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.bookings.models import Booking, BookingState, Voucher
from clinic.core.db import db
from clinic.leads.models import Lead, LeadEvent
from clinic.outbox.models import Message
from tests.browse import Page, visit
from tests.factories import make_services

PERSON: dict[str, Any] = {
    "name": "Tan Wei Ling",
    "email": "weiling@example.org",
    "mobile": "9123 4567",
    "service": "pilates-1-to-1",
    "consent": "y",
}


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def ask(client: FlaskClient, **changed: str | None) -> Page:
    make_services()
    return visit(client, "/book/").submit("Book my trial", **(PERSON | changed))


def test_a_new_person_is_booked_and_thanked(client: FlaskClient) -> None:
    page = ask(client)
    assert page.path == "/book/thanks/"
    assert "you will receive an email shortly" in page.status_text().lower()
    booking = db.session.scalars(sa.select(Booking)).one()
    assert booking.state == BookingState.BOOKED
    assert booking.service.name == "Pilates 1-to-1"
    assert booking.lead.mobile == "+6591234567"
    assert {message.kind for message in db.session.scalars(sa.select(Message))} == {"trial_confirmed", "lead_arrived"}


def test_the_same_person_in_another_spelling_is_refused_and_keeps_what_was_typed(client: FlaskClient) -> None:
    ask(client, email="A.B+x@Gmail.com")
    page = ask(client, email="ab@gmail.com", mobile="0065-9123-4567", name="Somebody Else")
    assert page.status == 422
    assert "already used" in page.alert()
    assert page.values("Book my trial")["name"] == "Somebody Else"
    assert (count(Booking), count(Voucher), count(Lead)) == (1, 1, 1)
    events = db.session.scalars(sa.select(LeadEvent.text)).all()
    assert any("refused as already used" in text for text in events)


@pytest.mark.parametrize("changed", [{"email": "other@example.org"}, {"mobile": "8123 4567"}])
def test_half_a_known_person_is_held_and_told_the_same(client: FlaskClient, changed: dict[str, str]) -> None:
    first = ask(client)
    page = ask(client, **changed)
    assert (page.path, page.text) == (first.path, first.text)
    held = db.session.scalars(sa.select(Booking).where(Booking.state == BookingState.HELD)).one()
    assert held.voucher is None
    kinds = [message.kind for message in db.session.scalars(sa.select(Message).order_by(Message.id))]
    assert kinds.count("trial_held") == 1
    assert kinds.count("trial_confirmed") == 1


def test_a_held_request_sent_again_changes_nothing(client: FlaskClient) -> None:
    ask(client)
    ask(client, mobile="8123 4567")
    before = (count(Booking), count(Message), count(Lead), count(LeadEvent))
    page = ask(client, mobile="+65 8123 4567")
    assert page.path == "/book/thanks/"
    assert (count(Booking), count(Message), count(Lead), count(LeadEvent)) == before


def test_an_empty_form_says_what_to_do_in_each_field(client: FlaskClient) -> None:
    make_services()
    page = visit(client, "/book/").submit("Book my trial")
    assert page.status == 422
    assert len(page.tree.css("[role=alert] a")) == 5
    assert len(page.tree.css("[aria-invalid=true]")) == 6
    for link in page.tree.css("[role=alert] a"):
        assert page.tree.css(link.attributes["href"] or ""), "a link of the summary leads nowhere"
