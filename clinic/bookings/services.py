"""Writes about services, the sessions that the clinic sells."""

from dataclasses import dataclass

import sqlalchemy as sa

from clinic.articles.redirects import follow_move
from clinic.bookings.errors import (
    ServiceBooked,
    ServiceTaken,
)
from clinic.bookings.models import Booking, Service
from clinic.core import audit
from clinic.core.db import atomic, claim_unique, db
from clinic.core.html import sanitise
from clinic.core.text import clean_line, clean_text, slugify


@atomic()
def ensure_service(*, slug: str, name: str, summary: str, minutes: int, position: int, body: str = "") -> Service:
    """Return the service with this slug; create it if it is missing."""
    service = db.session.scalar(sa.select(Service).where(Service.slug == slug))
    if service is None:
        service = Service(
            slug=slug, name=clean_line(name), summary=clean_text(summary), minutes=minutes, position=position
        )
        service.body = sanitise(body)
        db.session.add(service)
        db.session.flush()
    return service


@dataclass(frozen=True)
class Offer:
    """The description of a service. `body` is HTML as typed."""

    name: str
    summary: str
    minutes: int
    body: str = ""
    slug: str = ""
    is_active: bool = True


@atomic()
def add_service(offer: Offer, *, by: audit.Actor | None = None) -> Service:
    """Add a service at the end; an empty slug is made from the name. Raises ServiceTaken."""
    service = Service()
    _offer(service, offer, slugify(offer.slug or offer.name) or "service")
    audit.record("added", service, by=by, detail=service.name)
    return service


@atomic()
def change_service(service: Service, offer: Offer, *, by: audit.Actor | None = None) -> Service:
    """Change what visitors are told; an old address redirects to the new one. Raises ServiceTaken."""
    old = service.address
    _offer(service, offer, slugify(offer.slug) or service.slug)
    if service.address != old:
        follow_move(old, service.address)
    audit.record("changed", service, by=by, detail=service.name)
    return service


@atomic()
def delete_service(service: Service, *, by: audit.Actor | None = None) -> None:
    """Delete a service without bookings. Raises ServiceBooked."""
    number = db.session.scalar(sa.select(sa.func.count(Booking.id)).where(Booking.service_id == service.id)) or 0
    if number:
        raise ServiceBooked(number)
    audit.record("deleted", service, by=by, detail=service.name)
    db.session.delete(service)
    db.session.flush()


def _offer(service: Service, offer: Offer, slug: str) -> None:
    name = clean_line(offer.name)
    service.summary, service.body = clean_text(offer.summary), sanitise(offer.body)
    service.minutes, service.is_active = offer.minutes, offer.is_active
    claim_unique(service, ServiceTaken, name=name, slug=slug)
