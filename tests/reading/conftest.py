"""Fixture `statements`: counts the SQL statements of a request."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.db import db


@pytest.fixture
def statements(app: Flask, client: FlaskClient) -> Iterator[Callable[[str], int]]:
    """Return a function that opens a page and returns the number of SQL statements: statements("/articles/")."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def count(path: str) -> int:
        client.get(path)  # reads that happen once per process are not counted
        seen.clear()
        assert client.get(path).status_code == 200
        return len([one for one in seen if not one.startswith(("BEGIN", "PRAGMA"))])

    engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield count
    sa.event.remove(engine, "before_cursor_execute", note)
