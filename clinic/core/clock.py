"""The only clock, so that tests can move it."""

from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source = _system_time


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()
