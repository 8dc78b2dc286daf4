"""Rate limits for the visitor of the present request."""

from flask import current_app, request

from clinic.core.limits import Limit, Limiter, network


def spend(limit: Limit, subject: str | None = None) -> None:
    """Count one use by the visitor's network, or by `subject` (an account). Raises TooMany, which answers 429."""
    limiter: Limiter = current_app.extensions["clinic.limiter"]
    limiter.spend(limit, subject or network(request.remote_addr))


def give_back(limit: Limit, subject: str) -> None:
    """Take back one use by `subject`, because it turned out to be none."""
    limiter: Limiter = current_app.extensions["clinic.limiter"]
    limiter.give_back(limit, subject)
