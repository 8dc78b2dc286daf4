"""Stored pages in Redis, shared by all machines of one site."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from clinic.core import clock
from clinic.core.settings import Settings
from clinic.web.pages.page import Key, Page

log = logging.getLogger(__name__)
REDIS_SECONDS, REDIS_PAUSE = 0.25, 5.0  # longest wait for Redis; pause after a failure


class SharedPages:
    """The shared pages. After a failure of Redis, no request is made for REDIS_PAUSE seconds."""

    def __init__(self, url: str, build: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
        self._prefix = f"page:{build}"
        self._rests_until = 0.0

    def get(self, key: Key, version: str) -> Page | None:
        """Return the page that a machine has stored for this version, or None."""
        raw = self._try(lambda: self._redis.get(self._name(key, version)))
        if not raw:
            return None
        head, _, body = raw.partition(b"\n")
        until, headers = json.loads(head)
        return Page(version, until, [(name, value) for name, value in headers], body)

    def put(self, key: Key, page: Page) -> None:
        """Share a page until its validity ends."""
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


def build_of(settings: Settings) -> str:
    """Return a digest of what pages depend on besides content: code, templates, styles, and visible settings."""
    digest = hashlib.sha256(repr((settings.site_url, settings.time_zone, settings.phone_region)).encode())
    root = Path(__file__).resolve().parent.parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".html", ".xml", ".css", ".js", ".svg", ".png", ".woff2"):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
