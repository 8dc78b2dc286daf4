"""The real site for a test: gunicorn and workers as processes, with their own folder and database."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from clinic.bookings.models import Booking, BookingState, Claim, Voucher
from clinic.core.db import db
from clinic.leads.models import Lead, LeadEvent
from clinic.outbox.models import Message, MessageState
from tests.conftest import make_app
from tests.factories import make_article, make_services
from tests.services import free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
# Keep a developer's own DATABASE_URL and the like away from the site.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
A_CLUSTER = [pytest.mark.cluster, pytest.mark.nginx, pytest.mark.postgresql, pytest.mark.redis]
PLACES = [*DATABASES, pytest.param("cluster", marks=A_CLUSTER)]

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A response of the site. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    text: str


def environ_of(instance: Path, port: int, **settings: str) -> dict[str, str]:
    """Return the environment of a process: only the given variables."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"INSTANCE_PATH": str(instance), "PORT": str(port)} | settings


def ask(port: int, path: str, fields: dict[str, str] | None = None, *, cookie: str = "") -> Answer:
    """Send a GET, or a POST if there are fields. Raises OSError or HTTPException if no complete response arrives."""
    own = {"Cookie": cookie} if cookie else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        if fields is None:
            connection.request("GET", path, headers=own)
        else:
            headers = own | {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(fields), headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
    finally:
        connection.close()


def answers(port: int, path: str) -> bool:
    """Return whether a GET is answered with 200 now."""
    try:
        return ask(port, path).status == 200
    except (OSError, http.client.HTTPException):
        return False


def at_once(acts: list[Callable[[], T]]) -> list[T]:
    """Run all functions in as many threads, which start together. Returns the results in order."""
    barrier = threading.Barrier(len(acts))

    def act_together(act: Callable[[], T]) -> T:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act_together, acts))


class Site:
    """A migrated site with the services and one article. Its processes are named "web" and "worker …"."""

    def __init__(self, folder: Path, **settings: str) -> None:
        defaults = {
            "SECRET_KEY": secrets.token_urlsafe(32),
            "DATABASE_URL": f"sqlite:///{folder / 'clinic.sqlite3'}",
            "RATE_LIMITS": "off",
            "FORM_MIN_SECONDS": "0",
            "OUTBOX_LEASE_SECONDS": "3",
        }
        self.folder = folder
        self.port = free_port()
        self.settings = defaults | settings
        self.environ = environ_of(folder, self.port, **self.settings)
        self.app = make_app(folder, **self.settings)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        with self.app.app_context():
            self.article = self.fill()

    def fill(self) -> str:
        """Create the initial rows. Returns the address of an article."""
        make_services()
        return make_article().address

    def start(self, name: str, *, largest_file: int | None = None, instance: Path | None = None) -> None:
        """Start "web" or a worker, also after it has died. `largest_file` simulates a full disk, another `instance`
        folder another machine."""
        assert name not in self._running, f"{name} runs already"
        command = [sys.executable, "-m", "flask", "--app", "wsgi.py", "clinic", "worker"]
        if name.startswith("web"):
            config = ("--config", "gunicorn.conf.py", "--workers", "2")
            command = [sys.executable, "-m", "gunicorn", *config, "--bind", f"127.0.0.1:{self.port_of(name)}"]
        if largest_file is not None:
            command = ["sh", "-c", f'ulimit -f {largest_file // 512} && exec "$@"', "sh", *command]
        environ = self.environ_for(name) | ({"INSTANCE_PATH": str(instance)} if instance else {})
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def port_of(self, _web: str) -> int:
        """Return the port of these web processes."""
        return self.port

    def environ_for(self, _name: str) -> dict[str, str]:
        """Return the environment of a process."""
        return self.environ

    def start_web(self, *, largest_file: int | None = None) -> None:
        """Start the web processes and wait until they answer."""
        self.start("web", largest_file=largest_file)
        wait_for(lambda: answers(self.port, "/healthz"), f"the site to answer, see {self.folder / 'web.log'}")

    def kill(self, name: str) -> None:
        """Kill a process and all its children at once, as the kernel does when memory runs out."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Stop everything."""
        for name in list(self._running):
            self.kill(name)
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def book(self, **person: str) -> int:
        """Send the trial form. Returns the status."""
        fields = {"name": "Tan Wei Ling", "service": "pilates-1-to-1", "consent": "y"} | person
        return ask(self.port, "/book/", fields).status

    def rows(self) -> Counter[str]:
        """Return counts of the rows that requests create: bookings by state, messages by kind, refusals in a
        history."""
        with self.app.app_context():
            found = Counter(f"booking {state}" for state in db.session.scalars(sa.select(Booking.state)))
            found.update(f"message {kind}" for kind in db.session.scalars(sa.select(Message.kind)))
            lines = db.session.scalars(sa.select(LeadEvent.text))
            found["refusal"] = sum("refused as already used" in line for line in lines)
            for model in (Lead, Claim, Voucher):
                found[model.__tablename__] = db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
            return found

    def is_drained(self) -> bool:
        """Return whether no message is queued or being sent."""
        under_way = Message.state.in_([MessageState.QUEUED, MessageState.SENDING])
        with self.app.app_context():
            return not db.session.scalar(sa.select(sa.func.count()).select_from(Message).where(under_way))

    def message_states(self) -> Counter[str]:
        """Return the number of messages in each state."""
        with self.app.app_context():
            return Counter(str(state) for state in db.session.scalars(sa.select(Message.state)))

    def booked(self) -> dict[str, Booking]:
        """Return all booked trials by the email of the lead."""
        with self.app.app_context():
            found = db.session.scalars(sa.select(Booking).where(Booking.state == BookingState.BOOKED)).all()
            return {booking.lead.email: booking for booking in found}

    def message_ids(self, kind: str) -> dict[str, list[str]]:
        """Return the Message-IDs of this kind of message by recipient."""
        with self.app.app_context():
            found: dict[str, list[str]] = {}
            for message in db.session.scalars(sa.select(Message).where(Message.kind == kind)):
                found.setdefault(message.to, []).append(message.message_id)
            return found


@contextmanager
def site_on(database: str, request: pytest.FixtureRequest, folder: Path, **settings: str) -> Iterator[Site]:
    """A site on SQLite, on PostgreSQL, or on two machines behind nginx; none of its processes is running yet."""
    if database == "cluster":
        settings["REDIS_URL"] = request.getfixturevalue("redis_server").url
    if database != "sqlite":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres").new_database(f"site_{secrets.token_hex(4)}")
    site = _kind_of_site(database)(folder, **settings)
    yield site
    site.stop()


def _kind_of_site(database: str) -> type[Site]:
    if database == "cluster":
        from tests.cluster.cluster import Cluster  # imported here, as it imports this module

        return Cluster
    return Site
