"""The only source of the current time. Tests replace it to move time."""

import calendar
from datetime import UTC, date, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source = _system_time


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return _source()


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
