"""Logging without personal data: one line of JSON per request and event in production, readable lines in
development."""

import json
import logging
import os
import time
import traceback
import uuid
from datetime import UTC, datetime
from typing import Any

import gunicorn.glogging
import psycopg
from flask import Flask, Response, g, has_request_context, request
from sqlalchemy.exc import DBAPIError

from clinic.core.settings import Env
from clinic.web.redact import readable_path, redacted

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
NUMBERS = frozenset({"mail", "request_id", "at"})  # they look random but are no secrets
log = logging.getLogger("clinic.request")


class JsonLines(logging.Formatter):
    """Formatter that writes one JSON object per line. The engine hides SQL parameters."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record and its extras as JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if request_id := _request_id():
            line["request_id"] = request_id
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1]:
            line["trace"] = _trace(record.exc_info[1])
        hidden = {
            name: redacted(value) if isinstance(value, str) and name not in NUMBERS else value
            for name, value in line.items()
        }
        return json.dumps(hidden, default=lambda value: redacted(str(value)), ensure_ascii=False)


class HumanLines(logging.Formatter):
    """Formatter for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, message and extras as one line."""
        extra = " ".join(f"{name}={value}" for name, value in vars(record).items() if name not in STANDARD)
        line = (
            f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {record.getMessage()} {extra}".rstrip()
        )
        error = record.exc_info[1] if record.exc_info else None
        return redacted(f"{line}\n{_trace(error)}" if error else line)


class ServerLines(logging.Formatter):
    """Formatter for gunicorn's own log, whose errors name clients and URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return gunicorn's line with secrets and addresses redacted."""
        return redacted(super().format(record))


class ServerLog(gunicorn.glogging.Logger):
    """gunicorn's logger (logger_class in gunicorn.conf.py), with redaction."""

    def setup(self, cfg: Any) -> None:
        """Give each handler our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(ServerLines(self.error_fmt, self.datefmt))


class StandardError(logging.Handler):
    """Handler that writes each line with one system call and without a lock. With a lock, threads would wait for each
    other."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Emit the record without the lock that logging.Handler takes here."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line. A closed or full standard error does not fail the request."""
        try:
            os.write(2, f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception:
            self.handleError(record)


def set_up_logging(env: Env) -> None:
    """Send all logs to standard error, in the format for the environment."""
    handler = StandardError()
    handler.setFormatter(JsonLines() if env == "production" else HumanLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def init_request_log(app: Flask) -> None:
    """Give each request an id (shown on error pages, sent as X-Request-ID) and log one line for it.

    The line holds the path without its query, because search words are private.
    """

    @app.before_request
    def start() -> None:
        g.request_id = uuid.uuid4().hex[:12]
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
            log.info(
                "request",
                extra={
                    "method": request.method,
                    "path": logged_path(response.status_code),
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - g.started) * 1000, 1),
                },
            )
        return response


def _trace(error: BaseException | None) -> str:
    """Return the tracebacks of an exception chain, the root cause first. Messages of database errors are left out.

    PostgreSQL's messages quote rows: "Key (email)=(…) already exists".
    """
    parts: list[str] = []
    while error:
        words = "" if isinstance(error, DBAPIError | psycopg.Error) else f": {error}"
        parts.insert(0, f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__qualname__}{words}")
        error = error.__cause__ or error.__context__
    return "\n\n".join(parts)


def logged_path(status: int = 500) -> str:
    """Return the path of the request for the log. If the path is a secret, return the pattern, like /reset/<token>.

    A path without a page may be a misspelt secret one, so only plain words of it are kept.
    """
    rule = request.url_rule.rule if request.url_rule else ""
    if request.blueprint == "security" or "<secret>" in rule or "<token>" in rule:
        return rule
    return request.path if rule and status < 300 else readable_path(request.path)


def _request_id() -> str | None:
    return g.get("request_id") if has_request_context() else None
