"""The base of a cluster: its own PostgreSQL and Redis, because they are killed."""

import time
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import WEB, Cluster, running_cluster
from tests.journeys.smtp import MailServer
from tests.services import Postgres, Redis

WORKERS = ("worker one", "worker two")
AWAY = 3.0  # seconds until a killed process is restarted


class Ground:
    """A whole cluster, and faults that can be caused in it."""

    def __init__(self, site: Cluster, postgres: Postgres, redis: Redis) -> None:
        self.site, self.postgres, self.redis = site, postgres, redis
        self.outages: list[tuple[float, float]] = []

    def was_database_away(self, began: float, ended: float) -> bool:
        """Return whether PostgreSQL was down at some time in the interval."""
        return any(began <= last and first <= ended for first, last in self.outages)

    def strike(self, what: str) -> None:
        """Kill a process, and start it again after a while. PostgreSQL is restarted."""
        if what == "PostgreSQL":
            began = time.monotonic()
            self.postgres.restart()
            self.outages.append((began, time.monotonic()))
        elif what == "Redis":
            self.redis.kill()
            time.sleep(AWAY)
            self.redis.start()
        else:
            self.site.kill(what)
            time.sleep(AWAY)
            (self.site.start_machine if what in WEB else self.site.start)(what)


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Settings that a module overrides."""
    return {}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, mails: MailServer, settings: dict[str, str]) -> Iterator[Ground]:
    """Two web machines behind nginx, two workers, PostgreSQL and Redis."""
    postgres, redis = Postgres(), Redis()
    where = {"DATABASE_URL": postgres.new_database("cluster"), "REDIS_URL": redis.url, "MAIL_URL": mails.url}
    try:
        with running_cluster(tmp_path_factory.mktemp("cluster"), **where, **settings) as site:
            for worker in WORKERS:
                site.start(worker)
            yield Ground(site, postgres, redis)
    finally:
        redis.stop()
        postgres.stop()
