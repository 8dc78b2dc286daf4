"""The headers of every kind of response; reading the site sets no cookie."""

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import make_article, make_image, make_services

PERSON = {"name": "Tan", "email": "t@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}
COMMENT = {"body": "Thank you.", "name": "Jo", "email": "jo@example.org"}
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Answers = dict[str, TestResponse]


@pytest.fixture
def answers(app: Flask, client: FlaskClient, sign_in: Callable[..., FlaskClient]) -> Answers:
    """Return one response of each kind for visitors, and a few of the panel."""
    make_services()
    article = make_article()
    owner = sign_in("owner")
    image = make_image()
    css = app.extensions["clinic.assets"].url("site.css")
    return {
        "home": client.get("/"),
        "list": client.get("/articles/"),
        "category": client.get("/articles/category/back-pain/"),
        "article": client.get(article.address),
        "head of an article": client.head(article.address),
        "trial page": client.get("/book/"),
        "thanks": client.get("/book/thanks/"),
        "redirect for the slash": client.get(article.address.rstrip("/")),
        "refused booking": client.post("/book/"),
        "booking": client.post("/book/", data=PERSON),
        "comment": client.post(f"{article.address}comments", data=COMMENT),
        "refused comment": client.post(f"{article.address}comments"),
        "foreign booking": client.post("/book/", headers={"Sec-Fetch-Site": "cross-site"}),
        "404": client.get("/nothing-here/"),
        "404 of an article": client.get("/articles/nothing-here/"),
        "400": client.get("/?x=%00"),
        "405": client.put("/book/"),
        "413": client.post("/book/", data={"name": "x" * 2_000_000}),
        "options": client.options("/book/"),
        "asset": client.get(css),
        "asset 404": client.get("/assets/site-0.css"),
        "media": client.get(f"/media/{image.key}/{image.width}.webp"),
        "media 404": client.get("/media/nothing/1.webp"),
        "healthz": client.get("/healthz"),
        "readyz": client.get("/readyz"),
        "metrics": client.get("/metrics"),
    } | {
        "STAFF sign-in": client.get("/login"),
        "STAFF refused sign-in": client.post("/login"),
        "STAFF panel for a visitor": client.get("/admin/"),
        "STAFF panel": owner.get("/admin/"),
        "STAFF list": owner.get("/admin/articles/"),
        "STAFF static": owner.get("/admin/static/bootstrap/bootstrap4/swatch/default/bootstrap.min.css"),
        "STAFF 404": owner.get("/admin/nothing/"),
    }


def _broken() -> str:
    raise RuntimeError("broken on purpose")


def test_every_kind_of_answer_has_the_headers(answers: Answers) -> None:
    for what, response in answers.items():
        policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["form-action"] == "'self'", what
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", what
        assert "unsafe" not in str(policy), what
        assert "*" not in str(policy), what
        assert {name: response.headers.get(name) for name in EXPECTED} == EXPECTED, what
        assert "camera=()" in response.headers["Permissions-Policy"], what
        if what not in ("head of an article", "asset"):  # a stored page and a file, sent without the app
            assert len(response.headers["X-Request-ID"]) >= 12, what
        for name in (*EXPECTED, "Content-Security-Policy", "Cache-Control"):
            assert len(response.headers.getlist(name)) == 1, f"{name} of {what}"


def test_the_kinds_are_what_they_are_named(answers: Answers) -> None:
    statuses = {what: response.status_code for what, response in answers.items()}
    for what in ("404", "404 of an article", "asset 404", "media 404", "STAFF 404"):
        assert statuses[what] == 404
    for what in (
        "home",
        "list",
        "category",
        "article",
        "thanks",
        "asset",
        "media",
        "healthz",
        "STAFF static",
    ):
        assert statuses[what] == 200, what
    assert (statuses["booking"], statuses["comment"], statuses["refused booking"]) == (303, 303, 422)
    assert statuses["redirect for the slash"] in (301, 308)


def test_no_answer_to_a_visitor_sets_a_cookie(answers: Answers) -> None:
    for what, response in answers.items():
        if not what.startswith("STAFF"):
            assert "Set-Cookie" not in response.headers, what


def test_the_cookie_of_staff_is_kept_from_scripts_and_other_sites(answers: Answers) -> None:
    cookie = answers["STAFF sign-in"].headers["Set-Cookie"]
    assert cookie.startswith("clinic_staff=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_what_may_be_stored_says_so_and_the_rest_is_not_stored(answers: Answers) -> None:
    for what in ("home", "list", "article", "thanks", "trial page", "head of an article"):
        assert answers[what].headers["Cache-Control"] == "public, max-age=0, must-revalidate", what
    for what in ("asset", "media"):
        assert "immutable" in answers[what].headers["Cache-Control"], what
        assert "max-age=31536000" in answers[what].headers["Cache-Control"], what
    for what, response in answers.items():
        is_private = response.status_code >= 400 or (what.startswith("STAFF") and what != "STAFF static")
        if is_private or what in ("booking", "comment", "healthz", "metrics"):
            assert response.headers["Cache-Control"] == "no-store", what


def test_every_answer_with_text_names_its_kind_and_utf_8(answers: Answers) -> None:
    for what, response in answers.items():
        if response.get_data() and response.status_code != 304:
            assert "/" in response.headers["Content-Type"], what
            if response.mimetype.startswith("text/"):
                assert "charset=utf-8" in response.headers["Content-Type"], what
    assert answers["asset"].mimetype == "text/css"


def test_no_answer_names_our_software(answers: Answers) -> None:
    for what, response in answers.items():
        assert "X-Powered-By" not in response.headers, what
        assert not response.headers.get("Server", "").lower().startswith(("werkzeug", "gunicorn")), what


def test_an_unexpected_error_has_the_headers_too(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "articles.home", _broken)
    response = client.get("/")
    assert response.status_code == 500
    assert {name: response.headers.get(name) for name in EXPECTED} == EXPECTED
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(("site_url", "is_secure"), [("https://clinic.example", True), ("http://localhost", False)])
def test_https_is_promised_for_a_year_where_the_site_has_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, site_url: str, is_secure: bool
) -> None:
    settings = dataclasses.replace(app.config["CLINIC"], site_url=site_url)
    monkeypatch.setitem(app.config, "CLINIC", settings)
    for path in ("/", "/nothing/", "/healthz"):
        assert ("max-age=31536000" in client.get(path).headers.get("Strict-Transport-Security", "")) == is_secure


def test_each_request_has_an_id_of_its_own(client: FlaskClient) -> None:
    ids = {client.get("/healthz", headers={"X-Request-ID": "chosen"}).headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    assert "chosen" not in ids
