"""The one-time ledger: keyed digests of the email and mobile of everybody who has had a trial."""

import hashlib
import hmac
from collections.abc import Iterable

import sqlalchemy as sa

from clinic.bookings.models import Claim, ClaimKind
from clinic.core import clock
from clinic.core.db import db, insert_or_skip
from clinic.core.settings import settings
from clinic.core.text import canonical_email

Keys = dict[ClaimKind, str]


def claim_keys(email: str, mobile: str) -> Keys:
    """Return the ledger's digests of a person: of the canonical email and of the E.164 mobile."""
    return {ClaimKind.EMAIL: digest(canonical_email(email)), ClaimKind.MOBILE: digest(mobile)}


def contact_digest(keys: Keys) -> str:
    """Return one digest for the pair of email and mobile."""
    return digest(f"{keys[ClaimKind.EMAIL]}|{keys[ClaimKind.MOBILE]}")


def digest(value: str) -> str:
    """Return HMAC-SHA256 (RFC 2104) as hex. Without the key nobody can test addresses against the ledger."""
    return hmac.new(settings().ledger_key.encode(), value.encode(), hashlib.sha256).hexdigest()


def claim(kind: ClaimKind, digest: str, lead_id: int) -> bool:
    """Insert one claim for a lead. Returns False if the email or mobile was already in the ledger."""
    return insert_or_skip(Claim, kind=kind, digest=digest, lead_id=lead_id, claimed_at=clock.now())


def last_claim(digests: Iterable[str]) -> int:
    """Return the id of the newest claim with one of these digests, or 0."""
    return db.session.scalar(sa.select(sa.func.max(Claim.id)).where(Claim.digest.in_(list(digests)))) or 0


def given_contacts(email: str, mobile: str) -> dict[ClaimKind, str]:
    """Return the canonical email address and the mobile that are given, without empty ones."""
    both = {ClaimKind.EMAIL: canonical_email(email) if email else "", ClaimKind.MOBILE: mobile}
    return {kind: value for kind, value in both.items() if value}
