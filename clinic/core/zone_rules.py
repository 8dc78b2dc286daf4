"""VTIMEZONE of a calendar file: the rules of a time zone around the years of its events (RFC 5545 § 3.6.5).

Some calendars misread the whole history of a zone, or a list of dates instead of a rule. A file therefore has one
STANDARD and at most one DAYLIGHT component with a yearly rule, and more only if the rule itself changes in those years.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

YEARS_AHEAD = 12  # a rule must hold for this many years; weekdays repeat after 11 at most
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Change:
    """One clock change: the wall time before it, and the offsets before and after."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def at(self) -> datetime:
        """The time of the change, in UTC."""
        return (self.wall - self.before).replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def zone_component(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """Return the rules that apply in these years and in the year before and after them."""
    start, end = first_year - 1, last_year + 1
    changes = _changes(zone, start, end + YEARS_AHEAD)
    within = [change for change in changes if change.wall.year <= end]
    made = Timezone()
    made.add("tzid", zone.key)
    has_summer = any(change.at.astimezone(zone).dst() for change in within)
    if not within or within[0].at > datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=1):
        began = datetime(start, 1, 1)  # noqa: DTZ001 - wall time
        offset = began.replace(tzinfo=zone).utcoffset() or timedelta()
        made.add_component(_observance(Change(began, offset, offset, began.replace(tzinfo=zone).tzname() or "")))

    def kind(change: Change) -> tuple[timedelta, timedelta, str]:
        return change.before, change.after, change.name

    for _, alike in groupby(sorted(within, key=lambda one: (kind(one), one.wall)), key=kind):
        of_this_kind = list(alike)
        later = [one for one in changes if one.wall.year > end and kind(one) == kind(of_this_kind[0])]
        for run, rule, is_open in _runs(of_this_kind, later, end):
            made.add_component(_observance(run[0], rule, None if is_open else run[-1], has_summer=has_summer))
    made.subcomponents.sort(key=lambda one: str(one["DTSTART"].to_ical()))
    return made


def years_of(moments: Iterable[datetime], zone: ZoneInfo) -> tuple[int, int]:
    """Return the first and last year of some datetimes in a zone; the current year if there are none."""
    years = [moment.astimezone(zone).year for moment in moments] or [datetime.now(zone).year]
    return min(years), max(years)


def _changes(zone: ZoneInfo, first_year: int, last_year: int) -> list[Change]:
    """Return each change of offset or name in these years."""
    found = []
    day, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while day < end:
        following = day + timedelta(days=1)
        if _said(zone, day) != _said(zone, following):
            low, high = day, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if _said(zone, middle) == _said(zone, day) else (low, middle)
            moment = high.replace(microsecond=0)
            before, (after, name) = _said(zone, low)[0], _said(zone, high)
            found.append(Change(moment.astimezone(timezone(before)).replace(tzinfo=None), before, after, name))
        day = following
    return found


def _said(zone: ZoneInfo, moment: datetime) -> tuple[timedelta, str]:
    local = moment.astimezone(zone)
    return local.utcoffset() or timedelta(), local.tzname() or ""


def _runs(
    changes: Sequence[Change], later: Sequence[Change], end: int
) -> Iterable[tuple[list[Change], vRecur | None, bool]]:
    """Split changes of one kind where their rule changes. Yields each part with its rule, and whether the rule
    continues after `end`."""
    rest = list(changes)
    while rest:
        run = rest[:1]
        for change in rest[1:]:
            if not _rule([*run, change]):
                break
            run.append(change)
        rest = rest[len(run) :]
        ahead = [] if rest else list(later)
        goes_on = bool(ahead) and run[-1].wall.year == end and _rule([*run, *ahead])
        rule = goes_on or (_rule(run) if len(run) > 1 else None)
        yield run, rule or None, bool(goes_on)


def _rule(changes: Sequence[Change]) -> vRecur | None:
    """Return the yearly rule that fits all these changes, one per year, or None."""
    first = changes[0].wall
    is_yearly = [one.wall.year for one in changes] == list(range(first.year, first.year + len(changes)))
    is_alike = len({(one.wall.month, one.wall.weekday(), one.wall.time()) for one in changes}) == 1
    if not is_yearly or not is_alike:
        return None
    weekday, month, days = WEEKDAYS[first.weekday()], first.month, [one.wall.day for one in changes]
    base = {"FREQ": ["YEARLY"], "BYMONTH": [month]}
    if all(one.wall.day > calendar.monthrange(one.wall.year, month)[1] - 7 for one in changes) and (
        len(changes) == 1 or len({(day - 1) // 7 for day in days}) > 1
    ):
        return vRecur(base | {"BYDAY": [f"-1{weekday}"]})
    if len({(day - 1) // 7 for day in days}) == 1:
        return vRecur(base | {"BYDAY": [f"{(days[0] - 1) // 7 + 1}{weekday}"]})
    if max(days) - min(days) < 7:  # for example the Friday before the last Sunday
        window = list(range(max(days) - 6, max(days) + 1)) if max(days) > 6 else list(range(min(days), min(days) + 7))
        return vRecur(base | {"BYDAY": [weekday], "BYMONTHDAY": window})
    return None


def _observance(
    change: Change, rule: vRecur | None = None, last: Change | None = None, *, has_summer: bool = False
) -> TimezoneStandard | TimezoneDaylight:
    is_summer = has_summer and change.after > change.before
    made = TimezoneDaylight() if is_summer else TimezoneStandard()
    made.add("dtstart", change.wall)
    made.add("tzoffsetfrom", change.before)
    made.add("tzoffsetto", change.after)
    made.add("tzname", change.name)
    if rule is not None:
        made["rrule"] = vRecur(dict(rule) | ({"UNTIL": [last.at]} if last else {}))
    return made
