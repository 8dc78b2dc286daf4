"""Report: how many readers become trials, visitors and members, from existing data and without cookies.

People count on the day of their trial request. Somebody who joins later is added to that day's row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from clinic.articles.models import Article, ReadCount
from clinic.bookings.counts import has_attended, has_joined, is_trial
from clinic.bookings.models import Booking, Service, Voucher
from clinic.core.db import db
from clinic.leads.models import Lead
from clinic.preferences import preferences

MOST_ROWS = 500


@dataclass(frozen=True)
class Row:
    """Line of the report. `reads` is None for rows without reads."""

    name: str
    reads: int | None
    trials: int
    attended: int
    joined: int


def by_article(start: datetime, end: datetime) -> list[Row]:
    """Return a row for each article that was read or led to a trial, most trials first, then the other sources."""
    zone = preferences().zone
    days = (ReadCount.day >= start.astimezone(zone).date(), ReadCount.day < end.astimezone(zone).date())
    reads = dict(
        _pairs(sa.select(ReadCount.article_id, sa.func.sum(ReadCount.reads)).where(*days), ReadCount.article_id)
    )
    people = _people(Booking.article_id, start, end)
    titles = dict(_pairs(sa.select(Article.id, Article.title).where(Article.id.in_([*reads, *people])), None))
    rows = [Row(titles[id_], int(reads.get(id_, 0)), *people.get(id_, (0, 0, 0))) for id_ in titles]
    rows.sort(key=lambda row: (-row.joined, -row.attended, -row.trials, -(row.reads or 0), row.name))
    elsewhere = people.get(None)
    return rows[:MOST_ROWS] + ([Row("Not from an article", None, *elsewhere)] if elsewhere else [])


def by_service(start: datetime, end: datetime) -> list[Row]:
    """Return a row for each requested service."""
    people = _people(Booking.service_id, start, end)
    names = dict(_pairs(sa.select(Service.id, Service.name).order_by(Service.position, Service.id), None))
    return [Row(name, None, *people[id_]) for id_, name in names.items() if id_ in people]


def by_week(start: datetime, end: datetime) -> list[Row]:
    """Return a row for each week, which begins on Monday, latest first."""
    zone = preferences().zone
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    reads: dict[Any, int] = {}
    counts = sa.select(ReadCount.day, sa.func.sum(ReadCount.reads)).where(ReadCount.day >= first, ReadCount.day < last)
    for day, number in _pairs(counts, ReadCount.day):
        monday = day - timedelta(days=day.weekday())
        reads[monday] = reads.get(monday, 0) + int(number)
    people: dict[Any, list[int]] = {}
    asked = sa.select(Booking.created_at, *_outcomes()).where(*_asked_in(start, end))
    for row in db.session.execute(_with_outcomes(asked).execution_options(yield_per=1000)):
        day = row[0].astimezone(zone).date()
        monday = day - timedelta(days=day.weekday())
        sums = people.setdefault(monday, [0, 0, 0])
        for place, number in enumerate((1, row[1], row[2])):
            sums[place] += number
    weeks = sorted({*reads, *people}, reverse=True)
    return [Row(str(week), reads.get(week, 0), *people.get(week, [0, 0, 0])) for week in weeks][:MOST_ROWS]


def _people(column: Any, start: datetime, end: datetime) -> dict[Any, tuple[int, int, int]]:
    """Return trials, attended and joined people, grouped by a column of bookings."""
    attended, joined = _outcomes()
    rows = sa.select(column, sa.func.count(Booking.id), sa.func.sum(attended), sa.func.sum(joined))
    grouped = _with_outcomes(rows.where(*_asked_in(start, end))).group_by(column)
    return {row[0]: (row[1], int(row[2] or 0), int(row[3] or 0)) for row in db.session.execute(grouped)}


def _outcomes() -> tuple[Any, Any]:
    return sa.case((has_attended(), 1), else_=0), sa.case((has_joined(), 1), else_=0)


def _with_outcomes(rows: Any) -> Any:
    return (
        rows.select_from(Booking)
        .join(Lead, Lead.id == Booking.lead_id)
        .outerjoin(Voucher, Voucher.booking_id == Booking.id)
    )


def _asked_in(start: datetime, end: datetime) -> tuple[Any, ...]:
    return (Booking.created_at >= start, Booking.created_at < end, is_trial())


def _pairs(rows: Any, group: Any) -> Iterable[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in db.session.execute(rows.group_by(group) if group is not None else rows)]
