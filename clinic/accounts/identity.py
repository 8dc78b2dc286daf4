"""A fresh proof of identity: what must not be done at somebody else's open panel asks for the password again.

A sign-in, the password or a passkey proves who sits there, for ten minutes.
"""

import hashlib
from datetime import timedelta

from flask import flash, redirect, url_for
from flask_login import current_user
from flask_security import check_and_update_authn_fresh
from werkzeug.wrappers import Response

FRESH_FOR = timedelta(minutes=10)
NO_GRACE = timedelta(0)


def is_identity_fresh() -> bool:
    """Whether the person has proved who they are within the last ten minutes."""
    # Flask-Security notes the time of the proof when the person is loaded.
    return bool(current_user.is_authenticated and check_and_update_authn_fresh(FRESH_FOR, NO_GRACE))


def typed_by() -> str:
    """Stands for the person in each form of the panel, so that nobody else sends what they typed in it."""
    if not current_user.is_authenticated:
        return ""
    return hashlib.sha256(f"typed by {current_user.id}".encode()).hexdigest()[:16]


def ask_for_identity(next_url: str) -> Response:
    """Lead to the form that asks for the password or a passkey, and from there to `next_url`."""
    flash("Please enter your password again. You last confirmed your identity more than ten minutes ago.", "info")
    return redirect(url_for("security.verify", next=next_url), 303)
