"""Reads about visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.core import clock
from clinic.core.bounded import Found, first_found
from clinic.core.db import db
from clinic.leads.models import Lead, LeadEvent, Stage
from clinic.leads.queries import latest_events, merge_of, rows_of_others
from clinic.preferences import preferences
from clinic.visits.models import Therapist, Visit, VisitState, Wish

TAKING = (VisitState.SET, VisitState.ATTENDED, VisitState.NO_SHOW)  # states that take up the therapist's time
Interval = tuple[datetime, datetime]
MOST_OPEN = 150


def therapists(*, also_inactive: bool = False) -> list[Therapist]:
    """Return the therapists in the clinic's order."""
    people = sa.select(Therapist) if also_inactive else sa.select(Therapist).where(Therapist.is_active)
    return list(db.session.scalars(people.order_by(Therapist.position, Therapist.id).limit(100)))


def visit_of(booking_id: int) -> Visit | None:
    """Return the visit of a booking in any state, or None."""
    return db.session.scalar(sa.select(Visit).where(Visit.booking_id == booking_id))


def wish_of(booking_id: int) -> Wish | None:
    """Return the wish of a booking, or None."""
    return db.session.get(Wish, booking_id)


def day_span(day: date) -> Interval:
    """Return start and end of a day in the clinic's time zone."""
    zone = preferences().zone
    start = datetime.combine(day, time(), zone)
    return start, datetime.combine(day + timedelta(days=1), time(), zone)


def visits_between(start: datetime, end: datetime, *, therapist_id: int | None = None) -> list[Visit]:
    """Return visits that begin in a span and are not cancelled, with booking and therapist, sorted by time."""
    where = [Visit.starts_at >= start, Visit.starts_at < end, Visit.state != VisitState.CANCELLED]
    if therapist_id is not None:
        where.append(Visit.therapist_id == therapist_id)
    rows = sa.select(Visit).where(*where).order_by(Visit.starts_at, Visit.therapist_id).limit(2000)
    return list(db.session.scalars(rows).unique())


def count_visits(start: datetime, end: datetime) -> int:
    """Return the number of visits that visits_between() lists."""
    where = (Visit.starts_at >= start, Visit.starts_at < end, Visit.state != VisitState.CANCELLED)
    return db.session.scalar(sa.select(sa.func.count(Visit.id)).where(*where)) or 0


def count_without_time() -> int:
    """Return the number of bookings that wait for the desk to set or change a time."""
    return db.session.scalar(_waiting(sa.func.count(Booking.id))) or 0


def bookings_without_time(most: int = 100) -> Found[Booking]:
    """Return the booked trials that need a first or another time, oldest first, and their number."""
    return first_found(_waiting(Booking).order_by(Booking.created_at, Booking.id), most)


def _waiting(what: Any) -> sa.Select[Any]:
    """Select bookings that are booked, with a valid voucher and an open lead, and without a time or with a wish for
    another.

    Only the latest MOST_OPEN leads of each stage are searched, and their ids are read first. Otherwise the query
    planner would walk all bookings.
    """
    latest = (
        sa.select(Lead.id)
        .where(Lead.stage == stage)
        .order_by(Lead.created_at.desc())
        .limit(MOST_OPEN)
        .subquery()
        .select()
        for stage in (Stage.NEW, Stage.CONTACTED, Stage.BOOKED)
    )
    lead_ids = list(db.session.scalars(sa.union_all(*latest)))
    return (
        sa.select(what)
        .select_from(Booking)
        .join(Voucher, Voucher.booking_id == Booking.id)
        .outerjoin(Visit, Visit.booking_id == Booking.id)
        .outerjoin(Wish, Wish.booking_id == Booking.id)
        .where(
            Booking.lead_id.in_(lead_ids),
            # coalesce() keeps SQLite from using the index on state, as nearly all bookings are booked.
            sa.func.coalesce(Booking.state, "") == BookingState.BOOKED,
            Voucher.state == VoucherState.ISSUED,
            Voucher.expires_at > clock.now(),
            sa.or_(Visit.id.is_(None), Visit.state != VisitState.SET, Wish.wants_other_at.is_not(None)),
        )
    )


