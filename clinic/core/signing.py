"""Signed values: a form's time stamp that can be checked and not forged."""

from datetime import UTC, datetime

from itsdangerous import BadSignature, TimestampSigner

from clinic.core import clock


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
