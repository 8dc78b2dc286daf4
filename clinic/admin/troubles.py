"""Problems that staff should know of: emails that are not sent, no worker, broken menu links."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from clinic.articles.addresses import is_answered
from clinic.articles.redirects import redirect_from
from clinic.core import clock
from clinic.core.heartbeat import MOST_DEATHS, SILENT_AFTER, last_beat, recent_deaths
from clinic.core.settings import settings
from clinic.frame.queries import menus
from clinic.web.filters import moment

MOST_NAMED = 8


@dataclass(frozen=True)
class Trouble:
    """Sentence about a problem, with the name and address of the screen that solves it, if there is one."""

    text: str
    screen: str = ""
    url: str = ""


def mail_troubles() -> list[Trouble]:
    """Return the problems that keep emails from being sent."""
    if settings().mail_server is not None:
        return []
    return [
        Trouble(
            "No mail server is set, so emails are written to files and not sent."
            " Ask your server administrator to set MAIL_URL."
        )
    ]


def worker_troubles() -> list[Trouble]:
    """Return the problems of the background worker."""
    seen_at, deaths = last_beat(), recent_deaths()
    meanwhile = (
        "Until it runs, emails and reminders wait, and new pictures have no sizes."
        " Ask your server administrator to start it."
    )
    if deaths >= MOST_DEATHS:
        return [Trouble(f"The background worker has crashed {deaths} times within ten minutes. {meanwhile}")]
    if seen_at is None:
        return [Trouble(f"The background worker has never run. {meanwhile}")]
    if clock.now() - seen_at > SILENT_AFTER:
        return [Trouble(f"The background worker has not run since {moment(seen_at)}. {meanwhile}")]
    return []


def menu_troubles() -> list[Trouble]:
    """Return the menu links that lead to a missing page."""
    both = menus()
    links = {link.address: link.label for link in (*both.header, *both.footer) if not is_found(link.address)}
    if not links:
        return []
    number = "1 page in your menu cannot" if len(links) == 1 else f"{len(links)} pages in your menu cannot"
    named = [f"{label} ({address})" for address, label in links.items()]
    more = [f"and {len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    text = f"{number} be found: {', '.join(named[:MOST_NAMED] + more)}."
    return [Trouble(text, "Menus", url_for("menus_admin.index_view"))]


def is_found(address: str) -> bool:
    """Return True if a menu link leads to an existing page of this site, or to another site."""
    parts = urlsplit(address)
    if parts.netloc and parts.netloc != urlsplit(settings().site_url).netloc:
        return True
    path = unquote(parts.path) or "/"
    try:
        endpoint, args = current_app.url_map.bind("").match(path, "GET")
    except RequestRedirect:  # its trailing slash is missing
        return is_found(f"{path}/") if not path.endswith("/") else True
    except HTTPException:
        return redirect_from(path) is not None
    is_content = bool(args) and endpoint.startswith("articles.")
    return not is_content or is_answered(path) or redirect_from(path) is not None
