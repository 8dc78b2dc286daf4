"""The site on several machines: nginx in front of two web machines with folders of their own, and workers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.site import Site, answers, ask, environ_of
from tests.nginx import Nginx
from tests.services import free_port, wait_for

WEB = ("web one", "web two")


def instance_of(name: str, folder: Path) -> Path:
    """Return the folder of one web machine, or that of the workers."""
    return folder / (name.replace(" ", "-") if name in WEB else "workers")


class Cluster(Site):
    """A site whose `port` is nginx's. "web one", "web two" and the workers have their own instance folders; pictures
    are in a shared one."""

    def __init__(self, folder: Path, **settings: str) -> None:
        first = instance_of("web one", folder)
        self._web_ports = {name: free_port() for name in WEB}
        self.nginx = Nginx((self._web_ports["web one"], self._web_ports["web two"]), first)
        own = {"TRUSTED_PROXIES": "1", "MEDIA_ROOT": str(first / "media")}
        super().__init__(folder, **own, SITE_URL=f"http://127.0.0.1:{self.nginx.port}", **settings)
        self.port = self.nginx.port

    def port_of(self, web: str) -> int:
        """Return the port of a machine itself."""
        return self._web_ports[web]

    def environ_for(self, name: str) -> dict[str, str]:
        """Return the environment with a machine's own folder."""
        return environ_of(instance_of(name, self.folder), self.port, **self.settings)

    def start_machine(self, name: str) -> None:
        """Start a web machine and wait until it answers."""
        self.start(name)
        wait_for(lambda: answers(self.port_of(name), "/healthz"), f"{name} to answer, see {self.folder}")

    def be_found_again(self) -> None:
        """Wait until nginx uses every machine.

        nginx skips a machine that failed for two seconds, and then tries it with a single request, while others that
        arrive at the same time find no machine at all.
        """
        time.sleep(2.1)
        for _ in range(2 * len(WEB)):
            ask(self.port, self.article)

    def start_web(self, *, largest_file: int | None = None) -> None:
        """Start both machines, and nginx in front."""
        assert largest_file is None, "a full disk is tried on one machine"
        for name in WEB:
            self.start_machine(name)
        self.nginx.start()

    def stop(self) -> None:
        """Stop everything."""
        self.nginx.stop()
        super().stop()


@contextmanager
def running_cluster(folder: Path, **settings: str) -> Iterator[Cluster]:
    """Both machines and nginx, without workers."""
    cluster = Cluster(folder, **settings)
    try:
        cluster.start_web()
        yield cluster
    finally:
        cluster.stop()
