"""Requests that deploy/nginx.conf forwards and repeats, seen by machines that only record them."""

import http.client
import re
import runpy
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from clinic.app import FORM_BYTES, STAFF_BYTES
from tests.nginx import DEPLOY, Nginx

pytestmark = pytest.mark.nginx


class Machine(ThreadingHTTPServer):
    """Records requests. With `hangs_up` it reads a whole request and closes the connection without a response."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Noting)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        self.hangs_up = False
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Noting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Machine

    def setup(self) -> None:
        socketserver.StreamRequestHandler.setup(self)
        self.server.connections += 1

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers))
        if self.server.hangs_up:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    both = (Machine(), Machine())
    yield both
    for machine in both:
        machine.shutdown()
        machine.server_close()


@pytest.fixture
def nginx(machines: tuple[Machine, Machine], tmp_path: Path) -> Iterator[Nginx]:
    nginx = Nginx((machines[0].server_port, machines[1].server_port), tmp_path).start()
    yield nginx
    nginx.stop()


def ask(nginx: Nginx, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_machine_learns_the_visitor_s_address_and_nothing_that_a_visitor_claims(
    nginx: Nginx, machines: tuple[Machine, Machine]
) -> None:
    claims: dict[str, Any] = {
        "X_Forwarded_For": "1.2.3.4",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "elsewhere.example",
    }
    assert ask(nginx, "GET", "/book/?x=%20y", **claims) == 200
    (method, path, headers), *more = machines[0].seen + machines[1].seen
    assert not more
    assert (method, path) == ("GET", "/book/?x=%20y")
    assert headers["host"] == headers["x-forwarded-host"] == f"127.0.0.1:{nginx.port}"
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")


def test_connections_to_the_machines_are_kept(nginx: Nginx, machines: tuple[Machine, Machine]) -> None:
    assert {ask(nginx, "GET", "/") for _ in range(40)} == {200}
    assert sum(machine.connections for machine in machines) < 10


def test_a_connection_is_left_here_before_it_is_closed_there() -> None:
    ours = re.search(r"keepalive_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text())
    assert ours
    assert int(ours[1]) < runpy.run_path(str(DEPLOY.parent / "gunicorn.conf.py"))["keepalive"]


def test_a_page_is_asked_of_the_other_machine_when_one_hangs_up(
    nginx: Nginx, machines: tuple[Machine, Machine]
) -> None:
    machines[0].hangs_up = True
    assert {ask(nginx, "GET", "/") for _ in range(6)} == {200}
    assert machines[0].seen, "it was tried"
    assert len(machines[1].seen) == 6


def test_a_form_that_was_sent_is_never_sent_again(nginx: Nginx, machines: tuple[Machine, Machine]) -> None:
    for machine in machines:
        machine.hangs_up = True
    statuses = [ask(nginx, "POST", "/book/", b"name=Tan") for _ in range(2)]
    assert statuses == [503, 503]
    assert len(machines[0].seen) + len(machines[1].seen) == 2


def test_a_form_that_could_not_be_sent_goes_to_the_other_machine(
    nginx: Nginx, machines: tuple[Machine, Machine]
) -> None:
    machines[0].shutdown()
    machines[0].server_close()
    assert {ask(nginx, "POST", "/book/", b"name=Tan") for _ in range(6)} == {200}
    assert len(machines[1].seen) == 6


@pytest.mark.parametrize(("path", "most"), [("/book/", FORM_BYTES), ("/admin/media/new/", STAFF_BYTES)])
def test_as_much_is_let_through_as_the_app_accepts(
    nginx: Nginx, machines: tuple[Machine, Machine], path: str, most: int
) -> None:
    assert ask(nginx, "POST", path, b"x" * most) == 200
    assert ask(nginx, "POST", path, b"x" * (most + 1)) == 413
    assert len(machines[0].seen) + len(machines[1].seen) == 1
