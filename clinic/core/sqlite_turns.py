"""Writers of one SQLite file take turns, whatever process they are in.

SQLite lets one write at a time, and whoever finds it busy sleeps and looks again, longer each time: under load some
wait for a second while others that came later pass. Here they look again after a short while, with jitter, and the more
often the longer they have waited, at a lock (flock(2)) that ends with its process. Where there can be no such lock,
SQLite's own waiting remains.
"""

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import OperationalError

PAUSE_SECONDS = (0.001, 0.004)
PATIENCE_SECONDS = 0.03  # whoever has waited so long looks twice as often


@contextmanager
def turn(database: str, *, most_seconds: float) -> Iterator[None]:
    """Wait for one's turn to write to a database file, and keep it. Raises OperationalError in the end."""
    file = _open(database)
    try:
        if file is not None:
            _wait(file, most_seconds)
        yield
    finally:
        if file is not None:
            os.close(file)


def _open(database: str) -> int | None:
    """The file of the lock. It belongs to whom the database belongs to, so that root may write once before."""
    try:
        file = os.open(f"{database}-turns", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    if os.geteuid() == 0:
        with suppress(OSError):
            about = Path(database).stat()
            os.fchown(file, about.st_uid, about.st_gid)
    return file


def _wait(file: int, most_seconds: float) -> None:
    began = time.monotonic()
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited > most_seconds:
                raise OperationalError(
                    "BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked")
                ) from None
            time.sleep(random.uniform(*PAUSE_SECONDS) / (1 + waited / PATIENCE_SECONDS))
        except OSError:  # the file system knows no such lock
            return None
