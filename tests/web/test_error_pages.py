"""Error pages say what to do, and need neither database nor sign-in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.sign_in_forms import PER_ADDRESS
from clinic.app import create_app
from clinic.articles.lifecycle import retire_article
from clinic.bookings.views import TRIALS
from clinic.comments.models import Comment
from clinic.core.db import db
from clinic.core.limits import Limit, Limiter
from clinic.core.settings import load_settings
from clinic.preferences import Preferences
from clinic.reading.article import COMMENTS
from clinic.web.error_pages import words_of_path
from tests.browse import Page, check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_services, make_user
from tests.services import free_port

PERSON = {"name": "Tan", "email": "t@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}


def _broken() -> str:
    raise RuntimeError("secret words of the traceback")


def page_of(client: FlaskClient, path: str, **request: Any) -> Page:
    page = Page(client, client.open(path, **request), path)
    check(page)
    return page


@pytest.fixture(params=["sqlite", "postgresql"])
def lost(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """An app whose database is down: a missing folder, or a closed port."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path}/nowhere/clinic.sqlite3",
        "postgresql": f"postgresql://clinic@127.0.0.1:{free_port()}/clinic",
    }
    return create_app(load_settings({"CLINIC_ENV": "test", "DATABASE_URL": urls[request.param]}, tmp_path))


@pytest.fixture
def adrift(lost: Flask) -> FlaskClient:
    """A client of that app."""
    return lost.test_client()


def test_an_unknown_address_is_404_with_ways_on(client: FlaskClient) -> None:
    for path in ("/nothing/", "/articles/nothing/", "/articles/tag/nothing/", "/a/b/c", "/media/x/y.webp"):
        page = visit(client, path, status=404)
        assert page.texts("h1") == ["We cannot find that page"]
        assert page.tree.css("a[href='/']")


def test_a_method_that_does_not_work_is_405_and_names_those_that_do(client: FlaskClient) -> None:
    page = page_of(client, "/book/", method="DELETE")
    assert page.status == 405
    assert {"GET", "POST"} <= set(page.response.headers["Allow"].replace(" ", "").split(","))
    assert "GET" in client.post("/articles/").headers["Allow"]


def test_a_retired_article_is_410(client: FlaskClient) -> None:
    article = make_article()
    retire_article(article, by=make_user())
    assert visit(client, article.address, status=410).texts("h1") == ["This article is no longer available"]
    assert client.post(f"{article.address}comments", data={"body": "x"}).status_code == 410


def test_too_much_at_once_is_413(client: FlaskClient) -> None:
    page = page_of(client, "/book/", method="POST", data={"name": "x" * 2_000_000})
    assert page.status == 413
    assert "Shorten the text" in page.text


