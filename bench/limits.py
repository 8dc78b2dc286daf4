"""Lower bounds for a server under gunicorn: the bytes of one article from a bare WSGI function, from Flask, and from
Flask with one Jinja template. BENCH_PAGE names the file with the bytes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from jinja2 import DictLoader

BODY = Path(os.environ["BENCH_PAGE"]).read_bytes()
HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(BODY)))]
HALF = len(BODY.decode()) // 2


def bare(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Respond without any framework."""
    start_response("200 OK", list(HEADERS))
    return (BODY,)


def _flask(name: str) -> Flask:
    app = Flask(name)
    app.jinja_loader = DictLoader({"page.html": "{{ a|safe }}{{ b|safe }}"})
    return app


constant = _flask("constant")
constant.add_url_rule("/", view_func=lambda: BODY)

template = _flask("template")
TEXT = BODY.decode()
template.add_url_rule("/", view_func=lambda: render_template("page.html", a=TEXT[:HALF], b=TEXT[HALF:]))
