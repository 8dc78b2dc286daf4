"""The content version, read past the ORM."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import psycopg

from clinic.core.settings import database


class VersionReader:
    """Reads the content version on a connection of each thread's own: a page store that asked the ORM would spend more
    on the question than on the answer."""

    SQL = "SELECT token FROM content_version"

    def __init__(self, database_url: str) -> None:
        url, arguments = database(database_url)
        self._threshold: int | None = arguments.get(
            "prepare_threshold", 0
        )  # at once, unless somebody decided otherwise
        self._path = url.database if url.get_backend_name() == "sqlite" else None
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._mine = threading.local()
        self._last = ""

    def current(self) -> str:
        """The version. While the database is away it is the one that this process read last. "" at first."""
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
                pass  # the server was restarted: once more, on a new one
        self._mine.connection = connection = self._connect()
        return connection.execute(self.SQL).fetchone()

    def _connect(self) -> Any:
        if self._path:
            # The file must be there: a store that made it would hide that the database is gone.
            return sqlite3.connect(f"{Path(self._path).absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        return psycopg.connect(self._url, autocommit=True, connect_timeout=2, prepare_threshold=self._threshold)
