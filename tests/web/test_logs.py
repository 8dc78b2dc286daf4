"""The log: one line of JSON for each request, without personal data or secrets."""

import io
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.outbox.operations import send_due
from clinic.web.logs import HumanLines, JsonLines, StandardError
from clinic.web.redact import BEFORE_SECRETS, redacted
from tests.factories import make_article, make_booking, make_services, make_user

PERSON = {
    "name": "Hidden-Name",
    "email": "hidden-email@example.org",
    "mobile": "9123 4567",
    "service": "pilates-1-to-1",
    "consent": "y",
}
PERSONAL = ("hidden", "91234567", "9123 4567", "203.0.113.7", "correct horse")
VISITOR = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def written(app: Flask, _quiet_logs: None) -> Iterator[io.StringIO]:
    """Return what was logged since the test began, in the format of production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, ours = logging.getLogger(), logging.getLogger("clinic")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    ours.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def lines(written: io.StringIO, event: str = "request") -> list[dict[str, Any]]:
    """Return the lines of one event. Asserts that every line is JSON."""
    return [line for text in written.getvalue().strip().split("\n") if (line := json.loads(text))["event"] == event]


def assert_nothing_personal(written: io.StringIO) -> None:
    text = written.getvalue().lower()
    assert text
    for word in PERSONAL:
        assert word not in text, word


def test_each_request_is_one_line(client: FlaskClient, written: io.StringIO) -> None:
    response = client.get("/articles/?page=1")
    (line,) = lines(written)
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/articles/", 200)
    assert (line["level"], line["logger"]) == ("info", "clinic.request")
    assert line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["at"])


def test_refused_and_unknown_requests_are_one_line_each_too(client: FlaskClient, written: io.StringIO) -> None:
    make_services()
    client.get("/nothing/")
    client.put("/book/")
    client.post("/book/", headers={"Sec-Fetch-Site": "cross-site"})
    client.post("/book/")
    client.get("/?x=%00")
    client.get("/robots.txt")
    assert [line["status"] for line in lines(written)] == [404, 405, 403, 422, 400, 200]
    assert len({line["request_id"] for line in lines(written)}) == 6


def test_no_line_holds_what_a_visitor_has_typed(client: FlaskClient, written: io.StringIO) -> None:
    make_services()
    article = make_article()
    headers = {"User-Agent": "hidden-agent", "Referer": "https://hidden.example", "Cookie": "x=hidden-cookie"}
    for request in (
        {"path": "/book/?from=hidden-query"},
        {"path": "/book/", "method": "POST", "data": PERSON},
        {"path": "/book/", "method": "POST", "data": PERSON},
        {"path": "/book/", "method": "POST", "data": PERSON | {"mobile": "8123 4567"}},
        {"path": "/book/", "method": "POST", "data": PERSON | {"email": "hidden-email@"}},
        {
            "path": f"{article.address}comments",
            "method": "POST",
            "data": {"body": "hidden-body", "name": "hidden", "email": "hidden@example.org"},
        },
        {"path": "/search/?q=hidden-search"},
        {"path": "/nothing/?email=hidden-email@example.org"},
        {"path": "/metrics", "headers": {"Authorization": "Bearer hidden-token"}},
    ):
        client.open(**({"headers": headers, "environ_base": VISITOR} | request))
    assert len(lines(written)) == 9
    assert_nothing_personal(written)


def test_signing_in_leaves_neither_address_nor_password(
    client: FlaskClient, sign_in: Callable[..., FlaskClient], written: io.StringIO
) -> None:
    person = make_user(email="hidden-staff@example.org")
    sign_in(user=person)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert token
    for path in ("/login", "/reset"):
        data = {"email": person.email, "password": "hidden-password", "csrf_token": token[1]}
        assert client.post(path, data=data, environ_base=VISITOR).status_code < 500
    assert_nothing_personal(written)
    assert token[1] not in written.getvalue()


SECRETS = (
    "hidden-Reset-Token-0123456789-abcdef",
    "313220323032362d31312d3230.aXbC3Q.u7Zk_9fPq2LrT-4vWx8yZaBcDeFg",
    "WyJhYmNkZWYwMTIzNDU2Nzg5Iiwic2hhIl0.aXbC3Q.Zk9fPq2LrT4vWx8yZaBc",
    "Xk3v9Q_pT-7yLw2RzN5uB8cD1eFgH4iJ",
    "0123456789abcdef0123456789abcdef",
)


def misspelt(path: str) -> list[str]:
    """Return ways in which a secret address may be cut, copied or typed wrongly."""
    return [
        path,
        path.rstrip("/"),
        f"{path}/",
        f"/{path}",
        path.upper().replace("TOKEN", "Token"),
        "http://localhost" + path.replace("/", "//"),
        f"{path}.",
        f"/x{path}",
        path.replace("/", "", 2),
        f"/articles{path}",
        f"/link{path}",
        f"{path}extra/part",
        f"/<{path}>",
        f"{path}%0A",
        path.replace("/", "%2F"),
        path[0] + path[2:],
        path[:2] + path[3:],
        path[:2] + "x" + path[2:],
    ]


def test_no_secret_of_any_route_is_in_the_log_however_it_is_misspelt(
    app: Flask, client: FlaskClient, written: io.StringIO
) -> None:
    """A reader of the log could use the secret before its owner does."""
    rules = {rule.rule for rule in app.url_map.iter_rules() if "<token>" in rule.rule or "<secret>" in rule.rule}
    assert len(rules) >= 8
    asked = 0
    for rule in sorted(rules):
        for secret in SECRETS:
            path = re.sub(r"<(token|secret)>", secret, rule).replace("<purpose>", "still-correct")
            for spelling in misspelt(path):
                client.get(spelling)
                client.post(spelling)
                client.head(f"{spelling}?x=1")
                asked += 3
    assert len(lines(written)) == asked
    text = written.getvalue().lower()
    for secret in SECRETS:
        for part in (secret, *re.split(r"[.]", secret)):
            if len(part) > 12:
                assert part.lower() not in text, part


def test_the_words_before_secrets_are_those_of_the_routes(app: Flask) -> None:
    first = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if re.search("<(token|secret)>", rule.rule)}
    assert first == BEFORE_SECRETS


@pytest.mark.parametrize(
    "path",
    ["/articles/ten-ways-to-sit-in-2025/", "/blog/back-pain/", "/wp-login.php", "/über-uns/", "/admin/nothing/"],
)
def test_paths_of_plain_words_can_be_read_in_the_log(client: FlaskClient, written: io.StringIO, path: str) -> None:
    client.get(path)
    assert lines(written)[-1]["path"] == path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Invalid request from ip=203.0.113.7: Bad version", "Invalid request from ip=[address]: Bad version"),
        ("Error handling request GET /link/my-data/31.aXbC3Q.u7Zk_9fPq2LrT/", "Error handling request GET /link/…"),
        ("no route to 2001:db8::1 or fe80::1%eth0", "no route to [address] or [address]%eth0"),
        ("Invalid request from ip=::ffff:203.0.113.7: Bad", "Invalid request from ip=[address]: Bad"),
        ("listening at http://127.0.0.1:8000 and [::1]", "listening at http://127.0.0.1:8000 and [::1]"),
        ("550 <mei.tan@example.org> unknown", "550 <[email]> unknown"),
        ("call +65 9123 4567 now", "call [number] now"),
        ("at 12:34:56 in clinic/web/pages/store.py, line 12", "at 12:34:56 in clinic/web/pages/store.py, line 12"),
        (
            "TwoFactorAuthenticationFailedError in test_the_words_before_secrets",
            "TwoFactorAuthenticationFailedError in test_the_words_before_secrets",
        ),
    ],
)
def test_lines_of_others_lose_addresses_and_secrets_and_nothing_else(text: str, wanted: str) -> None:
    assert redacted(text) == wanted


def test_an_error_that_quotes_a_person_is_logged_without_them(
    app: Flask, client: FlaskClient, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise ValueError("hidden.person@example.org from 203.0.113.7 with +6591234567")

    monkeypatch.setitem(app.view_functions, "articles.home", broken)
    client.get("/", environ_base=VISITOR)
    (line,) = lines(written, "unexpected error")
    assert "ValueError: [email] from [address] with [number]" in line["trace"]


def test_a_mail_that_is_refused_leaves_no_address_in_the_log(app: Flask, written: io.StringIO) -> None:
    make_booking(name="Hidden Name", email="hidden-email@example.org", mobile="+6591234567")

    def refuse(_message: object) -> None:
        raise ValueError("550 no such user hidden-email@example.org")

    assert send_due(refuse, owner="a") == 2
    assert [line["error"] for line in lines(written, "mail not sent")] == ["ValueError", "ValueError"]
    assert_nothing_personal(written)


def test_an_unexpected_error_is_a_line_with_its_trace_and_the_id_of_the_page(
    app: Flask, client: FlaskClient, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("broken on purpose")

    monkeypatch.setitem(app.view_functions, "articles.home", broken)
    response = client.get("/?q=hidden-query")
    (line,) = lines(written, "unexpected error")
    assert line["level"] == "error"
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert "RuntimeError: broken on purpose" in line["trace"]
    assert [one["status"] for one in lines(written)] == [500]
    assert_nothing_personal(written)


def test_an_error_of_the_database_does_not_quote_the_row(
    app: Flask, client: FlaskClient, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's message does: "Key (email)=(…) already exists"."""
    address = "hidden-staff@example.org"
    make_user(email=address)

    def clash() -> str:
        make_user(email=address)
        return ""

    monkeypatch.setitem(app.view_functions, "articles.home", clash)
    assert client.get("/").status_code == 500
    (line,) = lines(written, "unexpected error")
    assert "IntegrityError" in line["trace"]
    assert address not in written.getvalue()


