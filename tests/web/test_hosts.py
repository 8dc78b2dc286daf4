"""Host names that the site answers to, what a proxy may not request, and refusals before any cost."""

import contextvars
import io
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from clinic.app import FORM_BYTES
from clinic.core.settings import SettingsError, load_settings
from tests.conftest import MovableClock, make_app
from tests.factories import make_article

SignIn = Callable[..., FlaskClient]
KEYS = {"CLINIC_ENV": "production", "SECRET_KEY": "x" * 40}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


def status_for(app: Flask, host: str, path: str = "/about/", **environ: Any) -> int:
    own = {"HTTP_HOST": host, "REMOTE_ADDR": "203.0.113.7"}
    asked = EnvironBuilder(path=path).get_environ() | own | environ
    statuses: list[str] = []
    start: Any = lambda status, headers, exc_info=None: statuses.append(status)  # noqa: E731
    list(app.wsgi_app(asked, start))
    return int(statuses[0].split()[0])


@pytest.fixture(scope="module", autouse=True)
def _own_logs() -> Iterator[None]:
    """Restore the logging of other tests: an app in production configures that of the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A site in production with a second name."""
    named = {"SITE_URL": "https://clinic.example", "ALLOWED_HOSTS": "www.clinic.example, Test.Example:8080"}
    return make_app(tmp_path_factory.mktemp("public"), **KEYS, **named)


@pytest.mark.parametrize(
    "host",
    [
        "clinic.example",
        "CLINIC.example",
        "clinic.example:443",
        "clinic.example.",
        "www.clinic.example",
        "test.example:8080",
    ],
)
def test_the_names_of_the_site_are_answered(public: Flask, host: str) -> None:
    assert status_for(public, host, **{"wsgi.url_scheme": "https"}) == 404  # no such page


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "clinic.example.evil.example",
        "clinic.example:444",
        "test.example",
        "203.0.113.9",
        "",
        "localhost",
        "127.0.0.1:8000",
        "[::1]",
        "clinic.example@evil.example",
        "a b",
        "[",
        "é",
    ],
)
def test_other_names_are_refused_and_nothing_is_made(public: Flask, host: str) -> None:
    assert status_for(public, host) == 400


def test_a_program_on_this_machine_may_use_its_names_but_nothing_that_a_proxy_passes_on(public: Flask) -> None:
    own = {"REMOTE_ADDR": "127.0.0.1"}
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert status_for(public, host, **own) == 404
        for header in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"):
            assert status_for(public, host, **own, **{header: "203.0.113.7"}) == 400


def test_whoever_watches_the_site_may_ask_under_any_name(public: Flask) -> None:
    assert status_for(public, "10.0.0.7:8000", "/healthz") == 200
    assert status_for(public, "10.0.0.7:8000", "/readyz") in (200, 503)
    assert status_for(public, "10.0.0.7:8000", "/metrics") == 400


def test_many_spellings_of_a_name_are_one_page_in_the_store(tmp_path: Path) -> None:
    app = make_app(tmp_path, **KEYS, SITE_URL="http://clinic.example")
    with app.app_context():
        path = make_article().address
    store = app.wsgi_app
    while not hasattr(store, "_pages"):
        store = getattr(store, "_inner", None) or getattr(store, "application", None) or store.app  # type: ignore[attr-defined]
    for host in ("clinic.example", "CLINIC.EXAMPLE", "clinic.example:80", "Clinic.Example."):
        assert status_for(app, host, path) == 200
    for number in range(50):
        assert status_for(app, f"x{number}.example", path) == 400
        assert status_for(app, f"clinic.example:{number + 1000}", path) == 400
    assert len(store._pages) == 1


def test_an_installation_that_is_tried_out_answers_to_the_address_it_was_reached_at(tmp_path: Path) -> None:
    app = make_app(tmp_path, **KEYS)

    class Socket(socket.socket):
        def getsockname(self) -> tuple[str, int]:
            return ("192.0.2.10", 8000)

    with Socket() as sock:
        reached: dict[str, Any] = {"gunicorn.socket": sock}
        assert status_for(app, "192.0.2.10:8000", **reached) == 404
        assert status_for(app, "192.0.2.11:8000", **reached) == 400
        assert status_for(app, "evil.example", **reached) == 400
    assert status_for(app, "localhost:9000") == 404


