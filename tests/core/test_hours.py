"""Opening hours: parsing, display, and whether the clinic is open."""

from datetime import date, datetime

import pytest

from clinic.core.hours import read_hours

WEEK = "Mon-Fri 8:00-20:00\nSat 9:00-12:00, 13:00-17:00\nSun closed"
SPECIAL = "2026-12-25 closed Christmas Day\n2026-12-24 9:00-13:00 Christmas Eve"


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (datetime(2026, 11, 23, 7, 59), "Closed now, opens today at 8:00"),
        (datetime(2026, 11, 23, 8, 0), "Open now, until 20:00"),
        (datetime(2026, 11, 23, 20, 0), "Closed now, opens tomorrow at 8:00"),
        (datetime(2026, 11, 21, 12, 30), "Closed now, opens today at 13:00"),
        (datetime(2026, 11, 21, 18, 0), "Closed now, opens Monday at 8:00"),
        (datetime(2026, 12, 24, 14, 0), "Closed now, opens Saturday at 9:00"),
        (datetime(2026, 12, 25, 10, 0), "Closed now, opens tomorrow at 9:00"),
    ],
)
def test_a_visitor_reads_whether_it_is_open_and_when_next(moment: datetime, says: str) -> None:
    hours = read_hours(WEEK, SPECIAL)
    assert hours.status(moment) == says
    assert hours.is_open(moment) is says.startswith("Open")


def test_a_clinic_without_hours_is_just_closed() -> None:
    assert read_hours("").status(datetime(2026, 11, 23, 10, 0)) == "Closed now"


def test_days_in_a_row_with_the_same_hours_share_a_line() -> None:
    lines = [(group.label, group.hours) for group in read_hours(WEEK).groups()]
    assert lines == [
        ("Monday to Friday", "8:00–20:00"),
        ("Saturday", "9:00–12:00, 13:00–17:00"),
        ("Sunday", "Closed"),
    ]


def test_coming_days_that_differ_are_named_and_past_ones_are_not() -> None:
    coming = read_hours(WEEK, SPECIAL).coming(date(2026, 12, 25))
    assert [(one.day, one.hours, one.name) for one in coming] == [(date(2026, 12, 25), "closed", "Christmas Day")]


@pytest.mark.parametrize(
    ("week", "special"),
    [
        ("Mon 8-9", ""),
        ("Someday 8:00-9:00", ""),
        ("Mon 9:00-8:00", ""),
        ("Mon 25:00-26:00", ""),
        ("Fri-Mon 8:00-9:00", ""),
        ("", "25 December closed"),
        ("", "2026-13-01 closed"),
        ("", "2026-12-24 at noon"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(week: str, special: str) -> None:
    with pytest.raises(ValueError, match="“"):
        read_hours(week, special)
