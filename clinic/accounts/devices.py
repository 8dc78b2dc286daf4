"""Known devices: a signed cookie, sent to the sign-in form only, on devices on which a person has signed in before.

Wrong passwords are counted per account, but on a known device per device. Otherwise anybody could lock a person out by
typing wrong passwords. A stolen cookie allows only a few tries an hour.
"""

import hashlib
import secrets
from datetime import timedelta

from flask import Flask, Response, g, request

from clinic.accounts.models import User
from clinic.core.settings import settings
from clinic.core.signing import sign, unsign

COOKIE = "clinic_device"
PURPOSE = "known device"
LIVES = timedelta(days=180)
MOST_PEOPLE = 5  # people who share one device
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "CrOS", "Mac OS", "Linux")
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox"}
BROWSERS |= {"FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari"}


def known_device(user: User) -> str | None:
    """Return the number of this device if the person has signed in here since their last change of password."""
    for token in _tokens():
        device = _read(token)
        if device and device[:2] == [str(user.id), _mark(user)]:
            return device[2]
    return None


def remember_device(user: User) -> None:
    """Mark this device as known for the person, by a cookie on the response."""
    device = known_device(user) or secrets.token_hex(8)
    g.device_cookie = sign(PURPOSE, f"{user.id} {_mark(user)} {device}"), str(user.id)


def init_devices(app: Flask) -> None:
    """Set the cookie on the response to a sign-in."""

    @app.after_request
    def set_cookie(response: Response) -> Response:
        if made := g.pop("device_cookie", None):
            token, user_id = made
            others = [one for one in _tokens() if (device := _read(one)) and device[0] != user_id]
            response.set_cookie(
                COOKIE,
                "~".join([token, *others][:MOST_PEOPLE]),
                max_age=int(LIVES.total_seconds()),
                path="/login",
                secure=settings().site_url.startswith("https://"),
                httponly=True,
                samesite="Lax",
            )
        return response


def device_words() -> str:
    """Return browser and system of this request in plain words, such as "Firefox on Android"."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in BROWSERS.items() if f"{mark}/" in agent), "A browser")
    system = next((name for name in SYSTEMS if name in agent), "")
    words = {"CrOS": "ChromeOS", "Mac OS": "macOS"}.get(system, system)
    return f"{browser} on {words}" if words else browser


def _tokens() -> list[str]:
    return request.cookies.get(COOKIE, "").split("~")[:MOST_PEOPLE]


def _read(token: str) -> list[str] | None:
    try:
        parts = unsign(PURPOSE, token, most_age=LIVES).split()
    except ValueError:
        return None
    return parts if len(parts) == 3 else None


def _mark(user: User) -> str:
    """Return a digest that changes with each new password, so that earlier known devices no longer count."""
    return hashlib.sha256(user.fs_uniquifier.encode()).hexdigest()[:16]
