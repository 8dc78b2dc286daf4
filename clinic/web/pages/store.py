"""The page store: a cache of public pages in front of routing.

A stored page is valid while the content version in the database is the one it was made with, and until the time at
which it would change by itself: a scheduled article becomes due, the clinic opens, a day ends. The version is read for
each request, bypassing the ORM, so a change shows at once in every process and on every machine. With Redis the
machines share their pages; without it, or while it is down, each process renders its own.

Only the 200 responses of views marked with @stored are kept, and only for readers without a staff cookie. Such a page
is the same for everybody and sets no cookie, so a proxy in front may cache it too and revalidate it by its ETag.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from clinic.core import clock
from clinic.core.settings import Settings
from clinic.web.pages.memory import VERSION, cached_preferences
from clinic.web.pages.page import SMALLEST, Environ, Key, Page, encoding_for, matches
from clinic.web.pages.shared import SharedPages, build_of
from clinic.web.pages.version import VersionReader

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

MOST_BYTES = 32 * 1024 * 1024  # in each process
LONGEST_WAIT = 10.0  # seconds to wait for another thread that renders the same page
OF_ONE_ANSWER = {"content-length", "content-encoding", "vary", "etag", "date", "x-request-id"}
# Query parameters that advertisements and mailings add. No page reads them.
IGNORED = ("utm_", "fbclid", "gclid", "gbraid", "wbraid", "msclkid", "mc_")

_STORING, _UNTIL = "clinic.storing", "clinic.until"


@dataclass(frozen=True)
class Rule:
    """Storage rule of a view: the query parameters that select another page, and the longest storage time in seconds.

    `again` is a side effect of the view. It is called with the app, the WSGI environ and the view's arguments whenever
    a stored page is sent without running the view.
    """

    args: frozenset[str]
    seconds: int
    again: Callable[..., None] | None


def stored(*args: str, seconds: int = 600, again: Callable[..., None] | None = None) -> Callable[[View], View]:
    """Mark a view whose page is the same for every reader and depends only on its path and these query parameters.

    The page is kept until the next multiple of `seconds` by the clock. With 60, text that changes every minute is never
    late.
    """

    def mark(view: View) -> View:
        view.stored = Rule(frozenset(args), seconds, again)  # type: ignore[attr-defined]
        return view

    return mark


def is_storing() -> bool:
    """Return whether the response will be stored. The page store compresses such responses itself."""
    return _STORING in request.environ


class PageStore:
    """WSGI middleware of the page store. `due` returns the next time after a given one at which content appears by
    itself."""

    def __init__(self, app: Flask, settings: Settings, due: Callable[[datetime], datetime | None]) -> None:
        self._app, self._inner, self._settings, self._due = app, app.wsgi_app, settings, due
        self._cookies = (app.config["SESSION_COOKIE_NAME"], "remember_token")
        self._version = VersionReader(settings.database_url)
        self._shared = SharedPages(settings.redis_url, build_of(settings)) if settings.redis_url else None
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._being_made: dict[Key, threading.Lock] = {}
        app.after_request(self._set_end)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Send a stored page, or run the app and store its response if allowed."""
        cookies = environ.get("HTTP_COOKIE", "")
        if environ.get("SCRIPT_NAME") or (cookies and any(name in cookies for name in self._cookies)):
            return self._inner(environ, start_response)
        version = environ[VERSION] = self._version.current()
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return self._inner(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        key = (environ.get("HTTP_HOST", ""), environ["PATH_INFO"], _read_query(query) if query else "")
        if version and (page := self._find(key, version)):
            return self._send(page, environ, start_response)
        found = self._rule(key) if version and method == "GET" else None
        if not found:
            return self._inner(environ, start_response)
        rule, view_args = found
        again = partial(rule.again, self._app, **view_args) if rule.again else None
        with self._alone(key):
            page = self._find(key, version) or self._fetch(key, version, again)
            if page:
                return self._send(page, environ, start_response)
            return self._make(key, version, rule, again, environ, start_response)

    def _find(self, key: Key, version: str) -> Page | None:
        page = self._pages.get(key)
        if page is None or page.version != version or page.until <= clock.now().timestamp():
            return None
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
        return page

    def _rule(self, key: Key) -> tuple[Rule, Mapping[str, Any]] | None:
        """Return the storage rule for an address and the arguments of its view, or None."""
        try:
            endpoint, view_args = self._app.url_map.bind("").match(key[1], "GET")
        except HTTPException:
            return None
        rule: Rule | None = getattr(self._app.view_functions[endpoint], "stored", None)
        names = {name for name, _ in parse_qsl(key[2], keep_blank_values=True)}
        return (rule, view_args) if rule and names <= rule.args else None

    def _send(
        self, page: Page, environ: Environ, start_response: Any, *, first: list[tuple[str, str]] | None = None
    ) -> Iterable[bytes]:
        """Send a page. `first` holds headers of the one response for which the page was rendered."""
        if page.again and first is None:
            page.again(environ)
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        answer = page.answer(encoding_for(accepted) if len(page.body) >= SMALLEST else "")
        if matches(environ.get("HTTP_IF_NONE_MATCH"), answer.tag):
            start_response("304 NOT MODIFIED", [*answer.short, *(first or ())])
            return ()
        start_response("200 OK", [*answer.full, *(first or ())])
        return () if environ["REQUEST_METHOD"] == "HEAD" else (answer.body,)

    def _make(
        self,
        key: Key,
        version: str,
        rule: Rule,
        again: Callable[[Environ], None] | None,
        environ: Environ,
        start_response: Any,
    ) -> Iterable[bytes]:
        told: list[Any] = []
        asked = environ | {"QUERY_STRING": key[2], _STORING: (rule, clock.now())}

        def listen(*args: Any) -> Any:
            told.extend(args)

        body = self._inner(asked, listen)
        # The session is saved after all hooks, so only now it is known whether a cookie is set.
        if _UNTIL not in asked or any(name.lower() == "set-cookie" for name, _ in told[1]):
            start_response(*told)
            return body
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        headers = [(name, value) for name, value in told[1] if name.lower() not in OF_ONE_ANSWER]
        page = Page(version, asked[_UNTIL], headers, text, again)
        self._keep(key, page)
        if self._shared:
            self._shared.put(key, page)
        return self._send(page, environ, start_response, first=[one for one in told[1] if one[0] == "X-Request-ID"])

    def _keep(self, key: Key, page: Page) -> None:
        with self._lock:
            if old := self._pages.pop(key, None):
                self._size -= old.size
            self._pages[key] = page
            self._size += page.size
            while self._size > MOST_BYTES:
                _, oldest = self._pages.popitem(last=False)
                self._size -= oldest.size

    def _fetch(self, key: Key, version: str, again: Callable[[Environ], None] | None) -> Page | None:
        page = self._shared.get(key, version) if self._shared else None
        if page:
            page.again = again
            self._keep(key, page)
        return page

    @contextmanager
    def _alone(self, key: Key) -> Iterator[None]:
        """Let only one thread render a page. Others wait, at most LONGEST_WAIT seconds, and then find it stored."""
        with self._lock:
            lock = self._being_made.setdefault(key, threading.Lock())
        is_mine = lock.acquire(timeout=LONGEST_WAIT)
        try:
            yield
        finally:
            if is_mine:
                lock.release()
                with self._lock:
                    if not lock.locked():
                        self._being_made.pop(key, None)

    def _set_end(self, response: Response) -> Response:
        """Record until when the page is valid. Runs after the view, within its request."""
        if is_storing() and response.status_code == 200:
            rule, began = request.environ[_STORING]
            try:
                due, zone = self._due(began), cached_preferences().zone
            except sa.exc.SQLAlchemyError:  # the page can be sent, but not stored: its end is unknown
                return response
            tomorrow = began.astimezone(zone).date() + timedelta(days=1)
            ends = [
                (began.timestamp() // rule.seconds + 1) * rule.seconds,
                datetime.combine(tomorrow, datetime.min.time(), zone).timestamp(),
            ]
            if due:
                ends.append(due.timestamp())
            request.environ[_UNTIL] = min(ends)
        return response


def _read_query(query: str) -> str:
    """Return the query in a canonical form, without ignored parameters, so that one page has one key."""
    pairs = reversed(parse_qsl(query, keep_blank_values=True))  # of a repeated name, pages read the first value
    return urlencode(sorted({name: value for name, value in pairs if not name.startswith(IGNORED)}.items()))
