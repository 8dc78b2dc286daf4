"""Any input gets a page that says what to do: 4xx or a normal page, never 5xx."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clinic.bookings.forms import TrialForm
from clinic.bookings.models import Booking
from clinic.comments.forms import CommentForm
from clinic.comments.models import Comment
from clinic.core.db import db
from tests.browse import Page, check
from tests.factories import make_article, make_services

MEGABYTE = "a" * 1_000_000
STRANGE = {
    "null bytes": "Tan\x00 Wei\x00",
    "only a null byte": "\x00",
    "right-to-left marks": "\u202eTan\u202c \u2066Wei\u2069 \u200f",
    "emoji": "👩\u200d👩\u200d👧 😀 🇸🇬",
    "combining marks": "Z" + "\u0301" * 2000,
    "control characters": "\x01\x02\x1b[31m\x7f\x85\ufffe",
    "line breaks": "Tan\r\nBcc: eve@example.org\r\n\r\nx",
    "markup": "<script>alert(1)</script>{{ 7*7 }}{% x %}${7*7}",
    "quotes": "' OR '1'='1'; DROP TABLE lead; --\"\\",
    "a formula": "=HYPERLINK(1)",
    "a format": "%s%n%(x)s{0}{x.__class__}",
    "a lone surrogate, escaped": "\\ud800 \\x00",
    "a long number": "9" * 5000,
    "not a number": "NaN",
    "an address in digits of another script": "٩١٢٣٤٥٦٧",
    "a dotless i": "ıİ@example.org",
    "many at signs": "@" * 300,
    "many labels": "a@" + "b." * 120 + "org",
    "a punycode of nothing": "jo@xn--a.xn--",
    "deep markup": "<b>" * 1200,
    "blanks of all kinds": "\u00a0\u2003\u3000\u2028\u2029",
    "the end of Unicode": "\U0010ffff\U000e0001",
}
PERSON = {"name": "Tan", "email": "t@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}
COMMENT = {"body": "Thank you.", "name": "Jo", "email": "jo@example.org"}
Forms = list[tuple[str, dict[str, str]]]
LEAKS = ("Traceback", "werkzeug", "sqlalchemy", "psycopg", "sqlite3", 'File "')
PATHS = [
    "/articles/?page=99999999999999999999", "/articles/?page=999999", "/articles/?page=0", "/articles/?page=-1",
    "/articles/?page=1e9", "/articles/?page=%D9%A1", "/articles/?page=", "/articles/?page=1&page=2",
    "/articles/?page=%00", "/articles/?page=0x1", "/articles/?page=1%20", "/articles/?page[]=1", "/articles/?%00=1",
    "/articles/?page=%FF%FE", "/articles/category/nothing/?page=2", "/articles/tag/%00/", "/articles/%00/", "/%00/",
    "/%00", "/articles/%ff%fe/", "/%f0%9f%98%80/", "/articles/%e2%80%ae/", f"/articles/{'a' * 8000}/",
    f"/{'a' * 8000}/", f"/articles/?q={'a' * 8000}", "/articles/..%2f..%2fetc%2fpasswd/",
    "/media/..%2f..%2fetc/passwd", "/media/%00/%00", "/media/x/%2e%2e%2fclinic.sqlite3", "/media/a/..",
    "/static/..%2f..%2fapp.py", "/static/%00", "/static/../app.py", "/assets/%00", "/assets/..%2fapp.py",
    "/assets/site-0.css", "/book/?from=%00", "/book/?from=" + "%F0%9F%98%80" * 300, "/book/?from=<script>", "/book/?%",
    "/login?next=//evil.example", "/login?next=%00", "/login?next=" + "a" * 5000, "/reset/%00", "/reset/x.y.z",
    "/reset/é", "//evil.example/", "/%2f%2fevil.example/", "/\\evil.example", "/articles/'%20OR%201=1--/",
    "/articles/{{7*7}}/", "/articles/%", "/?%s%n", "/;x=1", "/articles/a/b/c/d/", "/search/?q=%00", "/.env",
    "/wp-login.php", "/.git/config", "/healthz?%00", "/metrics?%ff",
]  # fmt: skip
HEADERS = [
    ("Host", "bad host"), ("Host", "[::1"), ("Host", "a" * 5000), ("Host", "évil"), ("Host", ""),
    ("Origin", "http://[::1"), ("Origin", "null"), ("Origin", ""), ("Origin", "http://]["), ("Origin", "é" * 300),
    ("Sec-Fetch-Site", ""), ("Sec-Fetch-Site", "SAME-ORIGIN"), ("Cookie", "clinic_staff=\xff\xfe; =;;; session=x"),
    ("Cookie", "clinic_staff=" + "a" * 5000), ("Cookie", "remember_token=1|x"), ("Authorization", "Bearer \xff"),
    ("Authorization", "Basic ====="), ("Authorization", "Digest"), ("X-Forwarded-For", "' OR 1=1"),
    ("X-Forwarded-Proto", "javascript"), ("If-None-Match", '"' + "x" * 5000), ("If-Modified-Since", "yesterday"),
    ("Range", "bytes=9999999999-1"), ("Accept", "\xff/*;q=z"), ("Accept-Language", "x" * 5000),
    ("Content-Length", "-1"), ("Content-Length", "many"), ("Content-Encoding", "gzip"),
    ("Transfer-Encoding", "chunked"), ("Authentication-Token", "x"),
]  # fmt: skip


@pytest.fixture
def comments_at(client: FlaskClient) -> str:
    make_services()
    return f"{make_article().address}comments"


@pytest.fixture
def forms(comments_at: str) -> Forms:
    """Return the public forms, each with valid values."""
    return [("/book/", PERSON), (comments_at, COMMENT)]


def assert_plain(response: TestResponse, what: object, *statuses: int, is_checked: bool = True) -> None:
    """Assert one of these statuses (or any below 500), and a valid page without technical details."""
    status = response.status_code
    assert status in statuses if statuses else status < 500, f"{status} for {what}"
    text = response.get_data(as_text=True)
    assert not [word for word in LEAKS if word in text], f"the page for {what} shows how we are made"
    if is_checked and status >= 400 and response.mimetype == "text/html":
        check(Page(FlaskClient(current_app), response, str(what)[:80]))


def test_strange_text_in_any_field_is_taken_or_refused_in_words(client: FlaskClient, forms: Forms) -> None:
    for path, fields in forms:
        names = [*fields, "website", "stamp", "source", "csrf_token"]
        for kind, value in STRANGE.items():
            response = client.post(path, data=dict.fromkeys(names, value))
            assert_plain(response, f"{path} {kind} everywhere", 422)
            for name in names:
                response = client.post(path, data=fields | {name: value})
                assert_plain(response, f"{path} {kind} in {name}", 303, 422, is_checked=False)


def test_what_is_kept_of_strange_text_has_no_hidden_characters(client: FlaskClient, comments_at: str) -> None:
    for value in STRANGE.values():
        client.post("/book/", data=PERSON | {"name": f"Tan{value}"[:110]})
        client.post(comments_at, data=COMMENT | {"body": f"Hello {value}", "name": f"Jo{value}"[:110]})
    kept = [booking.lead.name for booking in db.session.scalars(sa.select(Booking))]
    kept += [text for one in db.session.scalars(sa.select(Comment)) for text in (one.name, one.body)]
    assert len(kept) > 10
    for text in kept:
        assert not set(text) & set("\x00\x01\x1b\x7f\x85\r\u202e\u202c\u2066\u2069\u200f\u200b")


def test_a_megabyte_in_a_field_is_refused(client: FlaskClient, forms: Forms) -> None:
    for path, fields in forms:
        for field in fields.keys() - {"consent"}:
            data = fields | {field: MEGABYTE}
            assert_plain(client.post(path, data=data), f"{path} {field}", 422, 413)
        assert_plain(client.post(path, data=data, content_type="multipart/form-data"), f"{path} multipart", 422, 413)
    assert db.session.scalars(sa.select(Booking)).all() == []
    assert db.session.scalars(sa.select(Comment)).all() == []


@pytest.mark.parametrize("value", ["a." * 5000, "a@" * 5000, "https://x.y/ " * 1000, "9 " * 5000])
def test_a_text_that_is_too_long_is_judged_by_its_length_alone(app: Flask, value: str) -> None:
    """Searching a long text for other faults would help an attacker."""
    data = PERSON | dict.fromkeys(("name", "email", "mobile", "body"), value)
    with app.test_request_context("/book/", method="POST", data=data):
        for form in (TrialForm(make_services()), CommentForm()):
            assert not form.validate()
            for field in {"name", "email", "mobile", "body"} & form.errors.keys():
                assert len(form.errors[field]) == 1, form.errors[field]
                assert "at most" in form.errors[field][0]


def test_a_body_over_the_limit_is_413(client: FlaskClient, forms: Forms) -> None:
    for path, fields in forms:
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            response = client.post(path, data=fields | {"name": MEGABYTE * 2}, content_type=kind)
            assert_plain(response, kind, 413)


def test_ten_thousand_fields_are_refused_or_passed_over(client: FlaskClient, forms: Forms) -> None:
    many = {f"field{number}": "x" for number in range(10_000)}
    for path, fields in forms:
        assert_plain(client.post(path, data=many), "urlencoded", 422, 413)
        assert_plain(client.post(path, data=many | fields), "urlencoded, with the right ones", 303, 413)
        assert_plain(client.post(path, data=many, content_type="multipart/form-data"), "multipart", 413)
        repeated = {"name": ["x"] * 10_000}
        assert_plain(client.post(path, data=repeated), "one field ten thousand times", 422, 413)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(PERSON | COMMENT).encode()),
        ("application/json", b"{" * 5000),
        ("text/plain", b"name=Tan&email=t@example.org"),
        ("text/xml", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"),
        ("application/octet-stream", bytes(range(256)) * 10),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nTan"),
        ("multipart/form-data; boundary=x", b"not multipart at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n\xff\xfe: y\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=utf-7",
         b"--x\r\nContent-Disposition: form-data; name=n\r\n\r\n+AD-\r\n--x--"),
        (f"multipart/form-data; boundary={'x' * 5000}", b"--x--"),
        ("multipart/form-data; boundary=x",
         b"--x\r\nContent-Disposition: form-data; name=\"name\"; filename=\"a\"\r\n\r\nx\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"name=%FF%FE&email=%C3%28&body=\xff\xfe\x00&mobile=%ZZ&service=%"),
        ("application/x-www-form-urlencoded", b"&&&===&;;;%00=%00&=x"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"\xff\xfen\x00a\x00"),
        ("application/x-www-form-urlencoded", b""),
        ("", b"name=Tan"),
        ("nonsense/\xe9; =;;", b"name=Tan"),
    ],
)  # fmt: skip
def test_a_body_of_another_kind_is_an_empty_form(
    client: FlaskClient, forms: Forms, content_type: str, body: bytes
) -> None:
    for path, _ in forms:
        assert_plain(client.post(path, data=body, content_type=content_type), content_type, 422, 400, 413, 415)


def test_a_strange_address_is_a_page_or_one_that_is_not_there(client: FlaskClient, comments_at: str) -> None:
    for path in PATHS:
        response = client.get(path)
        assert_plain(response, path, 200, 301, 302, 308, 400, 404)
        if location := response.headers.get("Location"):
            assert location.startswith(("/", "http://localhost/")), f"{path} leads to {location}"
            assert not location.startswith("//"), f"{path} leads to {location}"


@pytest.mark.parametrize("path", ["/articles/?page=%00", "/%00/", "/book/?from=%00", "/?x=%00&x=1", "/?x=1&x=%00"])
def test_a_null_byte_in_the_address_is_refused(client: FlaskClient, path: str) -> None:
    assert_plain(client.get(path), path, 400, 404)


def test_a_number_over_the_last_page_is_not_there(client: FlaskClient, comments_at: str) -> None:
    for page, status in (("1", 200), ("2", 404), ("999999", 404), ("1000000", 404), ("0", 404), ("-1", 404)):
        assert client.get(f"/articles/?page={page}").status_code == status, page


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "FOO", "get", "M-SEARCH", "POST", "A" * 300]
)
def test_a_method_that_does_not_work_here_is_a_plain_405(client: FlaskClient, comments_at: str, method: str) -> None:
    for path in ("/", "/articles/", "/healthz", "/book/thanks/"):
        response = client.open(path, method=method)
        assert_plain(response, f"{method} {path}", 200 if method == "get" else 405)
    assert_plain(client.open("/nothing-here/", method=method), f"{method} of nothing", 404, 405)


def test_head_and_options_work_wherever_get_does(client: FlaskClient, comments_at: str) -> None:
    for path in ("/", "/articles/", comments_at.removesuffix("comments"), "/book/", "/book/thanks/", "/healthz"):
        head = client.head(path)
        assert (head.status_code, head.get_data()) == (200, b"")
        assert "GET" in client.options(path).headers["Allow"]


def test_a_strange_header_does_no_harm(client: FlaskClient, comments_at: str) -> None:
    for name, value in HEADERS:
        for path in ("/book/", "/admin/", "/metrics"):
            assert_plain(client.get(path, headers={name: value}), f"GET {path} {name}: {value[:30]}")
        assert_plain(client.post("/book/", data=PERSON, headers={name: value}), f"POST {name}: {value[:30]}")


@pytest.mark.parametrize("origin", ["http://[::1", "http://][", "null", "", "é", "http://", "//", "\x00"])
def test_an_origin_that_is_no_address_is_another_site(client: FlaskClient, origin: str) -> None:
    make_services()
    assert_plain(client.post("/book/", data=PERSON, headers={"Origin": origin}), origin, 403)
