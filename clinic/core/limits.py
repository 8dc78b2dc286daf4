"""Rate limits, stated as sentences: "30 trial requests per address per hour".

Counts live in Redis where there is one, else in the database: both are shared by every process and machine.
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
MOST_KEPT = 50_000  # counts that one process keeps
WINDOWS = {"minute": 60, "hour": 3600, "day": 86400}


class TooMany(Exception):
    """A limit is reached. `retry_after` is in whole seconds."""

    def __init__(self, limit: "Limit", retry_after: int) -> None:
        super().__init__(limit.sentence)
        self.limit = limit
        self.retry_after = retry_after

    @property
    def advice(self) -> str:
        """What to do, in a sentence."""
        minutes = -(-self.retry_after // 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return f"Please try again in {wait}. We allow {self.limit.sentence}."


@dataclass(frozen=True)
class Limit:
    """One rule. Read it with Limit.of("30 trial requests per address per hour")."""

    sentence: str
    times: int
    seconds: int

    @classmethod
    def of(cls, sentence: str) -> "Limit":
        """Raises ValueError when the sentence is not one."""
        match = SENTENCE.fullmatch(sentence)
        if not match:
            raise ValueError(f"not a rate limit: {sentence}")
        return cls(sentence, int(match["times"]), WINDOWS[match["window"]])


class RateCount(Base):
    """How often one subject has used one limit in one window. The key is a digest: no address is stored."""

    __tablename__ = "rate_count"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Limiter:
    """Counts uses against limits. Built once by the app; `on` False lets everything pass (RATE_LIMITS=off)."""

    def __init__(self, secret: str, redis_url: str | None, *, on: bool) -> None:
        self._secret = secret.encode()
        self._on = on
        self._here: dict[str, tuple[int, int]] = {}  # ends and count, of this process
        self._lock = threading.Lock()
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) if redis_url else None

    def spend(self, limit: Limit, subject: str) -> None:
        """Count one use by `subject` (an address, an account). Raises TooMany when the limit is passed."""
        if not self._on:
            return
        start = int(clock.now().timestamp()) // limit.seconds * limit.seconds
        ends = start + limit.seconds
        if self._count(self._key(limit, subject, start), ends) > limit.times:
            raise TooMany(limit, max(1, ends - int(clock.now().timestamp())))

    def spend_lightly(self, limit: Limit, subject: str, *, times: int = 1) -> None:
        """As `spend`, for what happens often and writes nothing: counted in Redis, or else in this process alone.

        With `times` 0 nothing is counted, and TooMany says that the limit was passed before.
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
            if len(self._here) >= MOST_KEPT:  # more visitors than anybody counts: begin anew
                self._here.clear()
            count = self._here.get(key, (ends, 0))[1] + times
            if times:
                self._here[key] = (ends, count)
        return count

    def give_back(self, limit: Limit, subject: str) -> None:
        """Take back one use that `spend` has counted in the present window."""
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
        """The count after so many uses more; None where there is no Redis or it does not answer."""
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


# As text: an upsert that SQLAlchemy puts together is compiled anew each time.
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
    """Remove the counts of windows that ended an hour ago."""
    db.session.execute(sa.delete(RateCount).where(RateCount.expires_at < clock.now() - timedelta(hours=1)))


def network(address: str | None) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 an IPv6 address lies in."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 6 and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)
