"""Lock that queues the writers of one SQLite file, across threads and processes.

SQLite allows one writer at a time. A writer that finds the file busy sleeps and retries with growing delays, so under
load some wait a second while later ones pass. Here a writer retries an flock(2) after a short random delay, and more
often the longer it has waited. The kernel releases the lock when its process ends. Where the file system has no such
lock, SQLite's own waiting applies.
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
PATIENCE_SECONDS = 0.03  # after this long a writer retries twice as often


@contextmanager
def turn(database: str, *, most_seconds: float) -> Iterator[None]:
    """Hold the write lock of a database file for the block. Raises OperationalError after `most_seconds`."""
    file = _open(database)
    try:
        if file is not None:
            _wait(file, most_seconds)
        yield
    finally:
        if file is not None:
            os.close(file)


def _open(database: str) -> int | None:
    """Open the lock file; None if that is impossible. Under root it is given to the owner of the database, who must be
    able to open it later."""
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
        except OSError:  # the file system does not support such locks
            return None
