"""Links of mails that only people can fire: opening one shows a page, and only the button on it acts.

Mail scanners, previews and prefetchers follow every link by GET or HEAD (RFC 9110 § 9.2.1 calls these safe), so those
change nothing. A link is signed for one purpose, expires, and may be good for one use. Each part of the site that sends
such links has a Link; app.py knows all of them, and tests walk over them.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, make_response, render_template

from clinic.core.limits import Limit
from clinic.core.signing import LinkExpired, is_spent, link_digest, spend_and_act, unsign
from clinic.web.csrf import public_form
from clinic.web.limits import spend

bp = Blueprint("links", __name__)
Page = Any  # whatever a Flask view may return
PRESSES = Limit.of("20 presses per link per hour")


class Link:
    """One purpose: how long its links live, what they show, and what their button does."""

    purpose: str
    lives: timedelta
    is_single_use = False

    def show(self, value: str) -> Page:
        """The page with the button. It must not write."""
        raise NotImplementedError

    def act(self, value: str) -> Page:
        """Do it, and say so."""
        raise NotImplementedError


def init_links(app: Flask, *links: Link) -> None:
    """Answer links of these purposes."""
    app.extensions["clinic.links"] = {link.purpose: link for link in links}
    app.register_blueprint(bp)


@bp.get("/link/<purpose>/<token>/")
def show_link(purpose: str, token: str) -> Response:
    """What the link is about, with a button."""
    link = _link_for(purpose)
    value = _value_of(link, token)
    if value is None or (link.is_single_use and is_spent(purpose, token)):
        return _private(_over())
    return _private(link.show(value))


@bp.post("/link/<purpose>/<token>/")
@public_form
def act_on_link(purpose: str, token: str) -> Response:
    """Do what the button says."""
    link = _link_for(purpose)
    value = _value_of(link, token)
    if value is None:
        return _private(_over())
    spend(PRESSES, f"link {link_digest(purpose, token)}")
    if not link.is_single_use:
        return _private(link.act(value))
    page = spend_and_act(purpose, token, link.lives, lambda: link.act(value))
    return _private(_over() if page is None else page)


def _link_for(purpose: str) -> Link:
    links: dict[str, Link] = current_app.extensions["clinic.links"]
    return links.get(purpose) or abort(404)


def _value_of(link: Link, token: str) -> str | None:
    """What the link is about; None when its time is over. Anything that is no link of ours is 404."""
    try:
        return unsign(link.purpose, token, most_age=link.lives)
    except LinkExpired:
        return None
    except ValueError:
        abort(404)


def _over() -> tuple[str, int]:
    return render_template("links/over.html"), 410


def _private(page: Page) -> Response:
    """Kept by nobody on the way, and by no search engine."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
