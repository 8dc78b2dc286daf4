"""Codes of the second factor. Each is valid once; recovery codes are stored encrypted."""

from typing import Any

import sqlalchemy as sa
from cryptography.fernet import InvalidToken
from flask_security import MfRecoveryCodesUtil, Totp
from passlib.exc import TokenError

from clinic.accounts.models import User
from clinic.core.db import db

VALID_SECONDS = 30  # accepted besides its own 30 seconds: one step early or late (RFC 6238 § 5.2)


class SingleUseTotp(Totp):
    """Codes of an authenticator app. A code that was accepted once is refused afterwards (RFC 6238 § 5.2)."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Return whether the code is right and unused."""
        try:
            match = self._totp.verify(token, totp_secret, window=window)
        except TokenError:
            return False
        return _use_counter(user, match.counter, is_new_secret=totp_secret != user.tf_totp_secret)


def _use_counter(user: User, counter: int, *, is_new_secret: bool) -> bool:
    """Record in the current transaction that the code of this time step was used. Returns False if it or a later one
    was.

    The conditional update decides: of two requests with the same code, only one changes the row.
    """
    use = sa.update(User).where(User.id == user.id).values(tf_last_counter=counter)
    if not is_new_secret:
        use = use.where(sa.or_(User.tf_last_counter.is_(None), User.tf_last_counter < counter))
    used = db.session.execute(use.execution_options(synchronize_session=False))
    return bool(used.rowcount)  # type: ignore[attr-defined]


class EncryptedRecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes, encrypted with a key derived from SECRET_KEY."""

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Return whether the code is one of the person's. Locks the row, so that two requests cannot use one code."""
        db.session.refresh(user, with_for_update={"of": User})
        is_theirs: bool = super().check_recovery_code(user, code)
        return is_theirs

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Remove a used code. Codes that were encrypted with an old key are kept."""
        kept = [one for one in user.mf_recovery_codes or [] if self._decrypted(one) != code]
        was_there = len(kept) < len(user.mf_recovery_codes or [])
        user.mf_recovery_codes = kept
        return was_there

    def _decrypted(self, code: str) -> str | None:
        assert self.cryptor
        try:
            decrypted: str = self.cryptor.decrypt(code.encode()).decode()
        except InvalidToken:
            return None
        return decrypted
