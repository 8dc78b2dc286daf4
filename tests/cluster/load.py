"""People who read, book, comment and edit without a pause while machines die, and a record of every response."""

import http.client
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from clinic.articles.models import Kind
from clinic.articles.operations import edit_article
from clinic.reading.article_queries import article_with_slug
from tests.articles.test_operations import changed
from tests.cluster.cluster import WEB, Cluster
from tests.journeys.site import ask

_numbers, _editions = itertools.count(), itertools.count(1)
READERS, PAUSE = 3, 0.1  # seconds between two actions of a person: two cores run the whole cluster and everybody in it
RETRY = 3.0  # how long a reader waits before reloading after an error; PostgreSQL is down for a second or two


def status_of(port: int, path: str, fields: dict[str, str] | None = None) -> int | None:
    """Return the status, or None if the connection broke, so that the result is unknown."""
    try:
        return ask(port, path, fields).status
    except (OSError, http.client.HTTPException):
        return None


def person(number: int) -> dict[str, str]:
    return {"email": f"storm{number}@example.org", "mobile": f"+65 9{number // 10000 + 100} {number % 10000:04}"}


@dataclass
class Load:
    """All requests and responses. `old` lists pages served after a later one was saved, with the times of the
    request."""

    site: Cluster
    reads: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    booked: dict[int, int | None] = field(default_factory=dict)
    commented: dict[str, int | None] = field(default_factory=dict)
    edits: int = 0
    old: list[tuple[float, float, str]] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _errors: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        acts = [self._read] * READERS + [self._book, self._comment, self._edit]
        self._threads = [threading.Thread(target=self._go_on, args=(act,)) for act in acts]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(60)
        assert not self._errors, self._errors

    def _go_on(self, act: Callable[[], None]) -> None:
        try:
            while not self._is_over.wait(PAUSE):
                act()
        except BaseException as error:
            self._errors.append(error)

    def _read(self) -> None:
        for path in (self.site.article, "/", "/articles/", "/book/", "/search/?q=hips"):
            self.reads += 1
            if (first := status_of(self.site.port, path)) == 200:
                continue
            self.retried[f"{first} {path}"] += 1
            time.sleep(RETRY)
            if (again := status_of(self.site.port, path)) != 200:
                self.broken.append(f"{path}: {first}, then {again}")

    def _book(self) -> None:
        number = next(_numbers)
        fields = {"name": "Tan Wei Ling", "service": "pilates-1-to-1", "consent": "y"} | person(number)
        self.booked[number] = status_of(self.site.port, "/book/", fields)

    def _comment(self) -> None:
        body = f"Remark {next(_numbers)}"
        fields = {"body": body, "name": "Mei", "email": "mei@example.org"}
        self.commented[body] = status_of(self.site.port, f"{self.site.article}comments", fields)

    def _edit(self) -> None:
        """Save the article, and open it on each machine that answers."""
        number = next(_editions)
        try:
            save_article(self.site, number)
        except SQLAlchemyError:  # PostgreSQL is restarting: the editor sees that, and nothing was confirmed
            return
        self.edits += 1
        for port in (self.site.port, *(self.site.port_of(name) for name in WEB)):
            asked = time.monotonic()
            seen = edition_on(port, self.site.article)
            if seen is not None and seen < number:
                self.old.append((asked, time.monotonic(), f"{seen} after {number} on {port}"))


def save_article(site: Cluster, number: int) -> None:
    """Save the article, as an editor on any machine does."""
    with site.app.app_context():
        article = article_with_slug(Kind.POST, site.article.split("/")[2])
        assert article
        edit_article(article, changed(article, title=f"Edition {number}", slug=article.slug))


def edition_on(port: int, path: str) -> int | None:
    """Return the edition of the article that is served there, or None if no page arrives."""
    try:
        answer = ask(port, path)
    except (OSError, http.client.HTTPException):
        return None
    found = re.search(r"<h1[^>]*>Edition (\d+)", answer.text)
    return int(found[1]) if found else None
