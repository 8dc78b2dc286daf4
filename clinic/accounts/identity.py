"""Fresh proof of identity: critical pages ask again for the password or a passkey, in case a panel was left open.

A sign-in, password or passkey counts as proof for ten minutes.
"""

import hashlib
from datetime import timedelta

from flask import flash, url_for
from flask_login import current_user
from flask_security import check_and_update_authn_fresh
from werkzeug.wrappers import Response

from clinic.web.answers import see_other

FRESH_FOR = timedelta(minutes=10)
NO_GRACE = timedelta(0)


def is_identity_fresh() -> bool:
    """Return whether the person has proved their identity within the last ten minutes."""
    # Flask-Security records the time of the proof when the user is loaded.
    return bool(current_user.is_authenticated and check_and_update_authn_fresh(FRESH_FOR, NO_GRACE))


def typed_by() -> str:
    """Return a digest of the signed-in person. Each form of the panel carries it, so that nobody else can send what
    they typed."""
    if not current_user.is_authenticated:
        return ""
    return hashlib.sha256(f"typed by {current_user.id}".encode()).hexdigest()[:16]


def ask_for_identity(next_url: str) -> Response:
    """Redirect to the form that asks for the password or a passkey, and afterwards to `next_url`."""
    flash("Please enter your password again. You last confirmed your identity more than ten minutes ago.", "info")
    return see_other(url_for("security.verify", next=next_url))