@pytest.mark.parametrize("value", ["https://clinic.example", "a b", "clinic.example/", "x:0", "x:99999", "user@x"])
def test_a_wrong_list_of_names_stops_the_start(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="ALLOWED_HOSTS is wrong"):
        load_settings({"CLINIC_ENV": "test", "ALLOWED_HOSTS": value}, tmp_path)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host"])
def test_metrics_are_closed_to_what_a_proxy_passes_on_even_if_no_proxy_was_declared(
    client: FlaskClient, header: str
) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 200
    assert (
        client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}, headers={header: "203.0.113.7"}).status_code
        == 403
    )


def test_metrics_are_closed_to_a_public_name_that_a_silent_proxy_passes_on(client: FlaskClient) -> None:
    own = {"REMOTE_ADDR": "127.0.0.1"}
    assert client.get("/metrics", environ_base=own, headers={"Host": "clinic.example"}).status_code == 403


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = readlines = read  # type: ignore[assignment]


def status_of_body(app: Flask, path: str, length: int, cookie: str = "") -> int:
    """Return the status of a POST with this Content-Length."""
    length_and_body = {"CONTENT_LENGTH": str(length), "wsgi.input": Unread(), "HTTP_COOKIE": cookie}
    kind = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    return contextvars.Context().run(status_for, app, "localhost", path, **length_and_body, **kind)


@pytest.mark.parametrize(
    "path",
    ["/admin/media/upload/", "/admin/articles/new/", "/book/", "/login", "/nothing/", "/admin/media/upload.json"],
)
def test_a_large_body_from_a_stranger_is_refused_before_it_is_read(app: Flask, path: str) -> None:
    assert status_of_body(app, path, FORM_BYTES + 1) == 413
    assert status_of_body(app, path, 10**15) == 413


def test_staff_still_send_pictures_and_no_more_than_that(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("editor")
    data = {"x": (io.BytesIO(b"x" * (FORM_BYTES + 1000)), "x.jpg")}
    assert client.post("/admin/media/upload/", data=data).status_code == 400  # no token
    cookie = client.get_cookie("clinic_staff")
    assert cookie
    assert status_of_body(app, "/admin/media/upload/", 26 * 1024 * 1024, f"clinic_staff={cookie.value}") == 413


@pytest.mark.usefixtures("limits_on")
def test_pages_that_cannot_be_stored_are_limited_for_each_visitor(
    client: FlaskClient, sign_in: SignIn, clock: MovableClock
) -> None:
    assert client.get("/articles/").status_code == 200  # rendered and stored
    paths = ("/search/?q=x{}", "/nothing-{}/", "/preview/secret{}/", "/?x={}", "/link/my-data/x{}/")
    statuses = [
        client.get(paths[number % 5].format(number), environ_base=ELSEWHERE).status_code for number in range(130)
    ]
    assert statuses.index(429) == 120
    stopped = client.get("/search/?q=more", environ_base=ELSEWHERE)
    assert (stopped.status_code, int(stopped.headers["Retry-After"]) <= 60) == (429, True)
    assert client.get("/search/?q=x", environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 200
    assert client.get("/healthz", environ_base=ELSEWHERE).status_code == 200
    assert client.get("/articles/", environ_base=ELSEWHERE).status_code == 200, "stored pages are always sent"
    staff = sign_in("editor")
    assert {staff.get("/admin/", environ_base=ELSEWHERE).status_code for _ in range(130)} == {200}
    clock.move(minutes=1)
    assert client.get("/search/?q=more", environ_base=ELSEWHERE).status_code == 200


def test_a_password_for_the_mail_server_is_not_sent_in_the_clear_by_mistake(tmp_path: Path) -> None:
    for url in ("smtp://clinic:secret-word@mx", "smtp://clinic:secret-word@mx:2525", "smtp://u:p@mx?x=1"):
        with pytest.raises(SettingsError, match="unencrypted") as refused:
            load_settings({"CLINIC_ENV": "test", "MAIL_URL": url}, tmp_path)
        assert "secret-word" not in str(refused.value)
    for url in ("smtp://u:p@mx?tls=start", "smtps://u:p@mx", "smtp://u:p@mx?tls=off", "smtp://mx", "smtp://u@mx"):
        load_settings({"CLINIC_ENV": "test", "MAIL_URL": url}, tmp_path)
