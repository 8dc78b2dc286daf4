"""Flask-Security's forms with rate limits per network and per account.

A wrong secret counts; a correct one is given back at the end of the request. Known devices of a person have a count of
their own (accounts/devices.py), so wrong passwords from elsewhere do not lock them out.
"""

import json
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

from flask import current_app, g
from flask_login import current_user
from flask_security.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
)
from flask_security.proxies import _datastore
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.webauthn import WebAuthnSigninResponseForm
from wtforms import BooleanField

from clinic.accounts.devices import known_device
from clinic.accounts.models import User
from clinic.accounts.queries import passkey_with_id
from clinic.core.db import db
from clinic.core.limits import Limit
from clinic.web.limits import spend

PER_ADDRESS = Limit.of("30 sign-in attempts per address per minute")
PASSWORDS = Limit.of("100 wrong passwords per account per hour")
PASSWORDS_OF_DEVICE = Limit.of("20 wrong passwords per device per hour")
CODES = Limit.of("10 wrong codes per account per hour")
PASSKEYS = Limit.of("30 wrong passkeys per account per hour")


def check_secret(limit: Limit, account: str, check: Callable[[], bool], *, was_wrong: Callable[[], bool]) -> bool:
    """Return whether the form is valid. Raises TooMany before checking if too many wrong secrets were tried.

    The count is increased first, so that parallel requests cannot exceed the limit. It is decreased after the request
    (see `settle_attempts`) unless the secret was wrong.
    """
    spend(limit, account)
    hold_write_lock()  # counting has ended the transaction
    is_valid = check()
    if is_valid or not was_wrong():
        g.setdefault("attempts_to_give_back", []).append((limit, account))
    return is_valid


def hold_write_lock() -> None:
    """Begin a transaction with the write lock. Flask-Security reads before it writes, and SQLite cannot upgrade a read
    lock safely."""
    db.session.rollback()
    db.session.connection(execution_options={"clinic_write": True})


class SignInForm(LoginForm):
    """Sign-in by email and password."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany before the password is hashed, as hashing is expensive."""
        spend(PER_ADDRESS)
        if not self.email.data or not self.password.data:  # no secret to check
            return bool(super().validate(**kwargs))
        user = _user_named(self.email.data)
        device = known_device(user) if user else None
        if device:
            limit, account = PASSWORDS_OF_DEVICE, f"device {device}"
        else:
            limit, account = PASSWORDS, f"account {user.id}" if user else f"nobody {_folded(self.email.data)}"
        spend(limit, account)
        is_valid: bool = super().validate(**kwargs)
        if is_valid:
            g.setdefault("attempts_to_give_back", []).append((limit, account))
        else:
            note_refused(self.user)
        return is_valid


class OwnPasswordForm(VerifyForm):
    """The current password, as proof of identity."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany."""
        is_valid = check_secret(
            PASSWORDS_OF_DEVICE,
            f"signed in {current_user.id}",
            lambda: super(OwnPasswordForm, self).validate(**kwargs),
            was_wrong=lambda: bool(self.password.errors and self.password.data),
        )
        if not is_valid and self.password.data:
            note_refused(self.user)
        return is_valid


class NewPasswordForm(ChangePasswordForm):
    """Change of password: the current one, and a new one twice."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany."""
        is_valid = check_secret(
            PASSWORDS_OF_DEVICE,
            f"signed in {current_user.id}",
            lambda: super(NewPasswordForm, self).validate(**kwargs),
            was_wrong=lambda: bool(self.password.errors and self.password.data),
        )
        if not is_valid and self.password.errors and self.password.data:
            note_refused(current_user._get_current_object())
        return is_valid


class ChosenPasswordForm(ResetPasswordForm):
    """A new password by an emailed link, with the option to remove passkeys."""

    remove_passkeys = BooleanField("Remove these passkeys too")


class CodeForm(TwoFactorVerifyCodeForm):
    """A code of the authenticator app."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany."""
        return _check_code(self, lambda: super(CodeForm, self).validate(**kwargs))


class RecoveryCodeForm(MfRecoveryForm):
    """A recovery code, for a lost phone."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany."""
        return _check_code(self, lambda: super(RecoveryCodeForm, self).validate(**kwargs))


def _check_code(form: Any, check: Callable[[], bool]) -> bool:
    if not form.code.data:
        return check()
    account = f"account {form.user.id}"
    is_valid = check_secret(CODES, account, check, was_wrong=lambda: bool(form.code.errors))
    if not is_valid:
        note_refused(form.user)
    return is_valid


class PasskeyForm(WebAuthnSigninResponseForm):
    """The response of a passkey, for signing in or as proof of identity."""

    def validate(self, **kwargs: Any) -> bool:
        """Validate the form. Raises TooMany."""
        spend(PER_ADDRESS)
        hold_write_lock()
        passkey = passkey_with_id(_credential_id(self.credential.data or ""))

        def check() -> bool:
            return bool(super(PasskeyForm, self).validate(**kwargs))

        if passkey is None:
            return check()
        account = f"account {passkey.user_id}"
        is_valid = check_secret(PASSKEYS, account, check, was_wrong=lambda: True)
        if not is_valid:
            note_refused(self.user)
        return is_valid


def note_refused(user: User | None) -> None:
    """Have settle_attempts() log a failed sign-in as this person."""
    g.refused_sign_in = (user.id if user else None,)


def _user_named(typed: str) -> User | None:
    """Return the user that Flask-Security will find for the typed address, or None."""
    try:
        address = current_app.extensions["security"].mail_util.normalize(typed)
    except ValueError:
        return None
    user: User | None = _datastore.find_user(case_insensitive=True, email=address)
    return user


def _folded(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).casefold().strip()[:254]


def _credential_id(answer: str) -> bytes:
    try:
        text = json.loads(answer)["rawId"]
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, KeyError, TypeError):
        return b""
