"""Rate limits, stated as sentences: "30 trial requests per address per hour".

Counts live in Redis where there is one, else in the database: both are shared by every process and machine.
"""

import hashlib
import hmac
import ipaddress
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db

log = logging.getLogger(__name__)
SENTENCE = re.compile(r"(?P<times>\d+) (?P<what>[a-z -]+) per (?P<per>[a-z]+) per (?P<window>minute|hour|day)")
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
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) if redis_url else None

    def spend(self, limit: Limit, subject: str) -> None:
        """Count one use by `subject` (an address, an account). Raises TooMany when the limit is passed."""
        if not self._on:
            return
        start = int(clock.now().timestamp()) // limit.seconds * limit.seconds
        ends = start + limit.seconds
        if self._count(self._key(limit, subject, start), ends) > limit.times:
            raise TooMany(limit, max(1, ends - int(clock.now().timestamp())))

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
                log.warning("Redis does not answer: limits are counted in the database", exc_info=True)
        _give_back_in_database(key)

    def _key(self, limit: Limit, subject: str, start: int) -> str:
        digest = hmac.new(self._secret, f"{limit.sentence}|{subject}|{start}".encode(), hashlib.sha256)
        return f"limit:{digest.hexdigest()[:40]}"

    def _count(self, key: str, ends: int) -> int:
        if self._redis:
            try:
                with self._redis.pipeline() as pipe:
                    pipe.incr(key)
                    pipe.expireat(key, ends)
                    count, _ = pipe.execute()
                return int(count)
            except redis.RedisError:
                log.warning("Redis does not answer: limits are counted in the database", exc_info=True)
        return _count_in_database(key, datetime.fromtimestamp(ends, UTC))


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
