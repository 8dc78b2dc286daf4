"""The monitoring endpoints."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.app import create_app
from clinic.core.db import atomic, db
from clinic.core.settings import load_settings
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import enqueue
from clinic.web.health import Heartbeat, beat
from tests.conftest import MovableClock
from tests.services import free_port

LOOPBACK = {"REMOTE_ADDR": "127.0.0.1"}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def lost(tmp_path: Path) -> FlaskClient:
    """A client of an app whose database is down."""
    url = f"postgresql://clinic:hidden@127.0.0.1:{free_port()}/clinic"
    return create_app(load_settings({"CLINIC_ENV": "test", "DATABASE_URL": url}, tmp_path)).test_client()


def metric(client: FlaskClient, name: str, **request: object) -> float:
    """Return one number of /metrics."""
    for line in client.get("/metrics", **request).get_data(as_text=True).splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no {name}")


def set_up(app: Flask, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    monkeypatch.setitem(app.config, "CLINIC", dataclasses.replace(app.config["CLINIC"], **changed))


def test_a_living_process_says_ok(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.get_data(as_text=True)) == (200, "ok\n")


def test_it_lives_also_while_the_database_is_away(lost: FlaskClient) -> None:
    assert lost.get("/healthz").status_code == 200


def test_with_a_migrated_database_and_a_worker_it_is_ready(client: FlaskClient, clock: MovableClock) -> None:
    beat("host:1")
    clock.move(seconds=60)
    response = client.get("/readyz")
    assert (response.status_code, response.get_data(as_text=True)) == (200, "ready\n")


def test_without_a_worker_it_is_not_ready(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.get_data(as_text=True)) == (503, "worker: no heartbeat yet\n")


def test_a_silent_worker_is_named_with_how_long(client: FlaskClient, clock: MovableClock) -> None:
    beat("host:1")
    clock.move(seconds=61)
    response = client.get("/readyz")
    assert (response.status_code, response.get_data(as_text=True)) == (503, "worker: silent for 61 seconds\n")


def test_one_living_worker_of_two_is_enough(client: FlaskClient, clock: MovableClock) -> None:
    beat("host:1")
    clock.move(minutes=5)
    beat("host:2")
    assert client.get("/readyz").status_code == 200


def test_a_database_behind_the_code_is_not_ready(app: Flask, client: FlaskClient) -> None:
    beat("host:1")
    head = db.session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
    _set_revision("before")
    try:
        response = client.get("/readyz")
    finally:
        _set_revision(head)
    assert response.status_code == 503
    assert response.get_data(as_text=True) == f"migrations: at before, expected {head}\n"
    assert client.get("/readyz").status_code == 200


@atomic()
def _set_revision(name: str) -> None:
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = :name"), {"name": name})


def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    app = create_app(load_settings({"CLINIC_ENV": "test"}, tmp_path))
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert response.get_data(as_text=True)


def test_a_database_that_is_away_is_the_reason_and_its_password_is_not(lost: FlaskClient) -> None:
    response = lost.get("/readyz")
    assert response.status_code == 503
    assert response.get_data(as_text=True) == "database: OperationalError\n"


def test_beats_of_workers_long_gone_are_removed(app: Flask, clock: MovableClock) -> None:
    beat("host:1")
    clock.move(days=1, seconds=1)
    beat("host:2")
    beat("host:2")
    assert db.session.scalars(sa.select(Heartbeat.name)).all() == ["host:2"]


def test_metrics_count_the_outbox_and_the_silence(client: FlaskClient, clock: MovableClock) -> None:
    assert metric(client, "clinic_outbox_oldest_seconds") == 0
    assert metric(client, "clinic_worker_heartbeat_age_seconds") == float("inf")
    beat("host:1")
    for _ in range(3):
        with atomic():
            enqueue("password_reset", to="jo@example.org", name="Jo", link="x")
        clock.move(seconds=10)
    with atomic():
        newest = db.session.scalars(sa.select(Message).order_by(Message.id.desc()).limit(1)).one()
        newest.state = MessageState.FAILED
    assert metric(client, 'clinic_outbox_messages{state="queued"}') == 2
    assert metric(client, 'clinic_outbox_messages{state="failed"}') == 1
    assert metric(client, 'clinic_outbox_messages{state="sent"}') == 0
    assert metric(client, "clinic_outbox_oldest_seconds") == 30
    assert metric(client, "clinic_worker_heartbeat_age_seconds") == 30


def test_metrics_name_nobody(client: FlaskClient) -> None:
    with atomic():
        enqueue("password_reset", to="jo@example.org", name="Jo", link="x")
    assert "example.org" not in client.get("/metrics").get_data(as_text=True)


def test_metrics_are_read_from_this_machine_only(client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base=LOOPBACK).status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == 403
    forged = {"X-Forwarded-For": "127.0.0.1"}
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=forged).status_code == 403


def test_or_with_the_token(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(app, monkeypatch, metrics_token="prometheus")
    for value, status in (
        ("Bearer prometheus", 200),
        ("Bearer wrong", 403),
        ("Bearer ", 403),
        ("", 403),
        ("Basic prometheus", 403),
        ("Bearer é", 403),
    ):
        response = client.get("/metrics", environ_base=ELSEWHERE, headers={"Authorization": value})
        assert response.status_code == status, value


def test_without_a_token_set_an_empty_one_opens_nothing(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer "}
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=headers).status_code == 403


def test_behind_a_proxy_only_the_token_counts(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(app, monkeypatch, trusted_proxies=1, metrics_token="prometheus")
    assert client.get("/metrics", environ_base=LOOPBACK).status_code == 403
    headers = {"Authorization": "Bearer prometheus"}
    assert client.get("/metrics", environ_base=LOOPBACK, headers=headers).status_code == 200


def test_a_watcher_gets_no_cookie_and_nothing_is_stored(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        response = client.get(path)
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
        assert response.mimetype == "text/plain"
