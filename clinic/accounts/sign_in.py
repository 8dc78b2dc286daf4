"""Sign-in, second factor, passkeys and recovery: the configuration of Flask-Security."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Any

from flask import Flask, Response, g, redirect, request, session
from flask_login import current_user, user_logged_in, user_logged_out
from flask_security import (
    MailUtil,
    Security,
    SQLAlchemyUserDatastore,
    WebauthnUtil,
    password_changed,
    password_reset,
    tf_disabled,
    tf_profile_changed,
    wan_deleted,
    wan_registered,
)
from flask_security.recoverable import reset_password_token_status
from webauthn.helpers.structs import AuthenticatorSelectionCriteria
from werkzeug.wrappers import Response as BaseResponse

from clinic.accounts import emails
from clinic.accounts.devices import device_words, init_devices, remember_device
from clinic.accounts.identity import FRESH_FOR, NO_GRACE, ask_for_identity, is_identity_fresh
from clinic.accounts.models import Passkey, Role, User, session_digest
from clinic.accounts.operations import (
    SEEN_STEP,
    end_session,
    forget_sessions,
    note_activity,
    note_refused_sign_in,
    open_session,
)
from clinic.accounts.queries import open_staff_session
from clinic.accounts.second_factor import VALID_SECONDS, EncryptedRecoveryCodes, SingleUseTotp
from clinic.accounts.sign_in_forms import (
    ChosenPasswordForm,
    CodeForm,
    NewPasswordForm,
    OwnPasswordForm,
    PasskeyForm,
    RecoveryCodeForm,
    SignInForm,
    hold_write_lock,
)
from clinic.core import audit, clock
from clinic.core.db import db
from clinic.core.limits import Limit, TooMany
from clinic.core.settings import Settings, settings
from clinic.web.limits import give_back, spend

SESSION_KEY = "staff_session"
_datastore = SQLAlchemyUserDatastore(db, User, Role, Passkey)
RESETS = Limit.of("10 password requests per address per hour")
RESET_MAILS = Limit.of("3 password emails per account per hour")
REFUSALS = Limit.of("20 refused sign-ins per account per hour")  # refusals that are logged
CODES = Limit.of("10 authentication codes per address per minute")
LIMITS = {
    "security.forgot_password": RESETS,
    "security.reset_password": RESETS,
    "security.change_password": CODES,
    "security.two_factor_setup_validate": CODES,
    "security.two_factor_token_validation": CODES,
    "security.mf_recovery": CODES,
    "security.verify": CODES,
}
# Pages that change how a person signs in, and the address to return to after the proof of identity.
NEED_IDENTITY = {
    "security.change_password": "/change",
    "security.mf_recovery_codes": "/mf-recovery-codes",
    "security.two_factor_setup": "/tf-setup",
    "security.two_factor_setup_validate": "/tf-setup",
    "security.two_factor_token_validation": "/tf-setup",
    "security.wan_register": "/wan-register",
    "security.wan_register_response": "/wan-register",
    "security.wan_delete": "/wan-register",
}


class OutboxMail(MailUtil):
    """Sends Flask-Security's emails through our outbox, with links to SITE_URL, because the Host header can be
    forged."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any, **context: Any
    ) -> None:
        """Enqueue our own message and commit it together with the changes of Flask-Security."""
        user: User = context["user"]
        match template.rpartition("/")[2]:
            case "reset_instructions":
                try:
                    spend(RESET_MAILS, f"account {user.id}")
                except TooMany:  # answer as usual, so that nobody learns who has an account
                    return
                path = context["reset_link"].split("//", 1)[1].split("/", 1)[1]
                emails.password_reset(user, f"{settings().site_url}/{path}")
            case "reset_notice" | "change_notice":
                emails.password_changed(user)
            case _:
                return
        _datastore.commit()


class AnyPasskey(WebauthnUtil):
    """Accepts built-in authenticators. Flask-Security's default first factor is a separate security key only."""

    def authenticator_selection(self, user: User, usage: str) -> AuthenticatorSelectionCriteria:
        """Return the library's criteria without the requirement of a separate device."""
        wishes: AuthenticatorSelectionCriteria = super().authenticator_selection(user, usage)
        wishes.authenticator_attachment = None
        return wishes


