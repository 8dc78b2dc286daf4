"""`make run`: prepares secrets, database and demo clinic, then runs gunicorn and the worker until Ctrl-C.

Everything is imported once. All processes are forks of this one, so they share its memory and start at once.
"""

import ctypes
import errno
import gc
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from flask import Flask
from flask_migrate import upgrade
from gunicorn.app.base import Application
from setproctitle import setproctitle

from clinic.app import ROOT, create_app, read_settings
from clinic.core import content_triggers
from clinic.core.db import db
from clinic.core.env_file import write_values
from clinic.core.file_modes import write_privately
from clinic.core.settings import Settings, SettingsError, read_env_file
from clinic.demo.load import STAFF, load_demo
from clinic.media.errors import StoreAway, StoreRefuses
from clinic.media.files import check_files
from clinic.web.health import head_revision, is_migrated
from clinic.worker import work

STOP_SECONDS = 20
MOST_DEATHS = 6  # of the web process within a minute
LONG_LIFE = LONGEST_WAIT = 60.0  # seconds: a worker that ran this long is restarted at once, others with growing delay
M_ARENA_MAX = -8  # malloc.h of glibc; macOS and musl have no mallopt
STOPS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Run the site in the foreground. Returns the exit status."""
    instance = Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance").resolve()
    was_interrupted = _note_interrupts()
    write_privately()
    _share_heaps()
    try:
        _keep_secrets(instance)
        settings = read_settings()
        if _is_taken(settings):
            print(f"Port {settings.port} is in use by another program. Set PORT to a free one.", file=sys.stderr)
            return 1
        app = create_app(settings)
        has_made_much = _prepare(app)
    except SettingsError as error:
        print(f"Settings: {error}", file=sys.stderr)
        return 1
    except StoreAway as error:
        print(f"The demo clinic needs media storage, which is unreachable: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # nothing is left half done: each step is one transaction
        return 130
    if was_interrupted.is_set():
        return 130
    if has_made_much:
        os.execv(sys.executable, sys.orig_argv)  # start afresh, or all forks would share the memory used so far
    _tell(settings)
    return _watch(settings, app)


def _share_heaps() -> None:
    """Limit each process to two malloc arenas (mallopt(3), M_ARENA_MAX).

    By default glibc makes up to eight per core, which cost the worker alone 30 MB. The systemd units set the same
    limit.
    """
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)


def _note_interrupts() -> threading.Event:
    """Return an event that is set by Ctrl-C, in addition to the usual KeyboardInterrupt.

    Python drops an exception that is raised during garbage collection or a database callback. The current step then
    finishes, and main() checks the event afterwards.
    """
    heard = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        heard.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    return heard


def _keep_secrets(instance: Path) -> None:
    """Generate missing secrets and store them in instance/settings.env, readable by this user only."""
    path = instance / "settings.env"
    kept = read_env_file(path)
    if os.environ.get("SECRET_KEY") or kept.get("SECRET_KEY"):
        return
    secrets_ = {"SECRET_KEY": secrets.token_urlsafe(48)}
    if not kept.get("LEDGER_KEY"):
        secrets_["LEDGER_KEY"] = secrets.token_urlsafe(48)
    about = "The key of the one-time ledger. Never change it: with another key nobody's first trial is remembered."
    write_values(path, secrets_, {"LEDGER_KEY": about})


def _is_taken(settings: Settings) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does, so a port just released is free
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _prepare(app: Flask) -> bool:
    """Migrate the database, and load the demo clinic into an empty one. Returns whether there was anything to do."""
    with app.app_context():
        is_old = not is_migrated() or not content_triggers.are_in_place(db.session.connection())
        db.session.rollback()
        if is_old:
            print(f"Migrating the database to {head_revision()} …", flush=True)
            upgrade()
            db.session.remove()  # the session was opened before the migration
        _try_files()
        is_loaded = load_demo(if_empty=True)
        if is_loaded:
            print("Loaded the demo clinic.", flush=True)
        # A fork must not share a connection, neither to the database nor to a bucket.
        db.session.remove()
        db.engine.dispose()
        app.extensions.pop("clinic.files", None)
    return is_old or is_loaded


def _tell(settings: Settings) -> None:
    password = settings.instance / "demo-password.txt"
    print(f"\n  The site      http://{settings.listens_at}/", flush=True)
    print(f"  The panel     http://{settings.listens_at}/admin/", flush=True)
    if password.exists():
        print(f"  Demo sign-ins {', '.join(email for email, _, _ in STAFF)}")
        print(f"  Password      {password.read_text().strip()}\n\n  Ctrl-C stops everything.\n", flush=True)


def _try_files() -> None:
    """Check media storage. A wrong bucket stops the start. One that does not answer may come back, so only a warning is
    printed."""
    try:
        check_files()
    except StoreRefuses as error:
        raise SettingsError(f"MEDIA_URL is wrong: {error}") from None
    except StoreAway as error:
        print(f"Media storage is unreachable: {error}. Starting without it.", file=sys.stderr)


class Web(Application):
    """gunicorn application that serves an existing app."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings = app, settings
        super().__init__()

    def load_config(self) -> None:
        """Load gunicorn.conf.py, then bind address and worker count from the settings."""
        self.load_config_from_file(str(ROOT / "gunicorn.conf.py"))
        self.cfg.set("bind", self._settings.listens_at)
        self.cfg.set("workers", self._settings.web_concurrency)
        self.cfg.set("preload_app", True)

    def load(self) -> Flask:
        """Return the app."""
        return self._app


