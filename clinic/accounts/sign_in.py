"""Sign-in, second factor, passkeys and recovery: Flask-Security, told how we want it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Any

from flask import Flask, redirect, request, session
from flask_login import user_logged_in, user_logged_out
from flask_security import LoginForm, MailUtil, Security, SQLAlchemyUserDatastore, WebauthnUtil
from webauthn.helpers.structs import AuthenticatorSelectionCriteria
from werkzeug.wrappers import Response as BaseResponse

from clinic.accounts.models import Passkey, Role, User
from clinic.accounts.operations import end_session, open_session
from clinic.accounts.queries import is_session_open
from clinic.core import mail
from clinic.core.db import db
from clinic.core.limits import Limit
from clinic.core.settings import Settings, settings
from clinic.web.limits import spend

SESSION_KEY = "staff_session"
_datastore = SQLAlchemyUserDatastore(db, User, Role, Passkey)
PER_ADDRESS = Limit.of("30 sign-in attempts per address per minute")
PER_ACCOUNT = Limit.of("100 sign-in attempts per account per hour")
RESETS = Limit.of("10 password requests per address per hour")
CODES = Limit.of("10 authentication codes per address per minute")
LIMITS = {
    "security.forgot_password": RESETS,
    "security.two_factor_token_validation": CODES,
    "security.mf_recovery": CODES,
    "security.verify": CODES,
}
# Our text for each mail of Flask-Security that is wanted.
MAILS = {
    "reset_instructions": "password_reset",
    "reset_notice": "password_changed",
    "change_notice": "password_changed",
}


class OutboxMail(MailUtil):
    """Flask-Security's mails go through our outbox, with links to SITE_URL: the Host header can be forged."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **context: Any
    ) -> None:
        """Enqueue our own text, and commit it together with what Flask-Security has changed."""
        kind = MAILS.get(template.rpartition("/")[2])
        if kind is None:
            return
        user: User = context["user"]
        link = context.get("reset_link")
        path = "/" + link.split("//", 1)[1].split("/", 1)[1] if link else None
        mail.enqueue(kind, to=user.email, name=user.name, link=f"{settings().site_url}{path}" if path else None)
        _datastore.commit()


class AnyPasskey(WebauthnUtil):
    """Flask-Security asks for a key apart from the computer as first factor; phones and computers will do for us."""

    def authenticator_selection(self, user: User, usage: str) -> AuthenticatorSelectionCriteria:
        """The library's wishes, without the one for a separate device."""
        wishes = super().authenticator_selection(user, usage)
        wishes.authenticator_attachment = None
        return wishes


class SignInForm(LoginForm):
    """Flask-Security's form, behind our limits."""

    def validate(self, **kwargs: Any) -> bool:
        """Raises TooMany before a password is looked at: hashing is what an attacker would have us do."""
        spend(PER_ADDRESS)
        spend(PER_ACCOUNT, f"account {(self.email.data or '').lower()[:254]}")
        return super().validate(**kwargs)


def device_digest() -> str:
    """What stands for the present sign-in, on this device: a digest, because the key itself opens the panel."""
    return hashlib.sha256(session.get(SESSION_KEY, "").encode()).hexdigest()[:32]


def init_sign_in(app: Flask) -> None:
    """Set Flask-Security up."""
    loaded: Settings = app.config["CLINIC"]
    app.config |= {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SALT": _derive(loaded.secret_key, "password-salt"),
        "SECURITY_PASSWORD_LENGTH_MIN": 10,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_POST_LOGIN_VIEW": "/admin/",
        "SECURITY_POST_LOGOUT_VIEW": "/login",
        "SECURITY_POST_RESET_VIEW": "/login",
        "SECURITY_POST_CHANGE_VIEW": "/admin/account/",
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": _derive(loaded.secret_key, "totp")},
        "SECURITY_TOTP_ISSUER": "Clinic",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_WEBAUTHN": True,
        "SECURITY_WAN_RP_NAME": "Clinic",
        "SECURITY_WAN_ALLOW_AS_VERIFY": ["first", "secondary"],
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "Choose a new password",
        "SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS": False,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_CLI_ROLES_NAME": False,
        "SECURITY_CLI_USERS_NAME": False,
        "SECURITY_API_ENABLED_METHODS": ["session"],
    }
    Security(app, _datastore, login_form=SignInForm, mail_util_cls=OutboxMail, webauthn_util_cls=AnyPasskey)
    _check_sessions(app)

    @app.before_request
    def ask_for_a_code_only_when_one_is_due() -> BaseResponse | None:
        # Flask-Security signs out whoever opens this page without need, so a link from elsewhere could.
        if request.endpoint == "security.two_factor_token_validation" and "tf_state" not in session:
            return redirect("/login")
        return None

    @app.before_request
    def lock_before_writing() -> None:
        # Flask-Security reads, then writes, in a transaction of its own; under SQLite that must begin as a writer.
        # Sign-in is left out: it writes one row, in a transaction of its own, after the slow hashing.
        if request.blueprint == "security" and request.method == "POST" and request.endpoint != "security.login":
            if limit := LIMITS.get(request.endpoint or ""):
                spend(limit)
            db.session.rollback()
            db.session.connection(execution_options={"clinic_write": True})


def _check_sessions(app: Flask) -> None:
    """A cookie counts only while its sign-in is open in the database."""
    load_by_cookie = app.login_manager._user_callback  # type: ignore[attr-defined]

    @app.login_manager.user_loader  # type: ignore[attr-defined, untyped-decorator]
    def load(user_id: str) -> User | None:
        user: User | None = load_by_cookie(user_id)
        return user if user and is_session_open(session.get(SESSION_KEY, ""), user.id) else None

    @user_logged_in.connect_via(app)
    def remember(_app: Flask, user: User, **_: Any) -> None:
        _datastore.commit()  # a recovery code that was used, say
        session[SESSION_KEY] = open_session(user)

    @user_logged_out.connect_via(app)
    def forget(_app: Flask, **_: Any) -> None:
        key = session.pop(SESSION_KEY, None)
        if key:
            end_session(key)


def _derive(secret: str, purpose: str) -> str:
    """A key for one purpose from the one secret (HMAC as a key derivation, NIST SP 800-108)."""
    digest = hmac.new(secret.encode(), f"clinic {purpose}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode()
