"""Rate limits: counted exactly in the database and in Redis, also while Redis dies and with eight parallel requests."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask import Flask

from clinic.core.db import db
from clinic.core.limits import Limit, Limiter, RateCount, TooMany, network, sweep_counts
from tests.conftest import MovableClock
from tests.services import Redis

HOURLY = Limit.of("5 trial requests per address per hour")
DAILY = Limit.of("25 sign-in attempts per account per day")
VISITOR = "203.0.113.7"


@pytest.fixture(params=["database", pytest.param("redis", marks=pytest.mark.redis)])
def limiter(request: pytest.FixtureRequest, app: Flask, clock: MovableClock) -> Limiter:
    """A limiter over each store. The clock is in the future, because Redis expires keys by its own clock."""
    if request.param == "database":
        return Limiter("secret", None, on=True)
    server: Redis = request.getfixturevalue("redis_server")
    redis.Redis.from_url(server.url).flushall()
    clock.now = datetime(2100, 1, 1, 2, 0, tzinfo=UTC)
    return Limiter("secret", server.url, on=True)


@pytest.fixture
def dying_redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


def passed(limiter: Limiter, limit: Limit, times: int, subject: str = VISITOR) -> int:
    """Return how many of so many uses are allowed."""
    count = 0
    for _ in range(times):
        try:
            limiter.spend(limit, subject)
        except TooMany:
            continue
        count += 1
    return count


def counts() -> list[int]:
    return list(db.session.scalars(sa.select(RateCount.count).order_by(RateCount.count)))


def test_as_many_as_the_sentence_says_pass_and_no_more(limiter: Limiter) -> None:
    assert passed(limiter, HOURLY, 8) == 5


def test_each_visitor_and_each_limit_is_counted_alone(limiter: Limiter) -> None:
    assert passed(limiter, HOURLY, 6) == 5
    assert passed(limiter, HOURLY, 6, "203.0.113.8") == 5
    assert passed(limiter, DAILY, 6) == 6


def test_the_next_window_begins_anew(limiter: Limiter, clock: MovableClock) -> None:
    assert passed(limiter, HOURLY, 6) == 5
    clock.move(minutes=59, seconds=59)
    assert passed(limiter, HOURLY, 1) == 0
    clock.move(seconds=1)
    assert passed(limiter, HOURLY, 6) == 5


def test_too_many_says_how_long_to_wait_to_the_second(limiter: Limiter, clock: MovableClock) -> None:
    passed(limiter, HOURLY, 5)
    for minutes, seconds, wait in ((0, 0, 3600), (20, 0, 2400), (39, 59, 1)):
        clock.move(minutes=minutes, seconds=seconds)
        with pytest.raises(TooMany) as refused:
            limiter.spend(HOURLY, VISITOR)
        assert refused.value.retry_after == wait
        assert refused.value.limit is HOURLY
        assert str(refused.value) == "5 trial requests per address per hour"


def test_eight_threads_at_once_are_counted_exactly(limiter: Limiter, app: Flask) -> None:
    def ten(_number: int) -> int:
        with app.app_context():
            return passed(limiter, DAILY, 10)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ten, range(8))) == 25
    assert counts() in ([80], [])  # in the database, or only in Redis


@pytest.mark.redis
def test_with_a_redis_nothing_is_counted_in_the_database(app: Flask, redis_server: Redis) -> None:
    redis.Redis.from_url(redis_server.url).flushall()
    assert passed(Limiter("secret", redis_server.url, on=True), HOURLY, 3) == 3
    assert counts() == []


@pytest.mark.redis
def test_counts_in_redis_end_with_their_window_and_name_nobody(
    app: Flask, redis_server: Redis, clock: MovableClock
) -> None:
    server = redis.Redis.from_url(redis_server.url, decode_responses=True)
    server.flushall()
    clock.now = datetime(2100, 1, 1, 2, 20, tzinfo=UTC)
    Limiter("secret", redis_server.url, on=True).spend(HOURLY, VISITOR)
    key: Any
    (key,) = server.keys("*")
    assert VISITOR not in key
    assert server.expiretime(key) == datetime(2100, 1, 1, 3, 0, tzinfo=UTC).timestamp()


@pytest.mark.redis
def test_when_redis_dies_the_database_goes_on_counting(app: Flask, dying_redis: Redis) -> None:
    limiter = Limiter("secret", dying_redis.url, on=True)
    assert passed(limiter, DAILY, 3) == 3
    dying_redis.stop()
    assert passed(limiter, DAILY, 40) == 25
    assert counts() == [40]


def test_a_redis_that_never_answers_is_passed_over_for_the_database(app: Flask) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        limiter = Limiter("secret", f"redis://127.0.0.1:{silent.getsockname()[1]}/0", on=True)
        limiter.spend(HOURLY, VISITOR)
    assert counts() == [1]


def test_switched_off_everything_passes_and_nothing_is_kept(app: Flask) -> None:
    assert passed(Limiter("secret", None, on=False), HOURLY, 20) == 20
    assert counts() == []


def test_the_database_keeps_no_address(app: Flask) -> None:
    Limiter("secret", None, on=True).spend(HOURLY, VISITOR)
    Limiter("another secret", None, on=True).spend(HOURLY, VISITOR)
    keys = db.session.scalars(sa.select(RateCount.key)).all()
    assert len(set(keys)) == 2, "the digest does not depend on the secret, so anyone could compute it"
    assert not any(VISITOR in key for key in keys)


def test_counts_of_old_windows_are_swept_and_present_ones_stay(app: Flask, clock: MovableClock) -> None:
    limiter = Limiter("secret", None, on=True)
    passed(limiter, HOURLY, 2)
    passed(limiter, DAILY, 3)
    clock.move(hours=2, seconds=-1)
    sweep_counts()
    assert counts() == [2, 3]
    clock.move(seconds=2)
    sweep_counts()
    assert counts() == [3]


@pytest.mark.parametrize(("word", "seconds"), [("minute", 60), ("hour", 3600), ("day", 86400)])
def test_a_limit_is_read_from_its_sentence(word: str, seconds: int) -> None:
    limit = Limit.of(f"30 sign-in attempts per address per {word}")
    assert (limit.times, limit.seconds) == (30, seconds)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "5 per hour",
        "five trials per address per hour",
        "5 trials per address per week",
        "5/hour",
        "-1 x per y per day",
    ],
)
def test_what_is_no_limit_is_refused_at_the_start(sentence: str) -> None:
    with pytest.raises(ValueError, match="not a rate limit"):
        Limit.of(sentence)


@pytest.mark.parametrize(
    ("address", "visitor"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("203.0.113.7, 10.0.0.1", "unknown"),
    ],
)
def test_one_visitor_is_an_ipv4_address_or_an_ipv6_network(address: str | None, visitor: str) -> None:
    assert network(address) == visitor


def test_a_refused_use_still_counts_so_that_hammering_gains_nothing(limiter: Limiter, clock: MovableClock) -> None:
    passed(limiter, HOURLY, 20)
    clock.move(minutes=30)
    assert passed(limiter, HOURLY, 1) == 0
