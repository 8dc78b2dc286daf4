"""Helpers for generated rows: batches, pseudo-random numbers, times, and statistics."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from clinic.core import clock
from clinic.core.db import atomic, db

CHUNK = 20_000
THREE_YEARS = 94_608_000  # seconds
Row = dict[str, Any]


def in_portions(number: int, insert: Callable[[range], None]) -> Iterator[int]:
    """Call insert() for the places 0, 1, 2 … in batches, each a transaction. Yields the number done."""
    for done in range(0, number, CHUNK):
        places = range(done, min(done + CHUNK, number))
        with atomic():
            insert(places)
        yield places.stop


def insert_all(statement: str, rows: list[Row]) -> None:
    """Execute one statement for many rows in the current transaction."""
    if rows:
        db.session.execute(sa.text(statement), rows)


def next_id(table: str) -> int:
    """Return the first free id. Ends the transaction."""
    last = db.session.scalar(sa.text(f"SELECT max(id) FROM {table}"))  # noqa: S608 - a name of ours
    db.session.rollback()
    return (last or 0) + 1


def go_on_counting(*tables: str) -> None:
    """Set PostgreSQL's sequences past the ids that were inserted explicitly."""
    if is_postgres():
        with atomic():
            for table in tables:
                last = f"(SELECT max(id) FROM {table})"  # noqa: S608
                db.session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


def take_statistics() -> None:
    """Update the statistics of the query planner, and on PostgreSQL the visibility map for index-only scans."""
    if is_postgres():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    else:
        with atomic():
            db.session.execute(sa.text("ANALYZE"))


def mixed(number: int, salt: int = 0) -> int:
    """Return a pseudo-random 32-bit number, the same on every call (Knuth's multiplicative hash)."""
    number = (number + salt * 7919) * 2654435761 % 2**32
    return number ^ number >> 16


def ago(seconds: float) -> Any:
    """Return a time in the past, or in the future if negative, in the form that raw SQL of this database takes."""
    moment = datetime.fromtimestamp(clock.now().timestamp() - seconds, UTC)
    return moment if is_postgres() else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def as_day(day: date) -> Any:
    """Return a day in the form that raw SQL of this database takes. Python 3.12 deprecates sqlite3's own conversion."""
    return day if is_postgres() else day.isoformat()


def is_postgres() -> bool:
    """Return whether the database is PostgreSQL."""
    return bool(db.session.get_bind().dialect.name == "postgresql")
