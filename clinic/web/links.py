"""Links in emails that act only on a button press: opening one shows a page, and its button sends a POST.

Mail scanners, previews and prefetchers follow every link with GET or HEAD, the safe methods of RFC 9110 § 9.2.1, so
those change nothing. A link is signed for one purpose, expires, and may be limited to one use. Each feature that sends
such links has a Link; app.py registers all of them, and tests iterate over them.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, make_response, render_template

from clinic.core.limits import Limit
from clinic.core.signing import LinkExpired, is_spent, link_digest, spend_and_act, unsign
from clinic.web.csrf import public_form
from clinic.web.limits import spend

bp = Blueprint("links", __name__)
Page = Any  # any return value of a Flask view
PRESSES = Limit.of("20 presses per link per hour")


class MailLink:
    """One purpose of links: their lifetime, the page that they show, and the action of its button."""

    purpose: str
    lives: timedelta
    is_single_use = False

    def show(self, value: str) -> Page:
        """Return the page with the button. It must not write."""
        raise NotImplementedError

    def act(self, value: str) -> Page:
        """Perform the action and return a page that confirms it."""
        raise NotImplementedError


def init_links(app: Flask, *links: MailLink) -> None:
    """Register links for these purposes."""
    app.extensions["clinic.links"] = {link.purpose: link for link in links}
    app.register_blueprint(bp)


@bp.get("/link/<purpose>/<token>/")
def show_link(purpose: str, token: str) -> Response:
    """Show the page of a link, with its button."""
    link = _link_for(purpose)
    value = _value_of(link, token)
    if value is None or (link.is_single_use and is_spent(purpose, token)):
        return _private(_over())
    return _private(link.show(value))


@bp.post("/link/<purpose>/<token>/")
@public_form
def act_on_link(purpose: str, token: str) -> Response:
    """Perform the action of a link."""
    link = _link_for(purpose)
    value = _value_of(link, token)
    if value is None:
        return _private(_over())
    spend(PRESSES, f"link {link_digest(purpose, token)}")
    if not link.is_single_use:
        return _private(link.act(value))
    page = spend_and_act(purpose, token, link.lives, lambda: link.act(value))
    return _private(_over() if page is None else page)


def _link_for(purpose: str) -> MailLink:
    links: dict[str, MailLink] = current_app.extensions["clinic.links"]
    return links.get(purpose) or abort(404)


def _value_of(link: MailLink, token: str) -> str | None:
    """Return the value of a link, or None if it has expired. Aborts with 404 if the link is not ours."""
    try:
        return unsign(link.purpose, token, most_age=link.lives)
    except LinkExpired:
        return None
    except ValueError:
        abort(404)


def _over() -> tuple[str, int]:
    return render_template("links/over.html"), 410


def _private(page: Page) -> Response:
    """Return a response that no cache stores and no search engine indexes."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
