"""Counts of article reads by day, without any data about readers.

A read is a GET of an article by no known robot, no prefetch and no signed-in person. Each process keeps its counts in
memory, and a thread adds them to the table every few seconds, so that reading costs no write. A process that is killed
loses the counts of these seconds.
"""

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask

from clinic.articles.models import (
    Article,
    ReadCount,
    ReadDay,
)
from clinic.core import clock
from clinic.core.db import atomic, db, upsert
from clinic.preferences import preferences

log = logging.getLogger(__name__)
FLUSH_SECONDS = 10.0
QUARTER = 15 * 60
LONGEST_AGENT, MOST_COUNTS = 200, 5000  # most characters of a user agent; most different pending counts


@lru_cache(maxsize=1024)  # the list is long, and most browsers send the same user agent
def is_robot(agent: str) -> bool:
    """Return True if a user agent is a known robot. The list is imported on first use, which takes 0.1 seconds."""
    from crawleruseragents import is_crawler

    return bool(is_crawler(agent))


def count_read(app: Flask, environ: dict[str, Any], slug: str) -> None:
    """Count this request if it is a read. It needs no request context: stored pages have none."""
    agent = environ.get("HTTP_USER_AGENT", "")
    purpose = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or ""
    is_staff = f"{app.config['SESSION_COOKIE_NAME']}=" in environ.get("HTTP_COOKIE", "")
    if environ["REQUEST_METHOD"] == "GET" and agent and not is_staff and "prefetch" not in purpose:
        app.extensions["clinic.reads"].note(slug, agent)


class ReadCounter:
    """Counts of one process that are not in the table yet."""

    def __init__(self, app: Flask, *, in_background: bool) -> None:
        self._app = app
        self._counts: Counter[tuple[str, int, str]] = Counter()  # by slug, quarter of an hour and user agent
        self._lock = threading.Lock()
        self._is_started = not in_background

    def note(self, slug: str, agent: str) -> None:
        """Count one read of the article with this slug. Days and robots are resolved when the counts are written."""
        key = (slug, int(clock.now().timestamp() // QUARTER), agent[:LONGEST_AGENT])
        with self._lock:
            if key in self._counts or len(self._counts) < MOST_COUNTS:
                self._counts[key] += 1
            if not self._is_started:  # not in __init__: gunicorn forks, and threads do not survive a fork
                self._is_started = True
                threading.Thread(target=self._go_on, name="reads", daemon=True).start()
                atexit.register(self.flush)

    def flush(self) -> None:
        """Add the counts to the table. Counts that cannot be written are kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        counts = Counter({key: number for key, number in counts.items() if not is_robot(key[2])})
        if not counts:
            return
        try:
            with self._app.app_context():
                add_reads(_by_day(counts, preferences().zone))
        except Exception as error:
            log.warning("reads could not be written", extra={"error": type(error).__name__})
            with self._lock:
                for (slug, quarter, _), number in counts.items():
                    self._counts[slug, quarter, ""] += number

    def _go_on(self) -> None:
        pause = threading.Event()
        while not pause.wait(FLUSH_SECONDS):
            self.flush()


def _by_day(counts: Counter[tuple[str, int, str]], zone: ZoneInfo) -> Counter[tuple[str, date]]:
    """Return the counts by slug and day of the clinic. Every zone is a whole number of quarter hours from UTC."""
    reads: Counter[tuple[str, date]] = Counter()
    for (slug, quarter, _), number in counts.items():
        reads[slug, datetime.fromtimestamp(quarter * QUARTER, zone).date()] += number
    return reads


def init_reads(app: Flask, *, in_background: bool) -> None:
    """Create the counter of this process. In tests it writes only on request."""
    app.extensions["clinic.reads"] = ReadCounter(app, in_background=in_background)


@atomic()
def add_reads(counts: Mapping[tuple[str, date], int]) -> None:
    """Add reads by slug and day to the counts. Slugs of deleted articles are skipped."""
    slugs = {slug for slug, _ in counts}
    ids = {
        row.slug: row.id
        for row in db.session.execute(sa.select(Article.slug, Article.id).where(Article.slug.in_(slugs)))
    }
    rows = sorted((ids[slug], day, reads) for (slug, day), reads in counts.items() if slug in ids)
    for id_, day, reads in rows:  # one lock order everywhere prevents deadlocks
        insert = upsert(ReadCount).values(article_id=id_, day=day, reads=reads)
        add = {"reads": ReadCount.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["article_id", "day"], set_=add))
    for day in sorted({day for _, day, _ in rows}):
        insert = upsert(ReadDay).values(day=day, reads=sum(reads for _, on, reads in rows if on == day))
        add = {"reads": ReadDay.reads + insert.excluded.reads}
        db.session.execute(insert.on_conflict_do_update(index_elements=["day"], set_=add))