def test_nothing_in_an_address_can_forge_a_line(client: FlaskClient, written: io.StringIO) -> None:
    for path in (
        "/a%0a%7b%22event%22:%22request%22%7d/",
        "/a%0d%0ab/",
        "/%1b[31m/",
        "/%22%7d/",
        "/%ff%fe/",
        "/%e2%80%a8/",
    ):
        client.get(path)
    assert len(written.getvalue().strip().split("\n")) == 6
    assert len(lines(written)) == 6


def test_a_line_for_people_has_the_words_and_the_extras() -> None:
    record = logging.makeLogRecord({"msg": "mail %s", "args": ("sent",), "levelname": "INFO", "tries": 2})
    assert HumanLines().format(record).endswith("info    mail sent tries=2")


def test_a_line_outside_a_request_has_no_id() -> None:
    line = json.loads(JsonLines().format(logging.makeLogRecord({"msg": "worker started", "worker": "host:1"})))
    assert "request_id" not in line
    assert (line["event"], line["worker"]) == ("worker started", "host:1")


def test_a_line_is_written_to_standard_error_without_a_lock(capfd: pytest.CaptureFixture[str]) -> None:
    handler = StandardError()
    handler.setFormatter(JsonLines())
    with handler.lock:  # another thread writes
        at_once = threading.Thread(target=handler.handle, args=[logging.makeLogRecord({"msg": "mail sent"})])
        at_once.start()
        at_once.join(5)
        assert not at_once.is_alive()
    assert json.loads(capfd.readouterr().err)["event"] == "mail sent"
