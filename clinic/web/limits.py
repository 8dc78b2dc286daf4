"""Rate limits for the visitor of the current request."""

from contextlib import suppress

from flask import Flask, Response, current_app, request
from flask_login import current_user

from clinic.core.limits import Limit, Limiter, TooMany, network
from clinic.web.pages.store import is_storing

PAGES = Limit.of("120 pages per address per minute")
UNCOUNTED = ("media", "health")


def spend(limit: Limit, subject: str | None = None) -> None:
    """Count one use by the visitor's network, or by `subject` (an account). Raises TooMany, which is answered with
    429."""
    limiter: Limiter = current_app.extensions["clinic.limiter"]
    limiter.spend(limit, subject or network(request.remote_addr))


def init_page_limit(app: Flask) -> None:
    """Limit pages that are rendered for each request: searches, unknown addresses, links in emails.

    Stored pages and files cost little, and staff are known, so these are not counted. Some pages turn out not to be
    storable only after rendering, for example a 404. They are counted then, so the limit applies to the next request.
    """
    limiter: Limiter = app.extensions["clinic.limiter"]

    def is_counted() -> bool:
        is_page = request.method in ("GET", "HEAD") and request.blueprint not in UNCOUNTED
        return is_page and not current_user.is_authenticated

    @app.before_request
    def limit_pages() -> None:
        if is_counted():
            limiter.spend_lightly(PAGES, network(request.remote_addr), times=0 if is_storing() else 1)

    @app.after_request
    def count_page(response: Response) -> Response:
        is_miss = is_storing() and response.status_code not in (200, 429) and is_counted()
        if is_miss or (request.blueprint == "media" and response.status_code == 404):
            with suppress(TooMany):
                limiter.spend_lightly(PAGES, network(request.remote_addr))
        return response


def give_back(limit: Limit, subject: str) -> None:
    """Undo one use by `subject` that should not have counted."""
    limiter: Limiter = current_app.extensions["clinic.limiter"]
    limiter.give_back(limit, subject)
