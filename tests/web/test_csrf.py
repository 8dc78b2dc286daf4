"""The CSRF check: no POST of another site is accepted, and none of ours is refused."""

import dataclasses
import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.bookings.models import Booking
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.web.csrf import is_public_form
from tests.factories import make_article, make_services

PERSON = {"name": "Tan", "email": "t@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}
SAFE = {"GET", "HEAD", "OPTIONS"}
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "something-new"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "null"},
]
OURS = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "HTTP://LOCALHOST"},
    {"Origin": "https://clinic.example"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


@pytest.fixture(autouse=True)
def _site_url(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the site to https://clinic.example; tests request it as localhost."""
    settings = dataclasses.replace(app.config["CLINIC"], site_url="https://clinic.example")
    monkeypatch.setitem(app.config, "CLINIC", settings)


def unsafe_routes(app: Flask, *, public: bool | None = None) -> Iterator[tuple[str, str]]:
    """Return method and path of every unsafe route, with a dummy for each variable part."""
    slug = make_article().slug
    for rule in app.url_map.iter_rules():
        if public in (None, is_public_form(rule.endpoint)):
            path = re.sub(r"<slug>", slug, str(rule))
            for method in sorted((rule.methods or set()) - SAFE):
                yield method, re.sub(r"<[^>]+>", "1", path)


def token_of(client: FlaskClient) -> str:
    page = client.get("/admin/account/").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert found
    return found[1]


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(AuditLine)) or 0


@pytest.mark.parametrize("headers", [FOREIGN[0], FOREIGN[4]])
def test_no_post_of_another_site_is_accepted_from_a_visitor(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    routes = list(unsafe_routes(app))
    assert len(routes) > 60
    for method, path in routes:
        response = client.open(path, method=method, data=PERSON, headers=headers)
        assert response.status_code == 403, f"{response.status_code} for {method} {path}"
        assert "sent from another website" in response.get_data(as_text=True)


@pytest.mark.parametrize("headers", [FOREIGN[0], FOREIGN[4]])
def test_no_post_of_another_site_is_accepted_in_the_owners_name_even_with_the_right_token(
    app: Flask, sign_in: Callable[..., FlaskClient], headers: dict[str, str]
) -> None:
    owner = sign_in("owner")
    routes = list(unsafe_routes(app))
    data = PERSON | {"csrf_token": token_of(owner)}
    before = rows()
    for method, path in routes:
        response = owner.open(path, method=method, data=data, headers=headers)
        assert response.status_code == 403, f"{response.status_code} for {method} {path}"
    assert rows() == before
    assert owner.get("/admin/").status_code == 200, "the owner was signed out"


def test_no_staff_post_is_accepted_without_the_token(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    owner = sign_in("owner")
    routes = list(unsafe_routes(app, public=False))
    before = rows()
    for method, path in routes:
        for data in ({}, {"csrf_token": "wrong"}, {"csrf_token": ""}):
            response = owner.open(path, method=method, data=data, headers={"Sec-Fetch-Site": "same-origin"})
            assert response.status_code == 400, f"{response.status_code} for {method} {path} with {data}"
    assert rows() == before
    assert owner.get("/admin/").status_code == 200, "the owner was signed out"


def test_a_token_of_somebody_else_does_not_count(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    owner, editor = sign_in("owner"), sign_in("editor")
    answer = owner.post("/admin/settings/", data={"csrf_token": token_of(editor)})
    assert answer.status_code == 400


def test_json_is_no_way_around_the_token(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    owner = sign_in("owner")
    for method, path in list(unsafe_routes(app, public=False)):
        answer = owner.open(path, method=method, json={"name": "x"}, headers={"Accept": "application/json"})
        assert answer.status_code == 400, f"{answer.status_code} for {method} {path}"


def test_signing_in_needs_the_token_too(client: FlaskClient) -> None:
    assert client.post("/login", data={"email": "x@example.org", "password": "x"}).status_code == 400


def test_a_booking_of_another_site_is_refused_and_nothing_is_kept(client: FlaskClient) -> None:
    make_services()
    for headers in FOREIGN:
        assert client.post("/book/", data=PERSON, headers=headers).status_code == 403, headers
    assert db.session.scalars(sa.select(Booking)).all() == []


def test_our_own_pages_and_what_is_no_browser_pass(client: FlaskClient) -> None:
    make_services()
    for number, headers in enumerate(OURS):
        person = PERSON | {"email": f"t{number}@example.org", "mobile": f"9123456{number}"}
        assert client.post("/book/", data=person, headers=headers).status_code == 303, headers
    assert len(db.session.scalars(sa.select(Booking)).all()) == len(OURS)


def test_our_own_pages_pass_with_the_token(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    owner = sign_in("owner")
    article = make_article()
    data = {"csrf_token": token_of(owner), "id": article.id, "reason": "Old"}
    for headers in OURS:
        answer = owner.post("/admin/articles/retire/", data=data, headers=headers)
        assert answer.status_code == 303, headers
    assert owner.get(article.address).status_code == 410


def test_public_forms_need_no_cookie_and_no_token(app: Flask, client: FlaskClient) -> None:
    public = list(unsafe_routes(app, public=True))
    assert {path for _, path in public} >= {"/book/"}
    assert len(public) >= 2
    for method, path in public:
        response = client.open(path, method=method)
        # An empty form is invalid; an invented link is 404.
        status = 404 if path.startswith("/link/") else 422
        assert response.status_code == status, f"{response.status_code} for {method} {path}"
        assert "Set-Cookie" not in response.headers


def test_the_port_belongs_to_the_host(client: FlaskClient) -> None:
    make_services()
    for origin, status in (("http://other.example", 403), ("http://other.example:9000", 303)):
        headers = {"Host": "other.example:9000", "Origin": origin}
        assert client.post("/book/", data=PERSON, headers=headers).status_code == status


def test_reading_is_free_for_everyone(client: FlaskClient) -> None:
    for headers in FOREIGN:
        assert client.get("/book/", headers=headers).status_code == 200
        assert client.head("/book/", headers=headers).status_code == 200


def test_reading_changes_nothing_not_even_for_the_owner(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    owner = sign_in("owner")
    paths = {path for _, path in unsafe_routes(app, public=False)}
    before = rows()
    for path in paths:
        assert owner.get(f"{path}?id=1").status_code < 500, path
    assert rows() == before
    assert owner.get("/admin/").status_code == 200, "a GET has signed the owner out"
