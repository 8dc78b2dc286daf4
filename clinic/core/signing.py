"""Signed values that can be checked and not forged: a form's time stamp, and links for one purpose."""

from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, TimestampSigner

from clinic.core import clock
from clinic.core.settings import settings


def sign(purpose: str, value: str) -> str:
    """A value as part of a link, good for one purpose only. It is not secret: whoever has the link can read it."""
    return _ClockSigner(settings().secret_key, salt=f"link {purpose}").sign(value.encode().hex()).decode()


def unsign(purpose: str, token: str, *, most_age: timedelta) -> str:
    """The value of a link. Raises ValueError for one that is not ours, for another purpose, or too old."""
    signer = _ClockSigner(settings().secret_key, salt=f"link {purpose}")
    try:
        return bytes.fromhex(signer.unsign(token, max_age=int(most_age.total_seconds())).decode()).decode()
    except BadSignature:
        raise ValueError("not a link of ours") from None


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
