"""Writes about therapists and the secret addresses of their calendar feeds."""

import hashlib
import secrets

import sqlalchemy as sa

from clinic.accounts.operations import tell_owners
from clinic.core import audit
from clinic.core.db import atomic, claim_unique, db
from clinic.core.text import clean_line
from clinic.visits.errors import (
    TherapistBooked,
    TherapistTaken,
)
from clinic.visits.models import Therapist, Visit


@atomic()
def add_therapist(name: str, *, by: audit.Actor | None = None) -> Therapist:
    """Add a therapist. Raises TherapistTaken."""
    therapist = Therapist(is_active=True)
    _name(therapist, name)
    audit.record("added", therapist, by=by, detail=name)
    return therapist


@atomic()
def change_therapist(therapist: Therapist, name: str, is_active: bool, *, by: audit.Actor | None = None) -> None:
    """Change a therapist's name, or whether they get new visits. Raises TherapistTaken."""
    therapist.is_active = is_active
    _name(therapist, name)
    audit.record("changed", therapist, by=by, detail=name)


@atomic()
def delete_therapist(therapist: Therapist, *, by: audit.Actor | None = None) -> None:
    """Delete a therapist without visits. Raises TherapistBooked."""
    number = db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.therapist_id == therapist.id)) or 0
    if number:
        raise TherapistBooked(number)
    audit.record("deleted", therapist, by=by, detail=therapist.name)
    db.session.delete(therapist)
    db.session.flush()


@atomic()
def make_feed(therapist: Therapist, *, by: audit.Actor) -> str:
    """Create a new secret address for a therapist's calendar; the former one stops working. Returns the secret, which
    is not stored."""
    secret = secrets.token_urlsafe(24)
    therapist.feed_digest = feed_digest(secret)
    audit.record("made a calendar feed for", therapist, by=by)
    tell_owners(f"{by.name} made a secret calendar address for {therapist.name}: who has it reads the visits.")
    return secret


@atomic()
def revoke_feed(therapist: Therapist, *, by: audit.Actor) -> None:
    """Remove the secret address of a therapist's calendar."""
    therapist.feed_digest = None
    audit.record("revoked the calendar feed of", therapist, by=by)


def feed_digest(secret: str) -> str:
    """Return the digest that is stored of a secret address."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _name(therapist: Therapist, name: str) -> None:
    claim_unique(therapist, lambda _: TherapistTaken(), name=clean_line(name))
