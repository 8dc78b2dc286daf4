"""Tests of one-time forms on every screen: sent twice, sent at the same moment, or sent again after going back."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.admin.kit.screen import StaffView
from clinic.articles.models import Article, Author, Category, Redirect, Tag
from clinic.bookings.models import BlockedGuest, Service
from clinic.core.db import Base, db
from clinic.core.once import FormSent, sweep_forms
from clinic.frame.models import MenuItem
from clinic.leads.models import LeadEvent, Letter
from clinic.media.models import Image
from clinic.outbox.models import Message
from clinic.visits.models import Therapist
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, picture_bytes
from tests.journeys.site import at_once

pytestmark = pytest.mark.dialect

SignIn = Callable[..., FlaskClient]
Typed = dict[str, Any]
# Each screen with its model and form values.
SCREENS: dict[str, tuple[type[Base], Typed]] = {
    "articles": (Article, {"title": "Strong hips", "summary": "Short.", "body": "<p>Text</p>"}),
    "pages": (Article, {"title": "About us", "summary": "Short.", "body": "<p>Text</p>"}),
    "services": (Service, {"name": "Yoga", "summary": "For calm.", "minutes": "60"}),
    "categories": (Category, {"name": "Joints"}),
    "tags": (Tag, {"name": "running"}),
    "team": (Author, {"name": "Anna Author", "title": "Physiotherapist", "bio": "Works with people."}),
    "menus": (MenuItem, {"label": "Our team", "address": "/articles/"}),
    "letters": (Letter, {"name": "Hello", "subject": "Hello {name}", "body": "How are you?"}),
    "therapists": (Therapist, {"name": "Anna"}),
    "blocked-guests": (BlockedGuest, {"email": "rude@example.org", "because": "Shouted"}),
    "people": (User, {"name": "New Person", "email": "new@example.org", "role_names": "desk"}),
    "redirects": (Redirect, {"path": "/old/", "leads_to": "/articles/"}),
    "media": (Image, {"alt": "A hip", "credit": "Photo: Ana"}),
}


def place(page: Page) -> str:
    """Return the path of a page without the name of the saved form."""
    return re.sub(r"[?&]saved=\w+", "", page.path)


def count(model: type[Base]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def typed(screen: str, **other: str) -> Typed:
    values = SCREENS[screen][1] | other
    if screen == "media":
        values |= {"file": (io.BytesIO(picture_bytes()), "hip.jpg")}
    return values


def open_form(client: FlaskClient, screen: str) -> Page:
    make_article(title="About", slug="about")
    return visit(client, f"/admin/{screen}/new/")


@pytest.mark.parametrize("screen", SCREENS)
def test_a_form_that_is_sent_twice_makes_one_thing_and_leads_to_it(sign_in: SignIn, screen: str) -> None:
    page = open_form(sign_in("owner"), screen)
    before = count(SCREENS[screen][0])
    first = page.submit("Save", **typed(screen))
    assert first.status == 200, first.text
    assert count(SCREENS[screen][0]) == before + 1
    second = page.submit("Save", **typed(screen))
    assert count(SCREENS[screen][0]) == before + 1
    assert (second.status, place(second)) == (200, place(first))
    assert second.status_text() == first.status_text()


UNIQUE = {"services", "categories", "tags", "team", "letters", "therapists", "people"}


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "media"])
def test_going_back_to_a_form_that_is_fetched_anew_makes_one_thing(sign_in: SignIn, screen: str) -> None:
    owner = sign_in("owner")
    page = open_form(owner, screen)
    first = page.submit("Save", **typed(screen))
    before = count(SCREENS[screen][0])
    again = visit(owner, f"/admin/{screen}/new/").submit("Save", **typed(screen))
    without = page.submit("Save", **typed(screen), form_key=None)
    assert count(SCREENS[screen][0]) == before
    for answer in (again, without):  # a name that is taken is said to be taken, as if somebody else had it
        assert answer.status == 422 if screen in UNIQUE else place(answer) == place(first)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_form_that_is_sent_at_the_same_moment_makes_one_thing(app: Flask, sign_in: SignIn, screen: str) -> None:
    page = open_form(sign_in("owner"), screen)
    before = count(SCREENS[screen][0])
    values = page.values("Save") | SCREENS[screen][1]
    cookie = page.client.get_cookie("clinic_staff")
    assert cookie

    def send() -> tuple[int, str]:
        client = app.test_client()
        client.set_cookie("clinic_staff", cookie.value)
        data = dict(values)
        if screen == "media":
            data["file"] = (io.BytesIO(picture_bytes()), "hip.jpg")
        with app.app_context():
            answer = client.post(page.path, data=data, headers={"Sec-Fetch-Site": "same-origin"})
            return answer.status_code, answer.headers.get("Location", "").partition("&saved")[0]

    answers = at_once([send] * 5)
    assert count(SCREENS[screen][0]) == before + 1
    assert {status for status, _ in answers} == {303}
    assert len({place for _, place in answers}) == 1


NEW_NAMES = {"articles": "title", "pages": "title", "menus": "label", "media": "alt", "blocked-guests": "email"}
NEW_NAMES |= {"people": "email", "redirects": "path"}


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "media"])
def test_other_words_in_a_form_that_was_saved_stay_and_make_another_thing_if_sent_again(
    sign_in: SignIn, screen: str
) -> None:
    page = open_form(sign_in("owner"), screen)
    page.submit("Save", **typed(screen))
    before = count(SCREENS[screen][0])
    field = NEW_NAMES.get(screen, "name")
    other = {"email": "other@example.org", "path": "/older/"}.get(field, "Something else")
    asked = page.submit("Save", **typed(screen, **{field: other}))
    assert asked.status == 422
    assert "already saved this form" in asked.alert()
    assert count(SCREENS[screen][0]) == before
    assert asked.values("Save")[field] == other
    assert asked.submit("Save", **typed(screen, **{field: other})).status == 200
    assert count(SCREENS[screen][0]) == before + 1


def test_a_refused_form_is_good_for_its_thing_when_it_is_right(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/tags/new/")
    wrong = page.submit("Save", name="")
    assert wrong.values("Save")["form_key"] == page.values("Save")["form_key"]
    assert wrong.submit("Save", name="running").status == 200
    assert count(Tag) == 1


def test_a_thing_that_was_deleted_since_can_be_made_again(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/tags/new/")
    page.submit("Save", name="running")
    db.session.execute(sa.delete(Tag))
    db.session.commit()
    page.submit("Save", name="running")
    assert count(Tag) == 1


def test_the_same_text_is_the_same_form_for_an_hour_only(sign_in: SignIn, clock: MovableClock) -> None:
    owner = sign_in("owner")
    for minutes, expected in ((0, 1), (59, 1), (2, 2)):
        clock.move(minutes=minutes)
        visit(owner, "/admin/pages/new/").submit("Save", **typed("pages"))
        assert count(Article) == expected


def test_two_people_who_type_the_same_make_two(sign_in: SignIn) -> None:
    for role in ("owner", "editor"):
        visit(sign_in(role), "/admin/pages/new/").submit("Save", **typed("pages"))
    assert count(Article) == 2


def test_publishing_twice_publishes_once(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/pages/new/")
    first, second = (page.submit("Publish", **typed("pages")) for _ in range(2))
    assert (count(Article), place(second)) == (1, place(first))


def test_a_note_and_a_mail_that_are_sent_twice_are_one(sign_in: SignIn) -> None:
    booking, desk = make_booking(), sign_in("desk")
    page = visit(desk, f"/admin/leads/details/?id={booking.lead_id}")
    for _ in range(2):
        assert page.submit("Save note", note="Rang, no answer").status == 200
        assert "will be sent" in page.submit("Send email", subject="Hello", body="Call us").status_text()
    db.session.rollback()
    notes = sa.select(sa.func.count(LeadEvent.id)).where(LeadEvent.is_note)
    assert db.session.scalar(notes) == 1
    assert db.session.scalar(sa.select(sa.func.count(Message.id)).where(Message.subject == "Hello")) == 1
    page.submit("Save note", note="Rang again")
    visit(desk, f"/admin/leads/details/?id={booking.lead_id}").submit("Save note", note="Rang, no answer")
    assert db.session.scalar(notes) == 3


def test_other_words_with_a_picture_are_another_picture(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), "/admin/media/new/")
    for alt in ("A hip", "Another hip", "A hip"):
        assert "Saved" in page.submit("Save", **typed("media", alt=alt)).status_text()
    assert count(Image) == 2


def test_many_pictures_that_are_sent_twice_are_there_once(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), "/admin/media/upload/")

    def send() -> Page:
        files = [(io.BytesIO(picture_bytes(640 + number)), f"{number}.jpg") for number in range(3)]
        return page.submit("Upload", credit="Photo: Ana", files=files)

    first, second = send(), send()
    assert (count(Image), second.path) == (3, first.path)


def test_every_screen_that_creates_is_tried_here(app: Flask) -> None:
    views = app.extensions["admin"][0]._views
    creating = {view.url.removeprefix("/admin/") for view in views if isinstance(view, StaffView) and view.can_create}
    assert creating == set(SCREENS)


def test_forms_are_forgotten_after_a_week(sign_in: SignIn, clock: MovableClock) -> None:
    visit(sign_in("owner"), "/admin/tags/new/").submit("Save", name="running")
    sweep_forms()
    assert count(FormSent)
    clock.move(days=7, seconds=1)
    sweep_forms()
    assert count(FormSent) == 0
