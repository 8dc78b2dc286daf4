"""The only clock, so that tests can move it."""

import calendar
from datetime import UTC, date, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source = _system_time


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
