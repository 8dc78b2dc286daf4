"""Reader of the content version that bypasses the ORM."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import psycopg

from clinic.core.settings import database


class VersionReader:
    """Reads the content version on one connection per thread. Through the ORM the query would cost more than sending
    the page."""

    SQL = "SELECT token FROM content_version"

    def __init__(self, database_url: str) -> None:
        url, arguments = database(database_url)
        self._threshold: int | None = arguments.get(
            "prepare_threshold", 0
        )  # at once, unless DATABASE_URL sets another value
        self._path = url.database if url.get_backend_name() == "sqlite" else None
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._mine = threading.local()
        self._last = ""

    def current(self) -> str:
        """Return the content version; "" before the first success. While the database is down, the last known
        version."""
        try:
            row = self._ask()
        except (sqlite3.Error, psycopg.Error, OSError):
            self._mine.connection = None
            return self._last
        self._last = row[0] if row else ""
        return self._last

    def _ask(self) -> Any:
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            try:
                return connection.execute(self.SQL).fetchone()
            except psycopg.OperationalError:
                pass  # the server was restarted: retry on a new connection
        self._mine.connection = connection = self._connect()
        return connection.execute(self.SQL).fetchone()

    def _connect(self) -> Any:
        if self._path:
            # mode=rw does not create the file: a new empty database would hide that the real one is gone.
            return sqlite3.connect(f"{Path(self._path).absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        return psycopg.connect(self._url, autocommit=True, connect_timeout=2, prepare_threshold=self._threshold)
