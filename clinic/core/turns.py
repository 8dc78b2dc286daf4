"""Writers of one SQLite file take turns, in the order in which they came, whatever process they are in.

SQLite lets one write at a time, and whoever finds it busy sleeps and looks again, longer each time: under load some
wait for a second while others that came later pass. A lock of a file that the kernel hands on (flock(2)) lets nobody
sleep too long, and ends with its process. Where the file system knows none, SQLite's own waiting remains.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def turn(database: str) -> Iterator[float]:
    """Wait for one's turn to write to a database file, and keep it. Gives how long that took, in seconds."""
    began = time.monotonic()
    file = os.open(f"{database}-turns", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield time.monotonic() - began
    finally:
        os.close(file)