class Child:
    """A forked process that runs one function and exits."""

    def __init__(self, title: str, act: Callable[[], None]) -> None:
        self.status: int | None = None  # exit status once it has ended; negative after a signal
        # Block signals during the fork, or the child would run its parent's handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        self.pid = os.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        if self.pid == 0:
            setproctitle(title)
            act()
            sys.exit()

    def has_ended(self) -> bool:
        """Return whether the process has ended, without waiting."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def send(self, number: int) -> None:
        """Send a signal unless the process has ended."""
        if not self.has_ended():
            os.kill(self.pid, number)


def _watch(settings: Settings, app: Flask) -> int:
    """Run the web and the worker in our process group, restart them when they end, and stop both on a signal. Returns
    the exit status.

    If the web keeps ending, everything stops. If the worker keeps ending, it is restarted with growing delay and the
    web goes on.
    """
    stopping = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    gc.collect()
    gc.freeze()  # frozen objects are not collected, so their memory stays shared
    web = Child("gunicorn: master [clinic]", lambda: Web(app, settings).run())
    worker = Restarted("worker", lambda: Child("flask clinic worker", lambda: work(app)))
    deaths: list[float] = []
    while not stopping:
        worker.watch()
        time.sleep(0.2)
        if stopping or not web.has_ended():
            continue
        deaths = [*deaths[1 - MOST_DEATHS :], time.monotonic()]
        if len(deaths) == MOST_DEATHS and deaths[-1] - deaths[0] < 60:
            print(
                f"The web process keeps ending (status {web.status}). Stopping; see the errors above.", file=sys.stderr
            )
            break
        print(f"The web process ended with status {web.status}: starting it again.", file=sys.stderr)
        web = Child("gunicorn: master [clinic]", lambda: Web(app, settings).run())
    _stop([web, *worker.child])
    return 0 if stopping else 1


class Restarted:
    """A child process that is restarted when it ends: at once after a long life, else after 1, 2, 4 … 60 seconds."""

    def __init__(self, name: str, start: Callable[[], Child]) -> None:
        self._name, self._start = name, start
        self.child: list[Child] = []  # empty while it waits
        self._began_at = self._due_at = 0.0
        self._wait = 0.0

    def watch(self) -> None:
        """Check the child, and start it again when its delay is over."""
        if self.child and self.child[0].has_ended():
            has_lived = time.monotonic() - self._began_at > LONG_LIFE
            self._wait = 0.0 if has_lived else min(max(1.0, self._wait * 2), LONGEST_WAIT)
            self._due_at = time.monotonic() + self._wait
            self._tell(f"ended with status {self.child.pop().status}")
        if not self.child and time.monotonic() >= self._due_at:
            self._began_at = time.monotonic()
            try:
                self.child = [self._start()]
            except OSError as error:  # no memory for a fork
                self._wait = min(max(1.0, self._wait * 2), LONGEST_WAIT)
                self._due_at = time.monotonic() + self._wait
                self._tell(f"cannot be started ({error.strerror})")

    def _tell(self, what: str) -> None:
        when = f"in {self._wait:.0f} seconds" if self._wait else "again"
        print(f"The {self._name} process {what}: starting it {when}. The web goes on.", file=sys.stderr, flush=True)


def _stop(running: list[Child]) -> None:
    for child in running:
        child.send(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and not all(child.has_ended() for child in running):
        time.sleep(0.02)
    for child in running:
        child.send(signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
