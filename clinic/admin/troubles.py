"""What does not work although nobody has done anything wrong: mail that is not sent, no worker, links to nowhere."""

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
    """One sentence, and the screen where it is mended, if there is one: its name and address."""

    text: str
    screen: str = ""
    url: str = ""


def mail_troubles() -> list[Trouble]:
    """Why mails do not reach anybody."""
    if settings().mail_server is not None:
        return []
    return [
        Trouble(
            "Each mail is written to a file, not sent: no mail server is set. Ask who runs the server to set MAIL_URL."
        )
    ]


def worker_troubles() -> list[Trouble]:
    """Why nothing happens in the background."""
    seen_at, deaths = last_beat(), recent_deaths()
    meanwhile = "Until it runs, mails and reminders wait and new pictures have no sizes."
    if deaths >= MOST_DEATHS:
        return [Trouble(f"The worker has died {deaths} times within ten minutes. {meanwhile} Ask who runs the server.")]
    if seen_at is None:
        return [Trouble(f"The worker has never run. {meanwhile} Ask who runs the server.")]
    if clock.now() - seen_at > SILENT_AFTER:
        return [Trouble(f"The worker has not been seen since {moment(seen_at)}. {meanwhile} Ask who runs the server.")]
    return []


def menu_troubles() -> list[Trouble]:
    """Links of the menus that lead readers to a page that cannot be found."""
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
    """Whether a link of a menu leads somewhere: on this site to a page that is there, or to another site."""
    parts = urlsplit(address)
    if parts.netloc and parts.netloc != urlsplit(settings().site_url).netloc:
        return True
    path = unquote(parts.path) or "/"
    try:
        endpoint, args = current_app.url_map.bind("").match(path, "GET")
    except RequestRedirect:  # a slash is missing at its end
        return is_found(f"{path}/") if not path.endswith("/") else True
    except HTTPException:
        return redirect_from(path) is not None
    is_content = bool(args) and endpoint.startswith("articles.")
    return not is_content or is_answered(path) or redirect_from(path) is not None
