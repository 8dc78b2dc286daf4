"""Time zones in calendar files: one component of each kind, and the right offset around every clock change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar, Timezone

from clinic.core.zone_rules import _changes, years_of, zone_component

ZONES = [
    "Asia/Singapore", "Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "America/Sao_Paulo",
    "Asia/Jerusalem", "Europe/Dublin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Auckland",
    "Asia/Kathmandu", "UTC", "America/St_Johns", "Europe/Berlin", "Asia/Beirut",
]  # fmt: skip
CHANGED = [  # a zone, and a year whose rule differs from the year before or after
    ("America/New_York", 2007), ("America/Sao_Paulo", 2019), ("Asia/Amman", 2022), ("Europe/Istanbul", 2016),
    ("Africa/Casablanca", 2026), ("Asia/Singapore", 1982), ("America/Mexico_City", 2022), ("Africa/Cairo", 2023),
    ("Africa/Cairo", 2026),  # the day after the last Thursday falls into two months, which no rule can express
]  # fmt: skip


def offset_by(component: Any, moment: datetime) -> timedelta:
    """Return the offset that a calendar computes from the rules in the file alone."""
    best: tuple[datetime, timedelta] | None = None
    for part in component.walk():
        if part.name not in ("STANDARD", "DAYLIGHT"):
            continue
        before, after = part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td
        for onset in onsets(part):
            at = (onset - before).replace(tzinfo=UTC)
            if at <= moment and (best is None or at > best[0]):
                best = (at, after)
    assert best is not None, f"nothing is said about {moment}"
    return best[1]


def onsets(part: Any) -> list[datetime]:
    start = part["DTSTART"].dt
    if "RRULE" not in part:
        return [start]
    text = part["RRULE"].to_ical().decode()
    head, _, until = text.partition("UNTIL=")
    rule = rrulestr(f"{head}{until.partition(';')[2]}".strip(";"), dtstart=start)
    found: list[datetime] = rule.between(start, datetime(2045, 1, 1), inc=True)  # noqa: DTZ001
    if until:
        end = datetime.strptime(until.partition(";")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        found = [one for one in found if (one - part["TZOFFSETFROM"].td).replace(tzinfo=UTC) <= end]
    return found


def read(component: Timezone) -> Timezone:
    """Parse the file as another program would."""
    calendar = Calendar.from_ical(b"BEGIN:VCALENDAR\r\n" + component.to_ical() + b"END:VCALENDAR\r\n")
    (zone,) = calendar.walk("VTIMEZONE")
    return zone  # type: ignore[return-value]


def agrees(zone: ZoneInfo, component: Timezone, first: int, last: int) -> None:
    start = datetime(first, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=10) * number for number in range(37 * (last - first + 1))]
    for change in _changes(zone, first, last):
        moments += [change.at + timedelta(minutes=minutes) for minutes in (-1441, -61, -1, 0, 1, 59, 61, 1441)]
    for moment in moments:
        if first <= moment.astimezone(zone).year <= last:
            assert offset_by(component, moment) == moment.astimezone(zone).utcoffset(), moment


@pytest.mark.parametrize("name", ZONES)
def test_there_is_one_rule_of_each_kind_and_it_is_right_around_every_change(name: str) -> None:
    zone = ZoneInfo(name)
    component = read(zone_component(zone, 2026, 2027))
    kinds = [part.name for part in component.subcomponents]
    clocks_change = bool(_changes(zone, 2026, 2027))
    assert sorted(kinds) == (["DAYLIGHT", "STANDARD"] if clocks_change else ["STANDARD"])
    assert all(("RRULE" in part) is clocks_change for part in component.subcomponents)
    assert b"RDATE" not in component.to_ical()
    agrees(zone, component, 2026, 2027)
    agrees(zone, component, 2028, 2036)  # the rule continues


@pytest.mark.parametrize(("name", "year"), CHANGED)
def test_a_rule_that_changes_is_right_before_and_after(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    component = read(zone_component(zone, year, year))
    assert b"RDATE" not in component.to_ical()
    agrees(zone, component, year, year)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("Europe/London", {"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"}),
        ("America/New_York", {"FREQ=YEARLY;BYDAY=2SU;BYMONTH=3", "FREQ=YEARLY;BYDAY=1SU;BYMONTH=11"}),
        ("Australia/Sydney", {"FREQ=YEARLY;BYDAY=1SU;BYMONTH=4", "FREQ=YEARLY;BYDAY=1SU;BYMONTH=10"}),
        ("Asia/Singapore", set()),
    ],
)
def test_the_rule_is_the_one_that_is_in_force(name: str, rules: set[str]) -> None:
    component = zone_component(ZoneInfo(name), 2026, 2026)
    found = {part["RRULE"].to_ical().decode() for part in component.subcomponents if "RRULE" in part}
    assert found == rules


def test_the_years_are_those_of_the_wall() -> None:
    zone = ZoneInfo("Asia/Singapore")
    assert years_of([datetime(2026, 12, 31, 20, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)], zone) == (2025, 2027)
