"""Signed values that can be checked and not forged: a form's time stamp, and links for one purpose."""

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
    """Text that opens something by itself, such as the address of a signed link.

    A mail keeps it apart from its text and forgets it once it is sent (outbox/operations.py), so no screen can show it.
    """

    __slots__ = ()


class LinkExpired(ValueError):
    """The link is ours, and too old."""


class SpentLink(Base):
    """A link that was good for one use and has been used. It can be forgotten once the link has expired."""

    __tablename__ = "spent_link"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def sign(purpose: str, value: str) -> str:
    """A value as part of a link, good for one purpose only. It is not secret: whoever has the link can read it."""
    return _ClockSigner(settings().secret_key, salt=f"link {purpose}").sign(value.encode().hex()).decode()


def link_url(purpose: str, value: str) -> Secret:
    """The whole address of a link for a mail; web/links.py answers it."""
    return Secret(f"{settings().site_url}/link/{purpose}/{sign(purpose, value)}/")


def unsign(purpose: str, token: str, *, most_age: timedelta) -> str:
    """The value of a link. Raises LinkExpired, or ValueError for one that is not ours or for another purpose."""
    signer = _ClockSigner(settings().secret_key, salt=f"link {purpose}")
    try:
        return bytes.fromhex(signer.unsign(token, max_age=int(most_age.total_seconds())).decode()).decode()
    except SignatureExpired:
        raise LinkExpired("too old") from None
    except BadSignature:
        raise ValueError("not a link of ours") from None


def seal(purpose: str, value: str) -> str:
    """A value in a form that cannot be changed on its way. It carries no time, so that a stored page may hold it."""
    return Signer(settings().secret_key, salt=f"seal {purpose}").sign(value.encode().hex()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """The value. Raises ValueError for one that was changed, or never was ours."""
    try:
        signer = Signer(settings().secret_key, salt=f"seal {purpose}")
        return bytes.fromhex(signer.unsign(sealed).decode()).decode()
    except BadSignature:
        raise ValueError("not sealed by us") from None


def spend_link(purpose: str, token: str, lives: timedelta) -> bool:
    """Note within the present transaction that a valid link was used. False when it had been before."""
    return insert_or_skip(SpentLink, digest=link_digest(purpose, token), expires_at=clock.now() + lives)


@atomic()
def spend_and_act(purpose: str, token: str, lives: timedelta, act: Callable[[], Made]) -> Made | None:
    """Spend a valid link and do what it is for, both or neither. Returns None if the link was used before."""
    return act() if spend_link(purpose, token, lives) else None


def is_spent(purpose: str, token: str) -> bool:
    """Whether a valid link was used."""
    return db.session.get(SpentLink, link_digest(purpose, token)) is not None


def link_digest(purpose: str, token: str) -> str:
    """What a valid link is known by, however it is spelt.

    The signature at its end is left out: base64 has several spellings of the same bytes, and all of them verify. What
    stands before is signed letter by letter.
    """
    signed = token.rpartition(".")[0]
    return hashlib.sha256(f"{purpose} {signed}".encode()).hexdigest()


@atomic()
def sweep_spent_links() -> None:
    """Forget those whose links have expired."""
    db.session.execute(sa.delete(SpentLink).where(SpentLink.expires_at < clock.now()))


class Stamper:
    """Signs the moment a form was shown and reads it back. Holds nothing about the person."""

    def __init__(self, secret: str) -> None:
        self._signer = _ClockSigner(secret, salt="form-shown-at")

    def stamp(self) -> str:
        """The present moment, signed."""
        return self._signer.sign("").decode()

    def shown_at(self, stamp: str) -> datetime:
        """The moment a stamp was made. Raises ValueError for a stamp that is not ours."""
        try:
            _, made = self._signer.unsign(stamp, return_timestamp=True)
        except BadSignature:
            raise ValueError("not a stamp of ours") from None
        return made.astimezone(UTC)


class _ClockSigner(TimestampSigner):
    """Whole seconds, as itsdangerous counts them, from our clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())
