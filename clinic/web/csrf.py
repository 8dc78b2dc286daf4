"""Protection against cross-site requests, applied to every unsafe request.

Every POST must come from our own pages. The check uses Fetch Metadata, then Origin, as in Go 1.25's
CrossOriginProtection (https://pkg.go.dev/net/http#CrossOriginProtection). A client that sends neither header is no
browser, so it holds nobody's cookies. Views marked @public_form have no session and need no more; all others also
require the session's Flask-WTF token.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, abort, current_app, request
from flask_wtf.csrf import CSRFProtect
from wtforms import ValidationError
from wtforms.csrf.core import CSRF, CSRFTokenField

from clinic.core.settings import settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

View = TypeVar("View", bound=Callable[..., Any])
token_check = CSRFProtect()


def public_form(view: View) -> View:
    """Mark a view whose form needs no session token. The same-origin check still applies."""
    view.is_public_form = True  # type: ignore[attr-defined]
    return view


def is_public_form(endpoint: str | None) -> bool:
    """Return whether an endpoint is marked with @public_form."""
    return getattr(current_app.view_functions.get(endpoint or ""), "is_public_form", False)


def comes_from_here(request: Request) -> bool:
    """Return whether a request was sent by one of our own pages, or not by a browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        sender = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return sender in (request.host.lower(), urlsplit(settings().site_url).netloc.lower())


def init_csrf(app: Flask) -> None:
    """Check every unsafe request before its view runs."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # gate() decides, and calls protect() itself
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form left open over lunch must not lose its text
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the Origin check is stronger than that of the Referer
    token_check.init_app(app)

    @app.before_request
    def gate() -> None:
        if request.method in SAFE_METHODS or request.endpoint is None:
            return
        if not comes_from_here(request):
            abort(403, "This form was sent from another website, so we did not accept it.")
        if not is_public_form(request.endpoint):
            token_check.protect()


class SameOrigin(CSRF):
    """The same-origin check as a WTForms csrf_class, so that a public form is safe in any view."""

    def generate_csrf_token(self, csrf_token_field: CSRFTokenField) -> str:
        """Return an empty token: the check uses headers."""
        return ""

    def validate_csrf_token(self, form: Any, field: CSRFTokenField) -> None:
        """Raises ValidationError for a request from another site."""
        if not comes_from_here(request):
            raise ValidationError("This form was sent from another website, so we did not accept it.")
