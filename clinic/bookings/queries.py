"""Reads about trials."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from clinic.bookings.counts import is_trial
from clinic.bookings.models import BlockedGuest, Booking, BookingState, Claim, Service, Voucher
from clinic.core import clock
from clinic.core.bounded import count_up_to
from clinic.core.db import db
from clinic.leads.models import Lead
from clinic.preferences import preferences

MOST_COUNTED = 1000

ACTIVE_SERVICES = sa.select(Service).where(Service.is_active).order_by(Service.position, Service.id).limit(20)


def active_services() -> list[Service]:
    """Return the active services in the clinic's order."""
    return list(db.session.scalars(ACTIVE_SERVICES))


@dataclass(frozen=True)
class ServiceChoice:
    """A service in the trial form."""

    id: int
    slug: str
    name: str


def service_choices() -> tuple[ServiceChoice, ...]:
    """Return the services of the trial form, in the clinic's order."""
    rows = db.session.execute(ACTIVE_SERVICES.with_only_columns(Service.id, Service.slug, Service.name))
    return tuple(ServiceChoice(*row) for row in rows)


def voucher_with_code(code: str) -> Voucher | None:
    """Return the voucher with this code, ignoring case, spaces and hyphens, or None."""
    wanted = "".join(code.split()).upper().replace("-", "")
    return db.session.scalar(sa.select(Voucher).where(Voucher.code == wanted))


_BLOCKS = sa.select(BlockedGuest).where(
    BlockedGuest.digest.in_(sa.bindparam("digests", expanding=True)),
    sa.or_(BlockedGuest.until.is_(None), BlockedGuest.until >= sa.bindparam("today", type_=sa.Date)),
)


def is_blocked(digests: Iterable[str]) -> bool:
    """Return whether one of these ledger digests is blocked today."""
    return bool(blocks_of(digests))


def blocks_of(digests: Iterable[str]) -> list[BlockedGuest]:
    """Return the blocks in force today for these digests."""
    today = clock.now().astimezone(preferences().zone).date()
    return list(db.session.scalars(_BLOCKS, {"digests": list(digests), "today": today}))


def leads_behind(digests: Iterable[str]) -> list[tuple[Claim, Lead | None]]:
    """Return the claims with these digests, each with its lead, or None for an imported customer."""
    rows = sa.select(Claim, Lead).outerjoin(Lead, Lead.id == Claim.lead_id).where(Claim.digest.in_(list(digests)))
    return [(row[0], row[1]) for row in db.session.execute(rows.order_by(Claim.kind))]


def count_held() -> int:
    """Return the number of held bookings, at most a thousand."""
    return count_up_to(MOST_COUNTED, sa.select(Booking.id).where(Booking.state == BookingState.HELD))


def bookings_in(spans: list[tuple[datetime, datetime]]) -> list[int]:
    """Return the number of trials (counts.py) requested in each span, excluding its end. One statement; each number
    comes from an index alone."""
    number = sa.select(sa.func.count())
    counts = [
        number.where(is_trial(), Booking.created_at >= start, Booking.created_at < end).scalar_subquery()
        for start, end in spans
    ]
    return list(db.session.execute(sa.select(*counts)).one())


def bookings_of_leads(lead_ids: Collection[int]) -> list[int]:
    """Return the ids of the bookings of these leads."""
    return list(db.session.scalars(sa.select(Booking.id).where(Booking.lead_id.in_(lead_ids))))
