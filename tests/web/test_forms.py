"""Public forms: detection of robots, and no typed text is lost."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.bookings.models import Booking
from clinic.comments.models import Comment
from clinic.core.db import db
from tests.browse import Page, check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_services

PERSON: dict[str, Any] = {
    "name": "Tan Wei Ling",
    "email": "weiling@example.org",
    "mobile": "9123 4567",
    "service": "pilates-1-to-1",
    "consent": "y",
}
TOO_FAST = "You sent the form very quickly"
TOO_OLD = "open for more than two days"
ALTERED = "could not verify this form"
TRAPPED = "a hidden field that must stay empty"


@pytest.fixture(autouse=True)
def _two_seconds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the least time of a form, as in production."""
    settings = dataclasses.replace(app.config["CLINIC"], form_min_seconds=2.0)
    monkeypatch.setitem(app.config, "CLINIC", settings)


@pytest.fixture
def form(client: FlaskClient, clock: MovableClock) -> Page:
    """Return the trial page, just opened."""
    make_services()
    return visit(client, "/book/")


def bookings() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Booking)) or 0


def assert_refused(page: Page, because: str) -> None:
    """Assert the one reason, that the fields keep their values, and that nothing was stored."""
    assert page.status == 422
    check(page)
    assert [words for words in (TOO_FAST, TOO_OLD, ALTERED, TRAPPED) if words in page.alert()] == [because]
    assert page.values("Book my trial").items() >= PERSON.items() - {("consent", "y")}
    assert page.values("Book my trial")["consent"] == ["y"]
    assert bookings() == 0


def test_a_form_sent_after_a_while_is_accepted(form: Page, clock: MovableClock) -> None:
    clock.move(seconds=30)
    assert form.submit("Book my trial", **PERSON).path == "/book/thanks/"
    assert bookings() == 1


def test_a_form_sent_at_once_was_too_fast_and_is_accepted_the_second_time(form: Page, clock: MovableClock) -> None:
    page = form.submit("Book my trial", **PERSON)
    assert_refused(page, TOO_FAST)
    clock.move(seconds=5)
    assert page.submit("Book my trial").path == "/book/thanks/"


@pytest.mark.parametrize(("seconds", "is_accepted"), [(0.5, False), (1, False), (1.9, False), (2, True)])
def test_the_least_time_is_the_one_that_the_setting_names(
    form: Page, clock: MovableClock, seconds: float, is_accepted: bool
) -> None:
    clock.move(seconds=seconds)
    assert (form.submit("Book my trial", **PERSON).path == "/book/thanks/") == is_accepted


def test_a_form_of_two_days_ago_still_works(form: Page, clock: MovableClock) -> None:
    clock.move(days=2)
    assert form.submit("Book my trial", **PERSON).path == "/book/thanks/"


def test_an_older_form_comes_back_with_a_fresh_stamp(form: Page, clock: MovableClock) -> None:
    clock.move(days=2, seconds=1)
    page = form.submit("Book my trial", **PERSON)
    assert_refused(page, TOO_OLD)
    assert page.values("Book my trial")["stamp"] != form.values("Book my trial")["stamp"]
    clock.move(seconds=5)
    assert page.submit("Book my trial").path == "/book/thanks/"


@pytest.mark.parametrize("stamp", ["nonsense", "a.b.c", "x" * 5000, "\x00", "é😀"])
def test_an_altered_form_comes_back_with_a_fresh_stamp(form: Page, clock: MovableClock, stamp: str) -> None:
    clock.move(seconds=30)
    page = form.submit("Book my trial", **PERSON, stamp=stamp)
    assert_refused(page, ALTERED)
    clock.move(seconds=5)
    assert page.submit("Book my trial").path == "/book/thanks/"


def test_a_stamp_of_another_site_is_an_altered_form(form: Page, clock: MovableClock) -> None:
    stamp = form.values("Book my trial")["stamp"]
    clock.move(seconds=30)
    assert_refused(form.submit("Book my trial", **PERSON, stamp=stamp[:-3] + "AAA"), ALTERED)


@pytest.mark.parametrize("stamp", [None, ""])
def test_without_a_stamp_the_form_is_judged_by_the_other_signs(form: Page, stamp: str | None) -> None:
    assert form.submit("Book my trial", **PERSON, stamp=stamp).path == "/book/thanks/"


def test_a_filled_trap_is_explained_and_emptied_so_that_the_next_press_works(form: Page, clock: MovableClock) -> None:
    clock.move(seconds=30)
    page = form.submit("Book my trial", **PERSON, website="https://spam.example")
    assert_refused(page, TRAPPED)
    assert "spam.example" not in page.html
    assert page.submit("Book my trial").path == "/book/thanks/"


def test_the_trap_is_hidden_from_people_and_from_their_screen_readers(form: Page) -> None:
    trap = form.one("[aria-hidden=true] input[name=website]")
    assert trap.attributes["tabindex"] == "-1"
    assert trap.attributes["autocomplete"] == "off"


def test_every_sign_and_every_wrong_field_is_told_at_once(form: Page) -> None:
    page = form.submit("Book my trial", **(PERSON | {"email": "jo@", "website": "x"}))
    for words in (TOO_FAST, TRAPPED, "name@example.com"):
        assert words in page.alert()
    assert page.values("Book my trial")["email"] == "jo@"


def test_markup_typed_into_a_field_comes_back_as_text(form: Page, clock: MovableClock) -> None:
    evil = "\"><script>alert(1)</script><b a='"
    page = form.submit("Book my trial", **(PERSON | {"name": evil, "email": evil, "mobile": evil, "source": evil}))
    assert page.status == 422
    check(page)
    assert page.values("Book my trial")["name"] == evil


def test_the_comment_form_has_the_same_signs(client: FlaskClient, clock: MovableClock) -> None:
    page = visit(client, make_article().address)
    fields = {"body": "Thank you.\n\nIt helped.", "name": "Jo", "email": "jo@example.org"}
    for because, wait, changed in (
        (TOO_FAST, timedelta(), {}),
        (TRAPPED, timedelta(seconds=30), {"website": "x"}),
        (ALTERED, timedelta(), {"stamp": "x"}),
        (TOO_OLD, timedelta(days=3), {"stamp": page.values("Post comment")["stamp"]}),
    ):
        clock.now += wait
        page = page.submit("Post comment", **(fields | changed))
        assert page.status == 422
        assert because in page.alert()
        assert page.values("Post comment").items() >= fields.items()
    assert db.session.scalars(sa.select(Comment)).all() == []
    clock.move(seconds=30)
    assert "awaits moderation" in page.submit("Post comment").status_text()


def test_a_refused_comment_does_not_fill_the_trial_form_beside_it(client: FlaskClient, clock: MovableClock) -> None:
    make_services()
    page = visit(client, make_article().address)
    clock.move(seconds=30)
    page = page.submit("Post comment", name="Jo", email="jo@", body="Thank you.", stamp="x")
    assert page.status == 422
    assert page.values("Post comment")["email"] == "jo@"
    trial = page.values("Book my trial")
    assert (trial["name"], trial["email"]) == ("", "")
    clock.move(seconds=30)
    assert page.submit("Book my trial", **PERSON).path == "/book/thanks/"


def test_switched_off_nobody_is_too_fast(app: Flask, form: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = dataclasses.replace(app.config["CLINIC"], form_min_seconds=0.0)
    monkeypatch.setitem(app.config, "CLINIC", settings)
    assert form.submit("Book my trial", **PERSON).path == "/book/thanks/"