def busy_between(start: datetime, end: datetime) -> dict[int, list[Interval]]:
    """Return the busy intervals of each therapist, by id, in a span of time. One statement."""
    rows = db.session.execute(
        sa.select(Visit.therapist_id, Visit.starts_at, Visit.ends_at).where(
            Visit.starts_at < end,
            Visit.starts_at > start - timedelta(hours=12),
            Visit.ends_at > start,
            Visit.state.in_(TAKING),
        )
    )
    busy: dict[int, list[Interval]] = {}
    for row in rows:
        busy.setdefault(row.therapist_id, []).append((row.starts_at, row.ends_at))
    return busy


def free_starts(therapist_ids: Iterable[int], days: list[date], minutes: int) -> dict[int, list[datetime]]:
    """Return the possible starts of a session, by therapist: in the future, on whole hours after opening, and free."""
    busy = busy_between(day_span(days[0])[0], day_span(days[-1])[1])
    clinic, length = preferences(), timedelta(minutes=minutes)
    opening, zone = clinic.opening, clinic.zone
    starts = []
    for day in days:
        for opens, closes in opening.spans_on(day):
            moment = datetime.combine(day, opens, zone)
            while moment + length <= datetime.combine(day, closes, zone):
                if moment > clock.now():
                    starts.append(moment)
                moment += timedelta(hours=1)
    return {
        id_: [start for start in starts if not any(a < start + length and start < b for a, b in busy.get(id_, ()))]
        for id_ in therapist_ids
    }


def nearest_free(therapist_id: int, wanted: datetime, minutes: int, *, most: int = 6) -> list[datetime]:
    """Return the free times nearest to a taken one, in order."""
    local = wanted.astimezone(preferences().zone).date()
    days = [local + timedelta(days=number) for number in range(-2, 6)]
    free = free_starts([therapist_id], days, minutes)[therapist_id]
    return sorted(sorted(free, key=lambda start: abs(start - wanted))[:most])


def visits_to_remind(until: datetime, most: int = 500) -> list[Visit]:
    """Return the set visits that begin between now and `until`."""
    where = (Visit.state == VisitState.SET, Visit.starts_at > clock.now(), Visit.starts_at <= until)
    return list(db.session.scalars(sa.select(Visit).where(*where).order_by(Visit.starts_at).limit(most)).unique())


def therapist_of_feed(digest: str) -> Therapist | None:
    """Return the active therapist with this feed digest, or None."""
    return db.session.scalar(sa.select(Therapist).where(Therapist.feed_digest == digest, Therapist.is_active))


@dataclass(frozen=True)
class OwnData:
    """The data of one lead, without those of leads it was merged with."""

    lead: Lead
    bookings: list[Booking]
    events: list[LeadEvent]


def own_data(lead: Lead) -> OwnData:
    """Return the data that came in under this lead's own name. If a merge was a mistake, the other lead is another
    person."""
    merge = merge_of(lead)

    def own(table: str, model: Any) -> tuple[sa.ColumnElement[bool], ...]:
        is_theirs = model.id.in_(merge.moved.get(table, ())) if merge else model.lead_id == lead.id
        return is_theirs, model.id.not_in(rows_of_others(lead, table))

    bookings = list(
        db.session.scalars(sa.select(Booking).where(*own("booking", Booking)).order_by(Booking.id).limit(200)).unique()
    )
    # Events about a booking after a merge are in the history of the lead that was kept.
    is_about_own = LeadEvent.booking_id.in_([booking.id for booking in bookings])
    is_own = sa.and_(LeadEvent.booking_id.is_(None), *own("lead_event", LeadEvent))
    return OwnData(lead, bookings, latest_events(sa.or_(is_about_own, is_own)))


def visits_in_feed(therapist: Therapist) -> list[Visit]:
    """Return the visits in a therapist's calendar: those of the last month and all coming ones."""
    where = (
        Visit.therapist_id == therapist.id,
        Visit.state == VisitState.SET,
        Visit.starts_at > clock.now() - timedelta(days=31),
    )
    rows = sa.select(Visit).where(*where).order_by(Visit.starts_at).limit(1000).options(joinedload(Visit.booking))
    return list(db.session.scalars(rows).unique())
