"""What all bulk rows share: portions sent to the database at once, spread numbers, times, and statistics at the end."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from clinic.core import clock
from clinic.core.db import atomic, db

CHUNK = 20_000
THREE_YEARS = 94_608_000  # seconds
Row = dict[str, Any]


def in_portions(number: int, insert: Callable[[range], None]) -> Iterator[int]:
    """Call insert() for the places 0, 1, 2 … in portions, each a transaction. Yields how many are done."""
    for done in range(0, number, CHUNK):
        places = range(done, min(done + CHUNK, number))
        with atomic():
            insert(places)
        yield places.stop


def insert_all(statement: str, rows: list[Row]) -> None:
    """One statement for many rows, within the present transaction."""
    if rows:
        db.session.execute(sa.text(statement), rows)


def next_id(table: str) -> int:
    """The first id that is free; the transaction that asked is ended."""
    last = db.session.scalar(sa.text(f"SELECT max(id) FROM {table}"))  # noqa: S608 - a name of ours
    db.session.rollback()
    return (last or 0) + 1


def go_on_counting(*tables: str) -> None:
    """Tell PostgreSQL that ids were given out past its sequences."""
    if is_postgres():
        with atomic():
            for table in tables:
                last = f"(SELECT max(id) FROM {table})"  # noqa: S608
                db.session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


def take_statistics() -> None:
    """Tell the planner what the tables are like now, and PostgreSQL which pages an index alone can answer for."""
    if is_postgres():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    else:
        with atomic():
            db.session.execute(sa.text("ANALYZE"))


def mixed(number: int, salt: int = 0) -> int:
    """Knuth's multiplicative hash: spread over 32 bits, and the same every time."""
    number = (number + salt * 7919) * 2654435761 % 2**32
    return number ^ number >> 16


def ago(seconds: float) -> Any:
    """A moment in the past, or ahead if negative, as this database takes it in plain SQL."""
    moment = datetime.fromtimestamp(clock.now().timestamp() - seconds, UTC)
    return moment if is_postgres() else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def is_postgres() -> bool:
    """Whether this is PostgreSQL and not SQLite."""
    return bool(db.session.get_bind().dialect.name == "postgresql")
