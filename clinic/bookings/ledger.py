"""The one-time ledger: who has had a trial, as keyed digests that name nobody."""

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
    """The digests that the ledger keeps of a person: of the canonical e-mail and of the E.164 mobile."""
    return {ClaimKind.EMAIL: digest(canonical_email(email)), ClaimKind.MOBILE: digest(mobile)}


def contact_digest(keys: Keys) -> str:
    """One digest for the pair of e-mail and mobile."""
    return digest(f"{keys[ClaimKind.EMAIL]}|{keys[ClaimKind.MOBILE]}")


def digest(value: str) -> str:
    """HMAC-SHA256 (RFC 2104) in hexadecimal: without the key nobody can try out addresses."""
    return hmac.new(settings().ledger_key.encode(), value.encode(), hashlib.sha256).hexdigest()


def claim(kind: ClaimKind, digest: str, lead_id: int) -> bool:
    """Enter one line for a lead. Returns False when the e-mail or mobile was in the ledger before."""
    return insert_or_skip(Claim, kind=kind, digest=digest, lead_id=lead_id, claimed_at=clock.now())


def last_claim(digests: Iterable[str]) -> int:
    """The id of the newest line with one of these digests; 0 if there is none."""
    return db.session.scalar(sa.select(sa.func.max(Claim.id)).where(Claim.digest.in_(list(digests)))) or 0


def _said(email: str, mobile: str) -> dict[ClaimKind, str]:
    both = {ClaimKind.EMAIL: canonical_email(email) if email else "", ClaimKind.MOBILE: mobile}
    return {kind: value for kind, value in both.items() if value}
