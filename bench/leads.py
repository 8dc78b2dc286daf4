"""What the desk's pages cost with ten thousand leads and with a million: on SQLite, and on PostgreSQL where it is.

The ratio counts: for each page the median time with many against that with few, in interleaved rounds.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from clinic.app import create_app
from clinic.core.db import db
from clinic.core.settings import load_settings
from clinic.demo.bulk import bulk_leads
from clinic.demo.load import load_demo
from tests.browse import visit
from tests.services import Postgres, find_postgres

FEW, MANY, ROUNDS = 10_000, 1_000_000, 9
MOST = 1.5
PASSWORD = "a bench of leads"
PAGES = {
    "list": "/admin/leads/",
    "list of a stage": "/admin/leads/?tab=joined",
    "board": "/admin/leads/board/",
    "search by name": "/admin/leads/?search=menon+siti",
    "search by number": "/admin/leads/?search=80009999",
    "search everywhere": "/admin/search/?q=id9999",
    "lead": "/admin/leads/details/?id=9999",
    "today": "/admin/today/",
    "dashboard": "/admin/",
    "export opens": "/admin/leads/export.csv",
}


def main(many: int = MANY) -> int:
    """Print a table for each database. Returns 1 when a page misses its target."""
    logging.getLogger("clinic").setLevel(logging.ERROR)
    os.environ["DEMO_PASSWORD"] = PASSWORD
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        is_good &= _compare("SQLite", Path(folder), many, lambda name: {})
        if find_postgres():
            server = Postgres()
            try:
                is_good &= _compare(
                    "PostgreSQL", Path(folder) / "pg", many, lambda name: {"DATABASE_URL": server.new_database(name)}
                )
            finally:
                server.stop()
    print("All targets are met." if is_good else "* A target is missed.")
    return 0 if is_good else 1


def _compare(database: str, folder: Path, many: int, environ: Callable[[str], dict[str, str]]) -> bool:
    clients = {}
    for name, number in (("few", FEW), ("many", many)):
        app = _app(folder / name, **environ(f"bench_{name}"))
        started = time.monotonic()
        with app.app_context():
            for _ in bulk_leads(number):
                pass
            db.session.remove()
        print(f"{database}: {number:,} leads made in {time.monotonic() - started:.0f} s", flush=True)
        clients[name] = _desk(app)
    is_good = True
    print(f"{'ms':<20}{FEW:>12,}{many:>12,}{'ratio':>8}   target ≤ {MOST}")
    for page, path in PAGES.items():
        taken: dict[str, list[float]] = {"few": [], "many": []}
        for _ in range(ROUNDS):
            for name, client in clients.items():
                taken[name].append(_milliseconds(client, path))
        few, lots = (statistics.median(taken[name][1:]) for name in ("few", "many"))
        is_missed = lots / few > MOST
        is_good &= not is_missed
        print(f"{page:<20}{few:>12.1f}{lots:>12.1f}{'* ' * is_missed + f'{lots / few:.2f}':>8}", flush=True)
    return is_good


def _app(folder: Path, **environ: str) -> Flask:
    folder.mkdir(parents=True)
    values = {"CLINIC_ENV": "test", "RATE_LIMITS": "off"} | environ
    app = create_app(load_settings(values, folder))
    with app.app_context():
        upgrade()
        load_demo(if_empty=True)
    return app


def _desk(app: Flask) -> FlaskClient:
    client = app.test_client()
    visit(client, "/login").submit("Sign in", follow=False, email="desk@example.org", password=PASSWORD)
    return client


def _milliseconds(client: FlaskClient, path: str) -> float:
    with _closing(client, path) as started:
        return (time.perf_counter() - started) * 1000


@contextmanager
def _closing(client: FlaskClient, path: str) -> Iterator[float]:
    """Ask, and wait for the first part of the answer."""
    started = time.perf_counter()
    answer = client.get(path, buffered=False)
    assert answer.status_code == 200, (path, answer.status_code)
    next(answer.iter_encoded())
    yield started
    answer.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY))
