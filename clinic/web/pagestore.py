"""Pages that are the same for every reader, kept ready to send, in front of routing.

A stored page fits while the content version in the database is the one it was made with, and until the time at which
it would say something else by itself: a scheduled article comes due, the clinic opens, a day ends. The version is read
for each request, past the ORM, so that a change shows at once in every process and on every machine. With Redis the
machines share what one of them has made; without it, or while it is away, each process makes its own.

Stored is only what a view marked with @stored answers with 200 to a reader without a staff cookie. Such a page holds
nothing personal and sets no cookie, so a proxy in front may keep it too, and asks with the ETag whether it still fits.
"""

import gzip
import hashlib
import json
import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import brotli
import psycopg
import redis
import sqlalchemy as sa
import zstandard
from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from clinic.core import clock
from clinic.core.settings import Settings
from clinic.web.remember import VERSION

log = logging.getLogger(__name__)
Environ = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])

MOST_BYTES = 32 * 1024 * 1024  # of each process
SMALLEST = 1000  # bytes; below that the packet is no fuller
LONGEST_WAIT = 10.0  # seconds for another thread to make the same page
REDIS_SECONDS, REDIS_PAUSE = 0.25, 5.0  # longest wait for an answer; how long it is left alone after none
ENCODE: dict[str, Callable[[bytes], bytes]] = {  # best first; each step up costs twice the time for a percent or two
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=6),
    "zstd": lambda body: zstandard.ZstdCompressor(level=9).compress(body),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
OF_ONE_ANSWER = {"content-length", "content-encoding", "vary", "etag", "date", "x-request-id"}
OF_304 = {"cache-control", "content-security-policy", "strict-transport-security"}
# Marks that advertisements and letters add to an address. No page of ours reads them.
IGNORED = ("utm_", "fbclid", "gclid", "gbraid", "wbraid", "msclkid", "mc_")

_STORING, _UNTIL = "clinic.storing", "clinic.until"
Key = tuple[str, str, str]  # host, path, query


@dataclass(frozen=True)
class Rule:
    """How the page of a view is kept: which parts of the query make it another page, and for how long at most.

    `again` is what the view does besides answering. It is called with the app, the WSGI environ and the view's
    arguments each time the page is answered without it.
    """

    args: frozenset[str]
    seconds: int
    again: Callable[..., None] | None


def stored(*args: str, seconds: int = 600, again: Callable[..., None] | None = None) -> Callable[[View], View]:
    """Mark a view whose page is the same for every reader and depends on nothing but its path and these arguments.

    It is kept to the next multiple of `seconds` by the clock: with 60, what changes by the minute is never late.
    """

    def mark(view: View) -> View:
        view.stored = Rule(frozenset(args), seconds, again)  # type: ignore[attr-defined]
        return view

    return mark


def is_storing() -> bool:
    """Whether the answer to this request is made for the store, which encodes it itself."""
    return _STORING in request.environ


@dataclass
class Page:
    """One page as it is sent, in each encoding that somebody has asked for. `until` is in Unix seconds."""

    version: str
    until: float
    headers: list[tuple[str, str]]
    body: bytes
    again: Callable[[Environ], None] | None = None  # what the view would have done besides
    answers: dict[str, "Answer"] = field(default_factory=dict)

    def answer(self, encoding: str) -> "Answer":
        """In this encoding, made when it is first asked for; two threads that both make it make the same."""
        if encoding not in self.answers:
            body = ENCODE[encoding](self.body) if encoding else self.body
            tag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}{encoding and "-"}{encoding}"'
            common = [*self.headers, ("Vary", "Accept-Encoding"), ("ETag", tag)]
            full = [*common, ("Content-Length", str(len(body)))]
            if encoding:
                full.append(("Content-Encoding", encoding))
            short = [(name, value) for name, value in common if name.lower() in OF_304 | {"vary", "etag"}]
            self.answers[encoding] = Answer(tag, full, short, body)
        return self.answers[encoding]

    @property
    def size(self) -> int:
        """Bytes, as good as they need to be known: the text, and a third of it for its encodings."""
        return len(self.body) * 4 // 3 + 1000


@dataclass(frozen=True)
class Answer:
    """A page in one encoding: headers of the whole answer and of a 304."""

    tag: str
    full: list[tuple[str, str]]
    short: list[tuple[str, str]]
    body: bytes


