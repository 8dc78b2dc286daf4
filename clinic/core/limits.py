"""Rate limits, written as sentences: "30 trial requests per address per hour".

The counts are in Redis if it is set, otherwise in the database. All processes and machines share them.
"""

import hashlib
import hmac
import ipaddress
import logging
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db

log = logging.getLogger(__name__)
SENTENCE = re.compile(r"(?P<times>\d+) (?P<what>[a-z -]+) per (?P<per>[a-z]+) per (?P<window>minute|hour|day)")
MOST_KEPT = 50_000  # counts kept in the memory of one process
WINDOWS = {"minute": 60, "hour": 3600, "day": 86400}


class TooMany(Exception):
    """A rate limit was exceeded. `retry_after` is in whole seconds."""

    def __init__(self, limit: "Limit", retry_after: int) -> None:
        super().__init__(limit.sentence)
        self.limit = limit
        self.retry_after = retry_after

    @property
    def advice(self) -> str:
        """A sentence for the visitor: how long to wait, and the limit."""
        minutes = -(-self.retry_after // 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return f"Please try again in {wait}. We allow {self.limit.sentence}."


@dataclass(frozen=True)
class Limit:
    """One rate limit. Create it with Limit.of("30 trial requests per address per hour")."""

    sentence: str
    times: int
    seconds: int

    @classmethod
    def of(cls, sentence: str) -> "Limit":
        """Parse a sentence. Raises ValueError if it does not have the expected form."""
        match = SENTENCE.fullmatch(sentence)
        if not match:
            raise ValueError(f"not a rate limit: {sentence}")
        return cls(sentence, int(match["times"]), WINDOWS[match["window"]])


class RateCount(Base):
    """The number of uses of one limit by one subject in one window. The key is a digest, so no address is stored."""

    __tablename__ = "rate_count"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Limiter:
    """Counter of uses against limits. The app creates one; with `on` False nothing is limited (RATE_LIMITS=off)."""

    def __init__(self, secret: str, redis_url: str | None, *, on: bool) -> None:
        self._secret = secret.encode()
        self._on = on
        self._here: dict[str, tuple[int, int]] = {}  # end of window and count, in this process only
        self._lock = threading.Lock()
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) if redis_url else None

    def spend(self, limit: Limit, subject: str) -> None:
        """Count one use by `subject` (an address, an account). Raises TooMany if the limit is exceeded."""
        if not self._on:
            return
        start = int(clock.now().timestamp()) // limit.seconds * limit.seconds
        ends = start + limit.seconds
        if self._count(self._key(limit, subject, start), ends) > limit.times:
            raise TooMany(limit, max(1, ends - int(clock.now().timestamp())))

    def spend_lightly(self, limit: Limit, subject: str, *, times: int = 1) -> None:
        """Like `spend`, without a database write: counted in Redis, or else in this process alone. For frequent reads.

        With `times` 0 nothing is counted; TooMany is raised if the limit was already exceeded.
        """
        if not self._on:
            return
        now = int(clock.now().timestamp())
        ends = now // limit.seconds * limit.seconds + limit.seconds
        key = self._key(limit, subject, ends)
        count = self._count_in_redis(key, ends, times)
        if count is None:
            count = self._count_here(key, ends, now, times)
        if count > limit.times:
            raise TooMany(limit, max(1, ends - now))

    def _count_here(self, key: str, ends: int, now: int, times: int) -> int:
        with self._lock:
            if len(self._here) >= MOST_KEPT:
                self._here = {one: value for one, value in self._here.items() if value[0] > now}
            if len(self._here) >= MOST_KEPT:  # still full: reset all counts to bound the memory
                self._here.clear()
            count = self._here.get(key, (ends, 0))[1] + times
            if times:
                self._here[key] = (ends, count)
        return count

    def give_back(self, limit: Limit, subject: str) -> None:
        """Undo one use that `spend` counted in the current window."""
        if not self._on:
            return
        key = self._key(limit, subject, int(clock.now().timestamp()) // limit.seconds * limit.seconds)
        if self._redis:
            try:
                if self._redis.exists(key):
                    self._redis.decr(key)
                    return
            except redis.RedisError:
                log.warning("Redis does not answer: limits are counted without it", exc_info=True)
        _give_back_in_database(key)

    def _key(self, limit: Limit, subject: str, start: int) -> str:
        digest = hmac.new(self._secret, f"{limit.sentence}|{subject}|{start}".encode(), hashlib.sha256)
        return f"limit:{digest.hexdigest()[:40]}"

    def _count(self, key: str, ends: int) -> int:
        count = self._count_in_redis(key, ends, 1)
        return _count_in_database(key, datetime.fromtimestamp(ends, UTC)) if count is None else count

    def _count_in_redis(self, key: str, ends: int, times: int) -> int | None:
        """Return the count after `times` more uses. None if there is no Redis or it does not answer."""
        if self._redis is None:
            return None
        try:
            with self._redis.pipeline() as pipe:
                pipe.incrby(key, times)
                pipe.expireat(key, ends)
                count, _ = pipe.execute()
            return int(count)
        except redis.RedisError:
            log.warning("Redis does not answer: limits are counted without it", exc_info=True)
            return None


# Plain text, because SQLAlchemy compiles a dialect-specific upsert anew each time.
_COUNT = sa.text(
    "INSERT INTO rate_count (key, count, expires_at) VALUES (:key, 1, :expires_at)"
    " ON CONFLICT (key) DO UPDATE SET count = rate_count.count + 1 RETURNING count"
).bindparams(sa.bindparam("expires_at", type_=UtcDateTime))


@atomic()
def _count_in_database(key: str, expires_at: datetime) -> int:
    return int(db.session.execute(_COUNT, {"key": key, "expires_at": expires_at}).scalar_one())


@atomic()
def _give_back_in_database(key: str) -> None:
    fewer = sa.update(RateCount).where(RateCount.key == key, RateCount.count > 0).values(count=RateCount.count - 1)
    db.session.execute(fewer)


@atomic()
def sweep_counts() -> None:
    """Delete counts whose window ended an hour ago."""
    db.session.execute(sa.delete(RateCount).where(RateCount.expires_at < clock.now() - timedelta(hours=1)))


def network(address: str | None) -> str:
    """Return the network that counts as one visitor: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 6 and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)
