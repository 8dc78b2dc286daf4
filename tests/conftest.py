"""Shared fixtures: app, client, db, clock, sign_in. Tests of `app` run on two databases (see --databases)."""

import contextvars
import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from clinic.accounts.access import RoleName
from clinic.accounts.models import User
from clinic.accounts.operations import ensure_roles
from clinic.app import create_app
from clinic.core import clock as clock_module
from clinic.core.db import Base, db
from clinic.core.settings import load_settings
from clinic.frame.models import HomeSection, MenuItem
from tests.factories import make_user
from tests.services import (
    S3,
    Postgres,
    Redis,
    find_chromium,
    find_java,
    find_nginx,
    find_nu,
    find_postgres,
    find_redis,
)

MISSING = {
    "browser": "Chromium" if not find_chromium() else "",
    "postgresql": "PostgreSQL" if not find_postgres() else "",
    "nginx": "nginx" if not find_nginx() else "",
    "redis": "Redis" if not find_redis() else "",
    "nu": "the Nu HTML checker" if not (find_nu() and find_java()) else "",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", action="store_true", help="run what is about a cluster, and the journeys against one")
    parser.addoption(
        "--databases",
        choices=["all", "some", "sqlite"],
        default="all" if os.environ.get("CI") == "true" else "some",
        help="tests of `app` run on SQLite, and on PostgreSQL: all, none, or some (all but those of pages)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    databases = config.getoption("databases")

    def is_wanted(item: pytest.Item) -> bool:
        if config.getoption("cluster"):
            return is_about_cluster(item)
        return not item.get_closest_marker("cluster") and (databases == "all" or not is_repeated(item, databases))

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]
    for item in items:
        for marker, missing in MISSING.items():
            if missing and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{missing} is missing"))


def is_about_cluster(item: pytest.Item) -> bool:
    """Return whether `make cluster` runs this: the cluster's own tests, and journeys through the demo site with a
    browser."""
    fixtures = getattr(item, "fixturenames", ())
    is_own = "cluster" in item.path.parts or item.get_closest_marker("cluster")
    return bool(is_own) or {"browser", "site"} <= set(fixtures)


def is_repeated(item: pytest.Item, databases: str) -> bool:
    """Whether the test needs PostgreSQL and is left out.

    With "some" these are tests of pages. Operations and queries, which the pages call, have tests of their own on both
    databases. Pages whose own SQL depends on the database are marked with `dialect`.
    """
    if databases == "sqlite":
        return bool(item.get_closest_marker("postgresql"))
    callspec = getattr(item, "callspec", None)
    is_on_postgresql = callspec and callspec.params.get("app") == "postgresql"
    is_of_a_page = {"client", "sign_in"} & set(getattr(item, "fixturenames", ()))
    return bool(is_on_postgresql and is_of_a_page and not item.get_closest_marker("dialect"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    missing = [name for name in MISSING.values() if name]
    if missing:
        terminalreporter.write_line(f"*** TESTS WERE SKIPPED: {', '.join(missing)} IS MISSING ***", red=True, bold=True)


class Client(FlaskClient):
    """A test client whose requests do not share the test's application context, session and user."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()
        kwargs.setdefault("buffered", True)  # a streamed body is read in the same context
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    server = S3()
    yield server
    server.stop()


BUILT_ASSETS: list[Path] = []


def make_app(instance: Path, **environ: str) -> Flask:
    """Return a new, migrated app for the test environment."""
    if BUILT_ASSETS:  # compressing them again would take each app a second
        shutil.copytree(BUILT_ASSETS[0], instance / "assets", dirs_exist_ok=True)
    values = {"CLINIC_ENV": "test", "FORM_MIN_SECONDS": "0", "RATE_LIMITS": "off"} | environ
    app = create_app(load_settings(values, instance))
    BUILT_ASSETS.append(instance / "assets")
    app.test_client_class = Client
    # argon2 is slow by design, which tests do not need.
    app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1)
    with app.app_context():
        upgrade()
        ensure_roles()
        # Rows that the migrations insert; restored at the start of each test.
        tables = (MenuItem.__table__, HomeSection.__table__)
        app.extensions["test.given"] = {
            table: [dict(row) for row in db.session.execute(table.select()).mappings()] for table in tables
        }
        db.session.rollback()
    return app


@pytest.fixture(scope="session")
def apps() -> Iterator[dict[str, Flask]]:
    """The migrated apps of this run, one for each database."""
    apps: dict[str, Flask] = {}
    yield apps
    for app in apps.values():
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def app(
    request: pytest.FixtureRequest, apps: dict[str, Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The app on each database, empty except for roles, menus and home page; the test runs in its context."""
    name = request.param
    if name not in apps:
        environ = {}
        if name == "postgresql":
            environ["DATABASE_URL"] = request.getfixturevalue("postgres").new_database(f"clinic_{secrets.token_hex(4)}")
        apps[name] = make_app(tmp_path_factory.mktemp(name), **environ)
    app = apps[name]
    with app.app_context():
        yield app
        db.session.rollback()
        indexes = ("search_fts", "lead_fts") if name == "sqlite" else ("search_vector", "lead_vector")
        tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
        empty((*indexes, *(table for table in tables if table not in ("role", "content_version"))))
        for table, rows in app.extensions["test.given"].items():
            db.session.execute(table.insert(), rows)
        db.session.commit()


def empty(tables: tuple[str, ...]) -> None:
    """Delete all rows, in this order. One statement finds the few tables that have any, which is ten times as fast."""
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)
    names = set(db.session.scalars(sa.text(filled)))
    for name in tables:
        if name in names:
            db.session.execute(sa.text(f'DELETE FROM "{name}"'))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that is not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """A function: sign_in("editor") returns a client that has signed in with that role through the form."""

    def sign_in(*roles: str, user: User | None = None) -> FlaskClient:
        client = app.test_client()
        user = user or make_user(roles=[RoleName(role) for role in roles])
        page = client.get("/login").get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        answer = client.post(
            "/login", data={"email": user.email, "password": "correct horse battery", "csrf_token": token[1]}
        )
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client

    return sign_in


@pytest.fixture
def limits_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable rate limits, as outside of tests."""
    monkeypatch.setattr(app.extensions["clinic.limiter"], "_on", True)
    monkeypatch.setattr(app.extensions["clinic.limiter"], "_here", {})


class MovableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    def move(self, **delta: float) -> None:
        """Advance by a timedelta: move(days=2)."""
        self.now += timedelta(**delta)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    """Stop the clock at 20 November 2026, 10:00 in Singapore."""
    movable = MovableClock()
    monkeypatch.setattr(clock_module, "_source", lambda: movable.now)
    return movable


@pytest.fixture(autouse=True)
def _quiet_logs() -> None:
    logging.getLogger("clinic").setLevel(logging.CRITICAL)
