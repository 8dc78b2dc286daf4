"""Canonical paths: repeated slashes are redirected to the page, and nowhere else."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from clinic.articles.models import Kind
from clinic.web.addresses import in_address, init_addresses
from tests.browse import visit
from tests.factories import make_article, make_services


def ask(app: Flask, path: str, query: str = "", method: str = "GET") -> tuple[int, str, str]:
    """Return status, redirect target and page for a path exactly as the server receives it."""
    environ = EnvironBuilder("/", method=method, query_string=query).get_environ()
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    body, status, headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    return int(status[:3]), headers.get("Location", ""), b"".join(body).decode()


@pytest.fixture
def site(app: Flask) -> Flask:
    make_article(slug="hips")
    make_article(slug="about", kind=Kind.PAGE)
    make_services()
    return app


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/about//", "/about/"),
        ("/about///", "/about/"),
        ("//about/", "/about/"),
        ("/articles/hips//", "/articles/hips/"),
        ("/articles/hips///", "/articles/hips/"),
        ("/articles//hips/", "/articles/hips/"),
        ("///articles///hips///", "/articles/hips/"),
        ("/articles//", "/articles/"),
        ("//", "/"),
        ("/services//pilates-1-to-1//", "/services/pilates-1-to-1/"),
        ("/book//", "/book/"),
        ("//feed.xml", "/feed.xml"),
        ("/search//", "/search/"),
    ],
)
def test_slashes_too_many_lead_to_the_page_for_good(site: Flask, path: str, leads_to: str) -> None:
    for method in ("GET", "HEAD", "GET"):  # the second response may be stored
        assert ask(site, path, method=method)[:2] == (308, leads_to)
    assert ask(site, leads_to)[0] == 200


def test_the_question_stays(site: Flask) -> None:
    assert ask(site, "/articles//", "page=2&x=%2F%2F")[:2] == (308, "/articles/?page=2&x=%2F%2F")


HOSTILE = [
    "//evil.example/",
    "///evil.example",
    "//evil.example//",
    "/\\evil.example//",
    "//\\evil.example",
    "//\tevil.example/",
    "//evil.example/%2e%2e//",
    "//user@evil.example//",
    "/about//\r\nSet-Cookie: a=b",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_no_address_leads_to_another_site(site: Flask, path: str) -> None:
    status, leads_to, _ = ask(site, path)
    assert status == 308
    assert leads_to.startswith("/")
    assert leads_to[1:2] != "/"
    assert not set(leads_to) & set("\\\t\r\n ")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_an_address_never_leads_to_itself(path: str) -> None:
    app = Flask(__name__)
    init_addresses(app)
    status, leads_to, _ = ask(app, f"//{path}")
    assert status == 308
    assert "//" not in leads_to


def test_a_page_names_its_address_as_links_write_it(client: FlaskClient) -> None:
    assert in_address("/a b/ü?c#d%/") == "/a%20b/%C3%BC%3Fc%23d%25/"
    page = visit(client, "/articles/")
    assert page.one("link[rel=canonical]").attributes["href"] == "http://127.0.0.1:8000/articles/"