class PageStore:
    """The WSGI layer. `due` says when, after a moment, something will show by itself; it is asked in the request."""

    def __init__(self, app: Flask, settings: Settings, due: Callable[[datetime], datetime | None]) -> None:
        self._app, self._inner, self._settings, self._due = app, app.wsgi_app, settings, due
        self._cookies = (app.config["SESSION_COOKIE_NAME"], "remember_token")
        self._version = VersionReader(settings.database_url)
        self._shared = SharedPages(settings.redis_url, _build(settings)) if settings.redis_url else None
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._being_made: dict[Key, threading.Lock] = {}
        app.after_request(self._set_end)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer from the store, or let the app answer and keep what may be kept."""
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
        """How the page of this address is kept, if it is, and the arguments of its view."""
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
        """Answer with a page; `first` is what only the answer has for which it was made."""
        if page.again and first is None:
            page.again(environ)
        answer = page.answer(_encoding(environ.get("HTTP_ACCEPT_ENCODING", "")) if len(page.body) >= SMALLEST else "")
        if _matches(environ.get("HTTP_IF_NONE_MATCH"), answer.tag):
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
        # The session is saved after all hooks, so only here is seen whether it made a cookie.
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
        """One thread at a time makes a page; those that wait find it made. None waits for ever."""
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
        """After the view, in its request: until when the page says the same."""
        if is_storing() and response.status_code == 200:
            rule, began = request.environ[_STORING]
            tomorrow = began.astimezone(self._settings.time_zone).date() + timedelta(days=1)
            ends = [
                (began.timestamp() // rule.seconds + 1) * rule.seconds,
                datetime.combine(tomorrow, datetime.min.time(), self._settings.time_zone).timestamp(),
            ]
            try:
                due = self._due(began)
            except sa.exc.SQLAlchemyError:  # the page is made and can be sent; how long it fits nobody can say
                return response
            if due:
                ends.append(due.timestamp())
            request.environ[_UNTIL] = min(ends)
        return response


class VersionReader:
    """Reads the content version on a connection of each thread's own: a page store that asked the ORM would spend more
    on the question than on the answer."""

    SQL = "SELECT token FROM content_version"

    def __init__(self, database_url: str) -> None:
        url = sa.make_url(database_url)
        self._path = url.database if url.get_backend_name() == "sqlite" else None
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._mine = threading.local()
        self._last = ""

    def current(self) -> str:
        """The version. While the database is away it is the one that this process read last. "" at first."""
        try:
            row = self._ask()
        except (sqlite3.Error, psycopg.Error, OSError):
            self._mine.connection = None
            return self._last
        self._last = row[0] if row else ""
        return self._last

    def _ask(self) -> Any:
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            try:
                return connection.execute(self.SQL).fetchone()
            except psycopg.OperationalError:
                pass  # the server was restarted: once more, on a new one
        self._mine.connection = connection = self._connect()
        return connection.execute(self.SQL).fetchone()

    def _connect(self) -> Any:
        if self._path:
            # The file must be there: a store that made it would hide that the database is gone.
            return sqlite3.connect(f"{Path(self._path).absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        return psycopg.connect(self._url, autocommit=True, connect_timeout=2, prepare_threshold=0)


class SharedPages:
    """What the machines of one clinic share in Redis. It may be away at any time; then it is left alone for a while."""

    def __init__(self, url: str, build: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
        self._prefix = f"page:{build}"
        self._rests_until = 0.0

    def get(self, key: Key, version: str) -> Page | None:
        """The page that any machine has made at this version."""
        raw = self._try(lambda: self._redis.get(self._name(key, version)))
        if not raw:
            return None
        head, _, body = raw.partition(b"\n")
        until, headers = json.loads(head)
        return Page(version, until, [(name, value) for name, value in headers], body)

    def put(self, key: Key, page: Page) -> None:
        """Share it for as long as it fits."""
        seconds = int(page.until - clock.now().timestamp())
        if seconds > 0:
            value = json.dumps([page.until, page.headers]).encode() + b"\n" + page.body
            self._try(lambda: self._redis.set(self._name(key, page.version), value, ex=seconds))

    def _name(self, key: Key, version: str) -> str:
        return f"{self._prefix}:{version}:{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}"

    def _try(self, act: Callable[[], Any]) -> Any:
        if time.monotonic() < self._rests_until:
            return None
        try:
            return act()
        except redis.RedisError as error:
            self._rests_until = time.monotonic() + REDIS_PAUSE
            log.warning(
                "Redis does not answer: pages are stored by each process", extra={"error": type(error).__name__}
            )
            return None


def _build(settings: Settings) -> str:
    """What else a page is made from: the code, the templates and styles, and the settings that show."""
    digest = hashlib.sha256(repr((settings.site_url, settings.time_zone, settings.phone_region)).encode())
    root = Path(__file__).resolve().parent.parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".html", ".xml", ".css", ".js", ".svg", ".png", ".woff2"):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _read_query(query: str) -> str:
    """The query without what no page reads, each name once, so that one page has one key."""
    pairs = reversed(parse_qsl(query, keep_blank_values=True))  # of a name that comes twice, pages read the first
    return urlencode(sorted({name: value for name, value in pairs if not name.startswith(IGNORED)}.items()))


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """The best encoding that is accepted, or "" (RFC 9110, 12.5.3)."""
    accept = parse_accept_header(accepted, Accept)
    wanted = [name for name in ENCODE if accept.quality(name) > 0]
    return max(wanted, key=accept.quality, default="")


def _matches(if_none_match: str | None, tag: str) -> bool:
    """Weak comparison, as RFC 9110, 13.1.2 asks for."""
    return if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match)
