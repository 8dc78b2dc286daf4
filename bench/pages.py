"""What a page costs: CPU time per request against Flask that only renders our article's bytes from one Jinja template.

Interleaved rounds in one process, SQLite, the demo clinic. `make bench` runs it; the ratio is what counts.
"""

import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_migrate import upgrade

from clinic.app import create_app
from clinic.core.settings import load_settings
from clinic.demo.load import load_demo

ROUNDS, REQUESTS = 7, 60
ARTICLE = "/articles/sitting-and-your-gluteal-muscles/"
PAGES = {"article": ARTICLE, "list": "/articles/", "home": "/", "booking form": "/book/"}


def main() -> None:
    """Print a line for each page: milliseconds of CPU, and the ratio to the limit."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"CLINIC_ENV": "test", "RATE_LIMITS": "off", "DEMO_PASSWORD": "bench"}, Path(folder))
        app = create_app(settings)
        logging.getLogger("clinic").setLevel(logging.ERROR)
        with app.app_context():
            upgrade()
            load_demo(if_empty=True)
        client = app.test_client()
        limit = _limit(client.get(ARTICLE).get_data(as_text=True))
        costs: dict[str, list[float]] = {name: [] for name in ("limit", *PAGES)}
        for _ in range(ROUNDS):
            costs["limit"].append(_cost(lambda: limit.get("/")))
            for name, path in PAGES.items():
                costs[name].append(_cost(lambda path=path: client.get(path)))  # type: ignore[misc]
    base = statistics.median(costs["limit"])
    print(f"{'page':<14}{'CPU ms':>8}{'ratio to Flask + one template':>32}")
    for name, values in costs.items():
        print(f"{name:<14}{statistics.median(values):>8.2f}{statistics.median(values) / base:>32.1f}")


def _limit(html: str) -> FlaskClient:
    app = Flask("limit")
    half = len(html) // 2
    app.add_url_rule(
        "/", view_func=lambda: render_template_string("{{ a|safe }}{{ b|safe }}", a=html[:half], b=html[half:])
    )
    return app.test_client()


def _cost(get: Callable[[], object]) -> float:
    get()
    start = time.process_time()
    for _ in range(REQUESTS):
        get()
    return (time.process_time() - start) / REQUESTS * 1000


if __name__ == "__main__":
    main()
