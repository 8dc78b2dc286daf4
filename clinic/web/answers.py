"""Answers that views give again and again."""

from typing import cast

from flask import Response, redirect


def see_other(url: str) -> Response:
    """Return a redirect with 303 (RFC 9110): the browser fetches this address with GET after a POST."""
    return cast(Response, redirect(url, 303))  # Werkzeug's type says less than Flask makes


def moved_to(url: str, code: int = 301) -> Response:
    """Return a permanent redirect: 301, or 308 to keep the method."""
    return cast(Response, redirect(url, code))
