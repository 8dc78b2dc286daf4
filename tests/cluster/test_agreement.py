"""Two machines act as one site: limits and pages agree between them, with Redis and without."""

import itertools
from collections.abc import Iterator
from functools import partial

import pytest

from clinic.bookings.views import TRIALS
from clinic.core import clock
from tests.cluster.cluster import WEB
from tests.cluster.conftest import Ground
from tests.cluster.load import edition_on, person, save_article
from tests.journeys.site import ask, at_once
from tests.journeys.smtp import MailServer
from tests.services import wait_for

pytestmark = [pytest.mark.nginx, pytest.mark.postgresql, pytest.mark.redis]
numbers = itertools.count(1)
editions = itertools.count(100)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"RATE_LIMITS": "on"}


@pytest.fixture(params=["with Redis", "without Redis"])
def has_redis(request: pytest.FixtureRequest, ground: Ground) -> Iterator[bool]:
    """True with Redis. Redis loses its counts when it is killed, so each test starts with fresh limits."""
    if is_there := request.param == "with Redis":
        ground.redis.kill()
        ground.redis.start()
    else:
        ground.redis.kill()
    yield is_there
    if not is_there:
        ground.redis.start()


def book(ground: Ground, port: int) -> int:
    fields = {"name": "Tan Wei Ling", "service": "pilates-1-to-1", "consent": "y"} | person(next(numbers))
    return ask(port, "/book/", fields).status


def test_a_limit_counts_what_comes_to_any_machine(ground: Ground, has_redis: bool) -> None:
    if clock.now().minute == 59:
        wait_for(lambda: clock.now().minute == 0, "the next hour, in which limits begin anew", 61)
    one, two = (ground.site.port_of(name) for name in WEB)
    statuses = [book(ground, (one, two, ground.site.port)[number % 3]) for number in range(TRIALS.times)]
    assert statuses == [303] * TRIALS.times
    assert {book(ground, port) for port in (one, two, ground.site.port)} == {429}


def test_a_change_shows_on_every_machine_at_the_next_request(ground: Ground, has_redis: bool) -> None:
    ports = [ground.site.port, *(ground.site.port_of(name) for name in WEB)]
    for _ in range(10):
        number = next(editions)
        save_article(ground.site, number)
        seen = at_once([partial(edition_on, port, ground.site.article) for port in ports * 4])
        assert set(seen) == {number}


def test_comments_are_kept_and_mail_goes_out(ground: Ground, mails: MailServer, has_redis: bool) -> None:
    wait_for(ground.site.is_drained, "the outbox to be drained", 60)
    before = len(mails.folded())
    fields = {"body": f"It helped me {has_redis}.", "name": "Mei", "email": "mei@example.org"}
    assert ask(ground.site.port, f"{ground.site.article}comments", fields).status == 303
    wait_for(ground.site.is_drained, "the outbox to be drained", 60)
    assert len(mails.folded()) == before + 1, "the moderator is told"