@pytest.fixture
def limiter(app: Flask, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Limiter:
    """Limits as in production, at half past ten minutes past the hour."""
    limiter = Limiter("secret", None, on=True)
    monkeypatch.setitem(app.extensions, "clinic.limiter", limiter)
    clock.move(minutes=10, seconds=30)
    return limiter


def use_up(limiter: Limiter, limit: Limit, *, but: int = 0) -> None:
    """Use up the visitor's limit, except for so many uses."""
    for _ in range(limit.times - but):
        limiter.spend(limit, "127.0.0.1")


def test_too_many_bookings_are_429_on_the_form_with_everything_still_there(
    client: FlaskClient, limiter: Limiter, clock: MovableClock
) -> None:
    make_services()
    use_up(limiter, TRIALS, but=1)
    assert client.post("/book/", data=PERSON).status_code == 303
    page = page_of(client, "/book/", method="POST", data=PERSON)
    assert page.status == 429
    assert page.response.headers["Retry-After"] == str(49 * 60 + 30)
    assert "again in 50 minutes. We allow 30 trial requests per address per hour" in page.alert()
    assert page.values("Book my trial").items() >= {"name": "Tan", "mobile": "9123 4567"}.items()
    clock.move(minutes=49, seconds=30)
    assert client.post("/book/", data=PERSON).status_code == 422, "already used, so it was looked at again"


def test_too_many_comments_are_429_on_the_article(client: FlaskClient, limiter: Limiter) -> None:
    address = make_article().address
    use_up(limiter, COMMENTS, but=1)
    data = {"body": "Thank you.", "name": "Jo", "email": "jo@example.org"}
    assert client.post(f"{address}comments", data=data).status_code == 303
    page = page_of(client, f"{address}comments", method="POST", data=data | {"body": "And more."})
    assert page.status == 429
    assert page.response.headers["Retry-After"] == str(49 * 60 + 30)
    assert page.values("Post comment")["body"] == "And more."
    assert len(db.session.scalars(sa.select(Comment)).all()) == 1


def test_too_many_sign_ins_are_a_429_page_that_says_when_to_come_back(client: FlaskClient, limiter: Limiter) -> None:
    person = make_user()
    form = visit(client, "/login")
    use_up(limiter, PER_ADDRESS)
    page = form.submit("Sign in", email=person.email, password="correct horse battery")
    assert page.status == 429
    assert page.texts("h1") == ["Please wait a moment"]
    assert page.response.headers["Retry-After"] == "30"
    assert "again in a minute. We allow 30 sign-in attempts per address per minute" in page.text
    assert client.get("/admin/").status_code == 302


def test_one_visitor_who_comes_too_often_does_not_lock_out_another(client: FlaskClient, limiter: Limiter) -> None:
    make_services()
    use_up(limiter, TRIALS)
    assert client.post("/book/", data=PERSON).status_code == 429
    forged = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.1", "X-Real-IP": "198.51.100.1"}
    assert client.post("/book/", data=PERSON, headers=forged).status_code == 429
    assert client.post("/book/", data=PERSON, environ_base={"REMOTE_ADDR": "203.0.113.8"}).status_code == 303


def test_an_unexpected_error_is_500_with_the_id_to_quote_and_nothing_else(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "articles.home", _broken)
    page = visit(client, "/", status=500)
    assert page.texts("code") == [page.response.headers["X-Request-ID"]]
    assert "secret words" not in page.html
    assert "RuntimeError" not in page.html


def test_an_error_of_a_staff_page_is_a_plain_page_too(
    app: Flask, sign_in: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "admin.index", _broken)
    page = visit(sign_in("owner"), "/admin/", status=500)
    assert "secret words" not in page.html


def test_what_was_written_before_an_unexpected_error_is_not_kept(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_after_reading() -> str:
        make_services()
        raise RuntimeError

    monkeypatch.setitem(app.view_functions, "articles.home", broken_after_reading)
    assert client.get("/").status_code == 500
    assert client.get("/articles/").status_code == 200, "the session was left broken"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/articles/", "/articles/hips/", "/book/", "/about/"])
def test_without_a_database_a_page_is_503_and_says_to_try_again(adrift: FlaskClient, path: str) -> None:
    page = page_of(adrift, path)
    assert page.status == 503
    assert page.texts("h1") == ["The site is unavailable for a moment"]
    assert page.response.headers["Retry-After"] == "30"
    assert page.response.headers["Cache-Control"] == "no-store"


def test_without_a_database_a_booking_is_503_and_says_that_nothing_was_accepted(adrift: FlaskClient) -> None:
    page = page_of(adrift, "/book/", method="POST", data=PERSON)
    assert page.status == 503
    assert "Nothing you sent has been saved" in page.text


@pytest.mark.slow
def test_error_pages_need_no_database(adrift: FlaskClient) -> None:
    assert page_of(adrift, "/a/b/c/d").status == 404
    assert page_of(adrift, "/book/", method="DELETE").status == 405
    assert page_of(adrift, "/book/", method="POST", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert page_of(adrift, "/?x=%00").status == 400
    assert page_of(adrift, "/assets/nothing.css").status == 404


@pytest.mark.slow
def test_an_unexpected_error_has_its_page_also_without_a_database(
    lost: Flask, adrift: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lost.view_functions, "articles.home", _broken)
    page = page_of(adrift, "/")
    assert page.status == 500
    assert page.texts("code") == [page.response.headers["X-Request-ID"]]


@pytest.mark.slow
def test_without_a_database_style_sheets_and_scripts_are_served(lost: Flask, adrift: FlaskClient) -> None:
    for name in ("site.css", "trial.js", "favicon.svg"):
        with adrift.get(lost.extensions["clinic.assets"].url(name)) as answer:
            assert answer.status_code == 200


def test_a_page_for_our_own_fault_says_how_to_reach_the_clinic_as_last_known(lost: Flask, adrift: FlaskClient) -> None:
    assert "Call us" not in page_of(adrift, "/").text
    lost.extensions["clinic.last_facts"] = Preferences(name="Moving Well", phone="+65 6000 0000")
    page = page_of(adrift, "/")
    assert page.status == 503
    assert "Moving Well" in page.text
    assert page.one('a[href="tel:+6560000000"]').text() == "+65 6000 0000"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/articles/knee-pain-on-stairs/", "knee pain on stairs"),
        ("/blog/2024/05/knee-pain.html", "knee pain"),
        ("/category/knees/", "knees"),
        ("/knee_pain.php", "knee pain"),
        ("/wp-content/logo.png", ""),
        ("/articles/", ""),
    ],
)
def test_what_an_address_was_about(path: str, words: str) -> None:
    assert words_of_path(path) == words


def test_a_page_that_is_not_found_searches_for_the_words_in_its_address(client: FlaskClient) -> None:
    make_article(title="Knees and stairs", slug="knees-and-stairs")
    make_article(title="Hidden knees", publish=False)
    page = visit(client, "/blog/2024/knees-stairs.html", status=404)
    assert page.texts("main li a") == ["Knees and stairs"]
    assert page.one("#search").attributes["value"] == "knees stairs"
    gone = make_article(title="Knees of old", slug="knees-of-old")
    retire_article(gone)
    assert visit(client, gone.address, status=410).texts("main li a") == ["Knees and stairs"]
