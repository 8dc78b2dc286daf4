"""Logs: one line of JSON for each request and event in production, human lines in development. Nothing personal."""

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
NUMBERS = frozenset({"mail", "request_id", "at"})  # they look random and are no secrets
log = logging.getLogger("clinic.request")


class JsonLines(logging.Formatter):
    """One JSON object per line. SQL parameters never appear: the engine hides them."""

    def format(self, record: logging.LogRecord) -> str:
        """The record and its extras as JSON."""
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
    """For a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, words, extras."""
        extra = " ".join(f"{name}={value}" for name, value in vars(record).items() if name not in STANDARD)
        line = (
            f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {record.getMessage()} {extra}".rstrip()
        )
        error = record.exc_info[1] if record.exc_info else None
        return redacted(f"{line}\n{_trace(error)}" if error else line)


class ServerLines(logging.Formatter):
    """For gunicorn's own lines, which name clients and addresses where something fails."""

    def format(self, record: logging.LogRecord) -> str:
        """As gunicorn has it, with secrets and addresses hidden."""
        return redacted(super().format(record))


class ServerLog(gunicorn.glogging.Logger):
    """gunicorn's log (logger_class in gunicorn.conf.py)."""

    def setup(self, cfg: Any) -> None:
        """Give each handler our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(ServerLines(self.error_fmt, self.datefmt))


class StandardError(logging.Handler):
    """Each line by one system call and without a lock, for which threads would wait while another one writes."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Without the lock that every other handler takes here."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line. A standard error that is closed or full stops no request."""
        try:
            os.write(2, f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception:
            self.handleError(record)


def set_up_logging(env: Env) -> None:
    """Send all logs to standard error in the form that fits the environment."""
    handler = StandardError()
    handler.setFormatter(JsonLines() if env == "production" else HumanLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def init_request_log(app: Flask) -> None:
    """Give each request an id (shown on error pages, sent as X-Request-ID) and log one line for it.

    The line has the rule's pattern and the path without its query: what people search for is theirs.
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
    """Where each error of the chain arose, the first one first, with its words unless they are a database's.

    PostgreSQL's words quote the row: "Key (email)=(…) already exists".
    """
    parts: list[str] = []
    while error:
        words = "" if isinstance(error, DBAPIError | psycopg.Error) else f": {error}"
        parts.insert(0, f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__qualname__}{words}")
        error = error.__cause__ or error.__context__
    return "\n\n".join(parts)


def logged_path(status: int = 500) -> str:
    """The path, but for addresses that are a secret by themselves: there the pattern, like /reset/<token>.

    Where the answer is no page, the path may be a misspelt one of these, so only plain words are left of it.
    """
    rule = request.url_rule.rule if request.url_rule else ""
    if request.blueprint == "security" or "<secret>" in rule or "<token>" in rule:
        return rule
    return request.path if rule and status < 300 else readable_path(request.path)


def _request_id() -> str | None:
    return g.get("request_id") if has_request_context() else None
