"""Opening hours: parsed from lines that staff write, formatted for people and robots.

A line of the week is "Mon-Fri 8:00-20:00", "Sat 9:00-14:00" or "Sun closed"; commas separate several spans of one day.
A line of the special days is "2026-12-25 closed Christmas Day" or "2026-12-24 9:00-13:00 Christmas Eve".
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from clinic.core.text import COMMAS

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = "|".join(DAYS)
WEEK_LINE = re.compile(rf"({_DAY})[a-z]*(?:\s*[-–]\s*({_DAY})[a-z]*)?\s+(.+)", re.IGNORECASE)
EXCEPTION_LINE = re.compile(
    r"(\d{4}-\d{2}-\d{2})\s+(closed|[\d:,\uff0c\u3001\s–-]+?)(?:\s+([^\d\s].*))?", re.IGNORECASE
)
SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")

Span = tuple[time, time]
PARTS = (("morning", time(0), time(12)), ("afternoon", time(12), time(17)), ("evening", time(17), time.max))


@dataclass(frozen=True)
class SpecialDay:
    """A date whose hours differ from the usual week."""

    day: date
    spans: tuple[Span, ...]
    name: str

    @property
    def hours(self) -> str:
        """The hours as text: "9:00–13:00", or "closed"."""
        return _hours(self.spans, "closed")


@dataclass(frozen=True)
class Group:
    """Consecutive weekdays with the same hours. `label` is for people ("Monday to Friday"), `days` for structured
    data."""

    label: str
    days: tuple[str, ...]
    spans: tuple[Span, ...]

    @property
    def hours(self) -> str:
        """The hours as text: "8:00–20:00", or "Closed"."""
        return _hours(self.spans, "Closed")


@dataclass(frozen=True)
class Hours:
    """The opening hours of each weekday, Monday first, and the special days."""

    week: tuple[tuple[Span, ...], ...]
    exceptions: tuple[SpecialDay, ...]

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """Return the spans during which the clinic is open on a date."""
        for exception in self.exceptions:
            if exception.day == day:
                return exception.spans
        return self.week[day.weekday()]

    def parts(self) -> list[tuple[str, list[str]]]:
        """Return the open weekdays, each with its open parts of the day: ("mon", ["morning", "evening"])."""
        return [
            (day.lower(), open_parts)
            for day, spans in zip(DAYS, self.week, strict=True)
            if (open_parts := [name for name, begins, ends in PARTS if any(a < ends and begins < b for a, b in spans)])
        ]

    def is_open(self, moment: datetime) -> bool:
        """Return whether the clinic is open at a moment, given in the clinic's time zone."""
        return any(opens <= moment.time() < closes for opens, closes in self.spans_on(moment.date()))

    def status(self, moment: datetime) -> str:
        """Return one sentence for visitors: open until when, or the next opening. `moment` is in the clinic's time
        zone."""
        for opens, closes in self.spans_on(moment.date()):
            if opens <= moment.time() < closes:
                return f"Open now, until {_clock(closes)}"
            if moment.time() < opens:
                return f"Closed now, opens today at {_clock(opens)}"
        for ahead in range(1, 15):
            day = moment.date() + timedelta(days=ahead)
            if spans := self.spans_on(day):
                name = "tomorrow" if ahead == 1 else LONG_DAYS[day.weekday()] if ahead < 7 else f"on {day.day} {day:%B}"
                return f"Closed now, opens {name} at {_clock(spans[0][0])}"
        return "Closed now"

    def groups(self) -> list[Group]:
        """Return the week with consecutive days of equal hours grouped together."""
        groups: list[Group] = []
        start = 0
        for number in range(1, 8):
            if number < 7 and self.week[number] == self.week[start]:
                continue
            first, last = LONG_DAYS[start], LONG_DAYS[number - 1]
            label = first if start == number - 1 else f"{first} to {last}"
            groups.append(Group(label, LONG_DAYS[start:number], self.week[start]))
            start = number
        return groups

    def coming(self, today: date) -> list[SpecialDay]:
        """Return the special days of the next eight weeks."""
        return [one for one in self.exceptions if today <= one.day <= today + timedelta(weeks=8)]


@lru_cache(maxsize=16)  # every page shows the hours
def read_hours(week: str, exceptions: str = "") -> Hours:
    """Parse the week and the special days. Raises ValueError with a sentence that quotes the wrong line."""
    days: list[tuple[Span, ...]] = [()] * 7
    for line in _lines(week):
        match = WEEK_LINE.fullmatch(line)
        if not match:
            raise ValueError(f"“{line}”: write it like “Mon-Fri 8:00-20:00” or “Sun closed”")
        first = DAYS.index(match[1].capitalize())
        last = DAYS.index(match[2].capitalize()) if match[2] else first
        if last < first:
            raise ValueError(f"“{line}”: the week begins on Monday, so put the earlier day first")
        for number in range(first, last + 1):
            days[number] = _spans(match[3], line)
    found = []
    for line in _lines(exceptions):
        match = EXCEPTION_LINE.fullmatch(line)
        try:
            day = date.fromisoformat(match[1] if match else "")
        except ValueError:
            raise ValueError(f"“{line}”: write it like “2026-12-25 closed Christmas Day”") from None
        assert match
        found.append(SpecialDay(day, _spans(match[2], line), (match[3] or "").strip()))
    return Hours(tuple(days), tuple(sorted(found, key=lambda one: one.day)))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _spans(text: str, line: str) -> tuple[Span, ...]:
    if text.strip().lower() == "closed":
        return ()
    spans = []
    for part in COMMAS.split(text):
        match = SPAN.fullmatch(part.strip())
        try:
            numbers = [int(number) for number in match.groups()] if match else []
            opens, closes = time(numbers[0], numbers[1]), time(numbers[2], numbers[3])
        except (IndexError, ValueError):
            opens = closes = time(0)
        if not match or opens >= closes:
            raise ValueError(f"“{line}”: write hours like 8:00-20:00, or closed")
        spans.append((opens, closes))
    return tuple(sorted(spans))


def _hours(spans: tuple[Span, ...], closed: str) -> str:
    return ", ".join(f"{_clock(opens)}–{_clock(closes)}" for opens, closes in spans) or closed


def _clock(value: time) -> str:
    return f"{value.hour}:{value.minute:02d}"
