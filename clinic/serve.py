"""`make run`: settings, migrations and the demo clinic, then gunicorn and the worker, watched until Ctrl-C."""

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from flask_migrate import upgrade

from clinic.app import ROOT, create_app, read_settings
from clinic.core.db import db
from clinic.core.settings import Settings, SettingsError
from clinic.demo.load import STAFF, load_demo
from clinic.media.errors import StoreAway, StoreRefuses
from clinic.media.files import check_files
from clinic.web.health import head_revision, is_migrated

STOP_SECONDS = 20
MOST_DEATHS = 6  # within a minute


def main() -> int:
    """Run the site in the foreground. Returns the exit status."""
    instance = Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance").resolve()
    was_interrupted = _note_interrupts()
    try:
        _keep_secrets(instance)
        settings = read_settings()
        if _is_taken(settings):
            print(f"Another program listens on port {settings.port}: set PORT to a free one.", file=sys.stderr)
            return 1
        _prepare(settings)
    except SettingsError as error:
        print(f"Settings: {error}", file=sys.stderr)
        return 1
    except StoreAway as error:
        print(f"The demo clinic needs its pictures, which are out of reach: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # what was begun was undone: each step is one transaction
        return 130
    return 130 if was_interrupted.is_set() else _watch(settings)


def _note_interrupts() -> threading.Event:
    """Ctrl-C raises KeyboardInterrupt as ever, and is remembered.

    Python drops an exception that arises while it collects garbage or runs a callback of the database; then the step
    goes on to its end, and what has been asked for is done there.
    """
    heard = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        heard.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    return heard


def _keep_secrets(instance: Path) -> None:
    """Make the secrets once, readable by this user only, and keep them in instance/settings.env."""
    path = instance / "settings.env"
    if os.environ.get("SECRET_KEY") or (path.exists() and "SECRET_KEY=" in path.read_text()):
        return
    instance.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(f"SECRET_KEY={secrets.token_urlsafe(48)}\n")
        file.write(
            "# The key of the one-time ledger. Never change it: with another key nobody's first trial is remembered.\n"
            f"LEDGER_KEY={secrets.token_urlsafe(48)}\n"
        )


def _is_taken(settings: Settings) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does, so a port just left is free
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _prepare(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        if not is_migrated():
            print(f"Migrating the database to {head_revision()} …", flush=True)
            upgrade()
            db.session.remove()  # it has read from before the migration
        _try_files()
        if load_demo(if_empty=True):
            print("Loaded the demo clinic.", flush=True)
    password = settings.instance / "demo-password.txt"
    print(f"\n  The site      http://{settings.host}:{settings.port}/", flush=True)
    print(f"  The panel     http://{settings.host}:{settings.port}/admin/", flush=True)
    if password.exists():
        print(f"  Demo sign-ins {', '.join(email for email, _, _ in STAFF)}")
        print(f"  Password      {password.read_text().strip()}\n\n  Ctrl-C stops everything.\n", flush=True)


def _try_files() -> None:
    """A wrong bucket stops the start; one that does not answer may come back, and only pictures wait for it."""
    try:
        check_files()
    except StoreRefuses as error:
        raise SettingsError(f"MEDIA_URL is wrong: {error}") from None
    except StoreAway as error:
        print(f"The pictures are out of reach: {error}. Starting without them.", file=sys.stderr)


def _watch(settings: Settings) -> int:
    """Start both processes in our process group; start again what dies; stop both when asked."""
    environ = os.environ | {"PORT": str(settings.port), "INSTANCE_PATH": str(settings.instance)}
    commands = {
        "web": [
            *(sys.executable, "-m", "gunicorn", "wsgi:app", "--chdir", str(ROOT)),
            *("--config", str(ROOT / "gunicorn.conf.py"), "--bind", f"{settings.host}:{settings.port}"),
            *("--workers", str(settings.web_concurrency)),
        ],
        "worker": [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "clinic", "worker"],
    }
    stopping = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    running = {name: subprocess.Popen(command, env=environ, cwd=ROOT) for name, command in commands.items()}
    deaths: list[float] = []
    while not stopping:
        time.sleep(0.2)
        for name, process in running.items():
            if stopping or process.poll() is None:
                continue
            deaths = [*deaths[1 - MOST_DEATHS :], time.monotonic()]
            if len(deaths) == MOST_DEATHS and deaths[-1] - deaths[0] < 60:
                print(
                    f"The {name} process ends again and again (status {process.returncode}): see above.",
                    file=sys.stderr,
                )
                _stop(running)
                return 1
            print(f"The {name} process ended with status {process.returncode}: starting it again.", file=sys.stderr)
            running[name] = subprocess.Popen(commands[name], env=environ, cwd=ROOT)
    _stop(running)
    return 0


def _stop(running: dict[str, "subprocess.Popen[bytes]"]) -> None:
    for process in running.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
