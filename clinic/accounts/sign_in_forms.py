"""Flask-Security's forms, each behind limits for the visitor's network and for the account whose secret is tried.

A wrong secret counts; a right one is given back at the end of the request. A person's own devices have a count of
their own (accounts/devices.py), so that wrong passwords from elsewhere lock nobody out of a device they know.
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
    """Return whether the form is valid. Raises TooMany before it looks when too many wrong secrets were tried.

    The count goes up first, so that many requests at one moment cannot try more than the limit allows. It goes down
    again after the request (see `settle_attempts`) unless the secret was wrong.
    """
    spend(limit, account)
    hold_write_lock()  # counting has ended the transaction
    is_valid = check()
    if is_valid or not was_wrong():
        g.setdefault("attempts_to_give_back", []).append((limit, account))
    return is_valid


def hold_write_lock() -> None:
    """Begin a transaction as a writer: Flask-Security reads, then writes, and SQLite lets no reader turn writer."""
    db.session.rollback()
    db.session.connection(execution_options={"clinic_write": True})


class SignInForm(LoginForm):
    """E-mail and password."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany before a password is looked at: hashing is what an attacker would have us do."""
        spend(PER_ADDRESS)
        if not self.email.data or not self.password.data:  # no secret is tried
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
    """The password once more, before something that only its owner may do."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany."""
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
    """The present password, and a new one twice."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany."""
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
    """A new password by the link of a mail, and what becomes of the passkeys that sign the person in as well."""

    remove_passkeys = BooleanField("Remove these passkeys too")


class CodeForm(TwoFactorVerifyCodeForm):
    """A code of the authenticator app."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany."""
        return _check_code(self, lambda: super(CodeForm, self).validate(**kwargs))


class RecoveryCodeForm(MfRecoveryForm):
    """A code for the day the phone is lost."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany."""
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
    """The answer of a passkey, for signing in or for a fresh proof of identity."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany."""
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
    """Have the log say, at the end of the request, that somebody could not sign in as this person."""
    g.refused_sign_in = (user.id if user else None,)


def _user_named(typed: str) -> User | None:
    """The person whom Flask-Security will find by what was typed."""
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