class RecoveryCodes(EncryptedRecoveryCodes):
    """Recovery codes, with a log line and an email whenever new ones are made."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """Replace the recovery codes."""
        _note_change(user, "made new recovery codes", "New recovery codes were created for your account.")
        codes: list[str] = super().create_recovery_codes(user)
        return codes


def device_digest() -> str:
    """Return the digest of the current sign-in on this device. The key itself would give access to the panel."""
    return session_digest(session.get(SESSION_KEY, ""))


# Long because it lists the settings of Flask-Security, one for each line.
def init_sign_in(app: Flask) -> None:
    """Configure Flask-Security."""
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
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": VALID_SECONDS,
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": _derive(loaded.secret_key, "totp")},
        "SECURITY_TOTP_ISSUER": "Clinic",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [_derive(loaded.secret_key, "recovery-codes").encode()],
        "SECURITY_WEBAUTHN": True,
        "SECURITY_WAN_RP_NAME": "Clinic",
        # A visitor who enters an email address must not learn its passkeys. Ours are discoverable and need no hint.
        "SECURITY_WAN_ALLOW_USER_HINTS": False,
        "SECURITY_WAN_ALLOW_AS_VERIFY": ["first", "secondary"],
        "SECURITY_FRESHNESS": FRESH_FOR,
        "SECURITY_FRESHNESS_GRACE_PERIOD": NO_GRACE,
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "Choose a new password",
        "SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS": False,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_CLI_ROLES_NAME": False,
        "SECURITY_CLI_USERS_NAME": False,
        "SECURITY_API_ENABLED_METHODS": ["session"],
    }
    security = Security(
        app,
        _datastore,
        login_form=SignInForm,
        verify_form=OwnPasswordForm,
        change_password_form=NewPasswordForm,
        reset_password_form=ChosenPasswordForm,
        two_factor_verify_code_form=CodeForm,
        mf_recovery_form=RecoveryCodeForm,
        wan_signin_response_form=PasskeyForm,
        mail_util_cls=OutboxMail,
        totp_cls=SingleUseTotp,
        mf_recovery_codes_util_cls=RecoveryCodes,
        webauthn_util_cls=AnyPasskey,
    )
    # Scripts get HTML too: Flask-Security's JSON responses hand out tokens that open the panel.
    security.want_json(lambda _request: False)
    security.reset_password_context_processor(_passkeys_that_remain)
    init_devices(app)
    _check_sessions(app)
    _tell_of_changes(app)

    @app.before_request
    def ask_for_a_code_only_when_one_is_due() -> BaseResponse | None:
        # Flask-Security signs out anybody who opens this page without need, so a link on another site could do that.
        if request.endpoint == "security.two_factor_token_validation" and "tf_state" not in session:
            return redirect("/login")
        return None

    @app.before_request
    def ask_who_sits_there() -> BaseResponse | None:
        next_url = NEED_IDENTITY.get(request.endpoint or "")
        if next_url and current_user.is_authenticated and not is_identity_fresh():
            return ask_for_identity(next_url)
        return None

    @app.before_request
    def lock_before_writing() -> None:
        # Sign-in is left out: it writes one row in its own transaction, after the slow hashing.
        if request.blueprint == "security" and request.method == "POST" and request.endpoint != "security.login":
            if limit := LIMITS.get(request.endpoint or ""):
                spend(limit)
            hold_write_lock()

    @app.after_request
    def settle_attempts(response: Response) -> Response:
        """Undo the count of correct secrets, and log the wrong ones."""
        if "attempts_to_give_back" in g or "refused_sign_in" in g:
            db.session.rollback()  # the view has already committed its changes
        for limit, account in g.pop("attempts_to_give_back", ()):
            give_back(limit, account)
        if refused := g.pop("refused_sign_in", None):
            _log_refusal(refused[0])
        return response


def _log_refusal(user_id: int | None) -> None:
    try:
        spend(REFUSALS, f"refused {user_id or 'nobody'}")
    except TooMany:
        return  # enough are logged for this hour
    note_refused_sign_in(db.session.get(User, user_id) if user_id else None)


def _check_sessions(app: Flask) -> None:
    """Accept a cookie only while its sign-in is open in the database, and accept nothing else."""
    load_by_cookie = app.login_manager._user_callback  # type: ignore[attr-defined]
    # Flask-Security would also accept a token in a header, the address or a JSON body, which signing out does not end.
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]

    @app.login_manager.user_loader  # type: ignore[attr-defined]
    def load(user_id: str) -> User | None:
        user: User | None = load_by_cookie(user_id)
        g.staff_session = open_staff_session(session.get(SESSION_KEY, ""), user.id) if user else None
        return user if g.staff_session else None

    @app.before_request
    def keep_alive() -> None:
        """Record activity of a signed-in person. Background requests for news do not count."""
        if SESSION_KEY not in session or not current_user.is_authenticated:
            return
        asks_for_news = (request.endpoint or "").endswith(".autosave") and "title" not in request.form
        row = g.staff_session
        if not asks_for_news and clock.now() - row.seen_at > SEEN_STEP:
            note_activity(row)

    @user_logged_in.connect_via(app)
    def remember(_app: Flask, user: User, **_: Any) -> None:
        _datastore.commit()  # for example a used recovery code
        if before := session.pop(SESSION_KEY, None):
            end_session(before)
        session[SESSION_KEY] = open_session(user, device=device_words())
        remember_device(user)

    @user_logged_out.connect_via(app)
    def forget(_app: Flask, **_: Any) -> None:
        key = session.pop(SESSION_KEY, None)
        if key:
            end_session(key)


def _passkeys_that_remain() -> dict[str, Any]:
    """Return the names of the person's passkeys, which stay valid after a new password, for the reset page."""
    user = reset_password_token_status((request.view_args or {}).get("token", ""))[2]
    return {"passkeys": [passkey.name for passkey in user.webauthn] if user else []}


