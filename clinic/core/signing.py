"""Signed values: time stamps of forms, and links that are valid for one purpose."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from itsdangerous import BadSignature, SignatureExpired, Signer, TimestampSigner
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db, insert_or_skip
from clinic.core.settings import settings

Made = TypeVar("Made")


class Secret(str):
    """Text that grants access by itself, such as the address of a signed link.

    The outbox stores it apart from the text of a message and deletes it after sending (outbox/operations.py), so no
    screen can show it.
    """

    __slots__ = ()


class LinkExpired(ValueError):
    """A valid link whose time is over."""


class SpentLink(Base):
    """A single-use link that has been used. The row may be deleted once the link has expired."""

    __tablename__ = "spent_link"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def sign(purpose: str, value: str) -> str:
    """Return a value signed for one purpose, as part of a link. It is not encrypted: anybody with the link can read
    it."""
    return _ClockSigner(settings().secret_key, salt=f"link {purpose}").sign(value.encode().hex()).decode()


def link_url(purpose: str, value: str) -> Secret:
    """Return the full address of a signed link for an email; web/links.py answers it."""
    return Secret(f"{settings().site_url}/link/{purpose}/{sign(purpose, value)}/")


def unsign(purpose: str, token: str, *, most_age: timedelta) -> str:
    """Return the value of a signed link. Raises LinkExpired, or ValueError if the signature or the purpose is wrong."""
    signer = _ClockSigner(settings().secret_key, salt=f"link {purpose}")
    try:
        return bytes.fromhex(signer.unsign(token, max_age=int(most_age.total_seconds())).decode()).decode()
    except SignatureExpired:
        raise LinkExpired("too old") from None
    except BadSignature:
        raise ValueError("not a link of ours") from None


def seal(purpose: str, value: str) -> str:
    """Return a signed value for a form field. It has no time stamp, so a stored page may hold it."""
    return Signer(settings().secret_key, salt=f"seal {purpose}").sign(value.encode().hex()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """Return the value of a sealed field. Raises ValueError if the signature is wrong."""
    try:
        signer = Signer(settings().secret_key, salt=f"seal {purpose}")
        return bytes.fromhex(signer.unsign(sealed).decode()).decode()
    except BadSignature:
        raise ValueError("not sealed by us") from None


def spend_link(purpose: str, token: str, lives: timedelta) -> bool:
    """Record in the current transaction that a valid link was used. Returns False if it had been used before."""
    return insert_or_skip(SpentLink, digest=link_digest(purpose, token), expires_at=clock.now() + lives)


@atomic()
def spend_and_act(purpose: str, token: str, lives: timedelta, act: Callable[[], Made]) -> Made | None:
    """Spend a valid link and do what it is for, both or neither. Returns None if the link was used before."""
    return act() if spend_link(purpose, token, lives) else None


def is_spent(purpose: str, token: str) -> bool:
    """Return whether a valid link has been used."""
    return db.session.get(SpentLink, link_digest(purpose, token)) is not None


def link_digest(purpose: str, token: str) -> str:
    """Return the digest that identifies a valid link, whatever its spelling.

    The signature is left out, because several base64 spellings of the same bytes all verify. The part before it is
    signed character by character.
    """
    signed = token.rpartition(".")[0]
    return hashlib.sha256(f"{purpose} {signed}".encode()).hexdigest()


@atomic()
def sweep_spent_links() -> None:
    """Delete the rows of links that have expired."""
    db.session.execute(sa.delete(SpentLink).where(SpentLink.expires_at < clock.now()))


class Stamper:
    """Signer of the time when a form was shown. A stamp holds nothing about the person."""

    def __init__(self, secret: str) -> None:
        self._signer = _ClockSigner(secret, salt="form-shown-at")

    def stamp(self) -> str:
        """Return the current time, signed."""
        return self._signer.sign("").decode()

    def shown_at(self, stamp: str) -> datetime:
        """Return the time when a stamp was made. Raises ValueError if the signature is wrong."""
        try:
            _, made = self._signer.unsign(stamp, return_timestamp=True)
        except BadSignature:
            raise ValueError("not a stamp of ours") from None
        return made.astimezone(UTC)


class _ClockSigner(TimestampSigner):
    """TimestampSigner on our clock, in whole seconds as itsdangerous counts them."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())
