"""The demo clinic on a cluster, for the journeys that otherwise run against one machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from clinic.demo.load import load_demo
from tests.cluster.cluster import Cluster, instance_of
from tests.journeys.browser import ARTICLE, PASSWORD, Site, has_renditions
from tests.services import Postgres, Redis, wait_for

WORKERS = ("worker one", "worker two")


class DemoCluster(Cluster):
    """A cluster with the demo clinic."""

    def fill(self) -> str:
        """Load the demo, with the password that the journeys use."""
        with mock.patch.dict("os.environ", DEMO_PASSWORD=PASSWORD):
            load_demo(if_empty=False)
        return ARTICLE


@contextmanager
def running_demo_cluster() -> Iterator[Site]:
    """nginx, two web machines, two workers, a PostgreSQL and a Redis of its own."""
    postgres, redis = Postgres(), Redis()
    with tempfile.TemporaryDirectory(prefix="clinic-cluster-") as folder:
        where = {"DATABASE_URL": postgres.new_database("demo"), "REDIS_URL": redis.url}
        cluster = DemoCluster(Path(folder), **where)
        database_url = cluster.app.config["CLINIC"].database_url
        site = Site(f"http://127.0.0.1:{cluster.port}", instance_of(WORKERS[0], cluster.folder), database_url)
        try:
            cluster.start_web()
            for worker in WORKERS:
                cluster.start(worker)
            wait_for(lambda: has_renditions(site), "the workers to have made all pictures", 120)
            yield site
        finally:
            cluster.stop()
            redis.stop()
            postgres.stop()
