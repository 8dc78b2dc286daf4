"""Endpoints for monitoring: /healthz, /readyz, /metrics."""

import hmac
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from clinic.core import clock
from clinic.core.db import db
from clinic.core.heartbeat import MOST_DEATHS, SILENT_AFTER, Heartbeat, beat, last_beat, recent_deaths
from clinic.core.settings import settings
from clinic.outbox.models import Message, MessageState
from clinic.web.hosts import came_directly, is_loopback, name_of_host

__all__ = ["Heartbeat", "beat", "bp", "current_revision", "head_revision", "is_migrated"]

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Return 200 while the process is alive, without checking anything else."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@bp.get("/readyz")
def readyz() -> Response:
    """Return 200 if visitors are served and mail is sent, else 503 with one reason per line."""
    reasons = list(_not_ready())
    text = "".join(f"{reason}\n" for reason in reasons) or "ready\n"
    return Response(text, 503 if reasons else 200, mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _not_ready() -> Iterator[str]:
    try:
        current = current_revision()
        last, deaths = last_beat(), recent_deaths()
    except sa.exc.SQLAlchemyError as error:
        yield f"database: {type(error).__name__}"
        return
    if current != head_revision():
        yield f"migrations: at {current}, expected {head_revision()}"
    if last is None:
        yield "worker: no heartbeat yet"
    elif clock.now() - last > SILENT_AFTER:
        yield f"worker: silent for {int((clock.now() - last).total_seconds())} seconds"
    if deaths >= MOST_DEATHS:
        yield f"worker: died {deaths} times within ten minutes"


def current_revision() -> str | None:
    """Return the migration of the database, or None before the first one."""
    if not sa.inspect(db.session.connection()).has_table("alembic_version"):
        return None
    return db.session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def is_migrated() -> bool:
    """Return whether the database is at the newest migration."""
    return current_revision() == head_revision()


@cache
def head_revision() -> str | None:
    """Return the newest migration in the migrations folder, read once."""
    config = Config()
    config.set_main_option("script_location", str(Path(current_app.root_path).parent / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()


@bp.get("/metrics")
def metrics() -> Response:
    """Return metrics in Prometheus text format. Allowed only from this machine or with METRICS_TOKEN as a bearer
    token."""
    if not _may_read_metrics():
        abort(403)
    registry = CollectorRegistry()
    messages = Gauge("clinic_outbox_messages", "Messages by state", ["state"], registry=registry)
    counts = dict(db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state)).tuples().all())
    for state in MessageState:
        messages.labels(state).set(counts.get(state, 0))
    oldest = db.session.scalar(sa.select(sa.func.min(Message.created_at)).where(Message.state == MessageState.QUEUED))
    wait = Gauge("clinic_outbox_oldest_seconds", "Age of the oldest queued message", registry=registry)
    wait.set((clock.now() - oldest).total_seconds() if oldest else 0)
    last = last_beat()
    age = Gauge("clinic_worker_heartbeat_age_seconds", "Time since a worker last spoke", registry=registry)
    age.set((clock.now() - last).total_seconds() if last else float("inf"))
    return Response(generate_latest(registry), mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _may_read_metrics() -> bool:
    token = settings().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # A proxy on this machine forwards requests from anywhere, whether TRUSTED_PROXIES counts it or not.
    is_own_name = is_loopback(name_of_host(request.environ.get("HTTP_HOST", "")))
    return settings().trusted_proxies == 0 and is_own_name and came_directly(request.environ)
