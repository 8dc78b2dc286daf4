"""One-time keys of the panel's forms that create something."""

import hashlib
import re
import secrets
from collections.abc import Callable

from flask import g, request
from flask_login import current_user

from clinic.core.once import Sending, SentBefore, act_once

# Fields that hold no typed value.
NOT_TYPED = frozenset({"csrf_token", "form_key", "back", "draft", "base"})
KEY = re.compile(r"[0-9a-f]{32}")


def form_key() -> str:
    """Return the key of the form on this page: the one it was sent with, or a new one."""
    sent = _sent_key()
    return sent if sent and not g.get("has_new_form_key") else secrets.token_hex(16)


def use_new_key() -> None:
    """Give the form a new key, so that sending it again creates another row."""
    g.has_new_form_key = True


def sending_of(place: str) -> Sending:
    """Return the key of this submission for a form that creates one row, whatever its values are."""
    person, key = str(current_user.id), _sent_key()
    return Sending(_digest(place, person, key) if key else "", _digest(place, person, _typed()))


def sending_of_words(place: str, words: str = "") -> Sending:
    """Return the key of this submission for a form that may create another row with other values."""
    person, key, content = str(current_user.id), _sent_key(), words or _typed()
    return Sending(_digest(place, person, key, content) if key else "", _digest(place, person, content))


def do_once(place: str, row_id: int, act: Callable[[], object]) -> None:
    """Run the form's action once; the same values sent again do nothing."""
    sending = sending_of_words(place)
    try:
        act_once(sending, row_id, act)
    except SentBefore:
        return


def _sent_key() -> str:
    key = request.form.get("form_key", "")
    return key if KEY.fullmatch(key) else ""


def _typed() -> str:
    fields = sorted((name, values) for name, values in request.form.lists() if name not in NOT_TYPED and any(values))
    files = []
    for name, upload in request.files.items(multi=True):
        files.append((name, upload.filename, hashlib.sha256(upload.stream.read()).hexdigest()))
        upload.stream.seek(0)
    return repr((fields, files))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
