"""CPU profile of pages that are not stored and of form submissions. Writes bench/PROFILE.md.

cProfile runs in one thread of one process, without gunicorn and wrk. It exaggerates the cost of many small calls, so
milliseconds are measured without it, and only the shares come from it.
"""

import cProfile
import logging
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from clinic.app import create_app
from clinic.core.db import db
from clinic.core.settings import load_settings
from clinic.demo.load import load_demo
from tests.journeys.browser import ARTICLE

REQUESTS, ROUNDS = 100, 5
RESULTS = Path(__file__).with_name("PROFILE.md")
# Pattern of a function's file, and the part it counts for. The first match counts.
PARTS = {
    "/sqlalchemy/orm/": "ORM objects",
    "/flask_sqlalchemy/": "ORM objects",
    "/sqlalchemy/": "statements",
    "/clinic/templates/": "templates",
    "/jinja2/": "templates",
    "/markupsafe/": "templates",
    "/wtforms/": "forms",
    "/flask_wtf/": "forms",
    "/clinic/": "clinic/",
    "/site-packages/": "Flask, Werkzeug and their extensions",
}
OTHERS = "standard library"


def main() -> None:
    """Profile each kind of request, print the table and write it to the file."""
    with tempfile.TemporaryDirectory() as folder:
        app = _site(Path(folder))
        client = app.test_client()
        cases: dict[str, Callable[[int], Any]] = {
            "article, not stored": lambda number: client.get(f"{ARTICLE}?x=1"),
            "list, not stored": lambda number: client.get("/articles/?x=1"),
            "booking accepted": lambda number: _book(client, number),
            "comment accepted": lambda number: _comment(client, number),
        }
        columns = {name: _measure(app, ask) for name, ask in cases.items()}
    shares = {name: column[2] for name, column in columns.items()}
    rows = sorted(set().union(*shares.values()), key=lambda part: -sum(share[part] for share in shares.values()))
    lines = [
        f"Medians of {ROUNDS} times {REQUESTS} requests; shares of the time spent in a part's own functions.",
        "",
        "| | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
        "| CPU ms | " + " | ".join(f"{column[0]:.2f}" for column in columns.values()) + " |",
        "| SQL statements, BEGIN among them | " + " | ".join(str(column[1]) for column in columns.values()) + " |",
        *(f"| {part} | " + " | ".join(f"{share[part]:.0%}" for share in shares.values()) + " |" for part in rows),
    ]
    text = "\n".join(lines)
    print(text)
    RESULTS.write_text(f"# Where the time goes\n\nWritten by `make bench`.\n\n{text}\n", encoding="utf-8")


def _site(instance: Path) -> Flask:
    values = {"CLINIC_ENV": "test", "RATE_LIMITS": "off", "FORM_MIN_SECONDS": "0"}
    app = create_app(load_settings(values, instance))
    logging.getLogger("clinic").setLevel(logging.ERROR)
    with app.app_context():
        upgrade()
        load_demo(if_empty=True)
    return app


def _book(client: FlaskClient, number: int) -> None:
    person = {"name": "Bench", "email": f"b{number}@bench.example.org", "mobile": f"8{number:07}"}
    answer = client.post("/book/", data=person | {"service": "pilates-1-to-1", "consent": "y"})
    assert answer.status_code == 303, answer.status_code


def _comment(client: FlaskClient, number: int) -> None:
    words = {"name": "Bench", "email": "bench@example.org", "body": f"It helped, {number}."}
    assert client.post(f"{ARTICLE}comments", data=words).status_code == 303


def _measure(app: Flask, ask: Callable[[int], Any]) -> tuple[float, int, Counter[str]]:
    """Return milliseconds of CPU per request, the number of statements, and the share of each part."""
    numbers = iter(range(1_000_000, 9_000_000))
    for _ in range(20):
        ask(next(numbers))
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(REQUESTS):
            ask(next(numbers))
        taken.append((time.process_time() - began) * 1000 / REQUESTS)
    statements: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(*args: Any) -> None:
        statements.append(args[2])

    sa.event.listen(engine, "before_cursor_execute", note)
    ask(next(numbers))
    sa.event.remove(engine, "before_cursor_execute", note)
    with cProfile.Profile() as profile:
        for _ in range(REQUESTS):
            ask(next(numbers))
    return sorted(taken)[ROUNDS // 2], len(statements), _shares(pstats.Stats(profile))


def _shares(stats: Any) -> Counter[str]:
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, callers) in stats.stats.items():
        if "sqlite3" in name:
            spent["SQLite"] += own
        elif file == "~":  # written in C: counts for its caller
            for (caller, _, _), (_, _, of_caller, _) in callers.items():
                spent[_part(caller)] += of_caller
        else:
            spent[_part(file)] += own
    total = sum(spent.values())
    return Counter({part: own / total for part, own in spent.items()})


def _part(file: str) -> str:
    return next((part for place, part in PARTS.items() if place in file), OTHERS)


if __name__ == "__main__":
    main()
