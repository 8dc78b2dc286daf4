"""Gzip: which responses are compressed, and which never. Stored pages have their own tests (test_pagestore.py)."""

import gzip
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.browse import visit
from tests.factories import make_article, make_services

GZIP = {"Accept-Encoding": "br;q=1, gzip;q=0.8"}
one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@one_database
def test_a_page_travels_as_gzip_and_says_that_it_depends_on_it(client: FlaskClient) -> None:
    make_article()
    path = "/search/?q=hips"
    plain, zipped = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(zipped.get_data())
    assert len(zipped.get_data()) < len(plain.get_data()) / 2
    assert int(zipped.headers["Content-Length"]) == len(zipped.get_data())
    for answer in (plain, zipped):
        assert "Accept-Encoding" in answer.vary
        assert "Cookie" in answer.vary, "other reasons to vary are kept"
        assert len(answer.headers.getlist("Vary")) == 1


@one_database
@pytest.mark.parametrize("accept", ["identity", "br", "gzip;q=0", "*;q=0", ""])
def test_who_does_not_accept_gzip_gets_the_plain_page(client: FlaskClient, accept: str) -> None:
    answer = client.get("/search/", headers={"Accept-Encoding": accept})
    assert "Content-Encoding" not in answer.headers
    assert "</html>" in answer.get_data(as_text=True)


@one_database
def test_refused_forms_travel_as_gzip_too(client: FlaskClient) -> None:
    make_services()
    refused = client.post("/book/", headers=GZIP)
    assert refused.status_code == 422
    assert b"Enter your name" in gzip.decompress(refused.get_data())


@one_database
def test_a_page_of_a_session_is_never_compressed(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    """The compressed length would leak the token (BREACH)."""
    make_article()
    visitor, owner = app.test_client(), sign_in("owner")
    for client, path in (
        (visitor, "/login"),
        (visitor, "/reset"),
        (owner, "/admin/"),
        (owner, "/admin/articles/"),
        (owner, "/articles/"),
    ):
        answer = client.get(path, headers=GZIP)
        assert answer.status_code == 200
        assert len(answer.get_data()) > 1000, path
        assert "Content-Encoding" not in answer.headers, path


@one_database
def test_small_streamed_and_empty_answers_stay_as_they_are(client: FlaskClient) -> None:
    path = make_article().address
    for answer in (
        client.get("/healthz", headers=GZIP),
        client.get("/robots.txt", headers=GZIP),
        client.get("/sitemap.xml", headers=GZIP),
        client.get(path.rstrip("/"), headers=GZIP),
        client.head("/search/", headers=GZIP),
    ):
        assert "Content-Encoding" not in answer.headers, answer.request.path


@one_database
def test_pages_read_the_same_to_a_browser_that_asks_for_gzip(client: FlaskClient) -> None:
    make_article(title="Stairs without fear")
    plain = visit(client, "/search/?q=stairs")
    zipped = client.get("/search/?q=stairs", headers=GZIP)
    assert gzip.decompress(zipped.get_data()).decode() == plain.html