def _tell_of_changes(app: Flask) -> None:
    """Log and email each change of how a person signs in, committed together with the change."""

    @password_changed.connect_via(app)
    def on_change(_app: Flask, user: User, **_: Any) -> None:
        forget_sessions(_plain(user), but=session.get(SESSION_KEY))
        audit.record("changed the password of", _plain(user), by=_plain(user))  # Flask-Security has sent the email

    @password_reset.connect_via(app)
    def on_reset(_app: Flask, user: User, **_: Any) -> None:
        forget_sessions(user)
        audit.record("chose a new password by email for", user, by=user)
        if request.form.get("remove_passkeys") and user.webauthn:
            names = ", ".join(passkey.name for passkey in user.webauthn)
            user.webauthn = []
            _note_change(user, "removed the passkeys of", f"These passkeys were removed from your account: {names}.")

    @tf_profile_changed.connect_via(app)
    def on_second_factor(_app: Flask, user: User, **_: Any) -> None:
        _note_change(user, "set up a second factor for", "A second factor was set up for your account.")

    @tf_disabled.connect_via(app)
    def on_no_second_factor(_app: Flask, user: User, **_: Any) -> None:
        _note_change(user, "switched off the second factor of", "The second factor of your account was switched off.")

    @wan_registered.connect_via(app)
    def on_passkey(_app: Flask, user: User, name: str, **_: Any) -> None:
        _note_change(user, "added a passkey for", f"A passkey was added to your account: {name}.")

    @wan_deleted.connect_via(app)
    def on_passkey_gone(_app: Flask, user: User, name: str, **_: Any) -> None:
        _note_change(user, "removed a passkey of", f"A passkey was removed from your account: {name}.")


def _note_change(user: Any, verb: str, what: str) -> None:
    person = _plain(user)
    audit.record(verb, person, by=person)
    emails.account_changed(person, what)


def _plain(user: Any) -> User:
    """Return the row itself; Flask-Login's current_user is only a proxy."""
    row: User = user._get_current_object() if hasattr(user, "_get_current_object") else user
    return row


def _derive(secret: str, purpose: str) -> str:
    """Derive a key for one purpose from the secret (HMAC as key derivation, NIST SP 800-108)."""
    digest = hmac.new(secret.encode(), f"clinic {purpose}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode()
