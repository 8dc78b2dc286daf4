"""The database: `db`, the base class of models, column types, and atomic(), the only code that commits."""

import enum
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, registry

from clinic.core.characters import storable, storable_in
from clinic.core.sqlite_turns import turn

BUSY_TIMEOUT_SECONDS = 15
Row = TypeVar("Row")


class Words(sa.TypeDecorator[str]):
    """A string column without characters that XML 1.0 or HTML forbid, so a stored text cannot break a page, feed or
    file."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Remove characters that must not be stored."""
        return value if value is None else storable(value)


class JsonWords(sa.TypeDecorator[Any]):
    """A JSON column whose strings are cleaned like Words, at any depth."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Remove characters that must not be stored."""
        return storable_in(value)


class Base(DeclarativeBase):
    """Base class of all models. Every constraint gets a name, so a migration can drop it on both databases; str columns
    are Words."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    registry = registry(metadata=metadata, type_annotation_map={str: Words()})


db = SQLAlchemy(model_class=Base)


def init_db(app: Flask) -> None:
    """Bind the database to the app. The session is closed at the end of each request. A lost connection is ignored at
    that point: the response is complete and must still be sent."""
    db.init_app(app)

    @app.teardown_appcontext
    def let_go(_error: BaseException | None) -> None:
        if db.session.registry.has():
            try:
                db.session.close()
            except sa.exc.DBAPIError:
                db.session().invalidate()


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite stores no zone, so reading adds UTC again. Naive datetimes are
    refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time was given; use clock.now() or an aware time")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def state_column(states: type[enum.StrEnum], name: str = "") -> sa.Enum:
    """Return a column type that stores a StrEnum as its value, with a check constraint on the allowed values."""
    return sa.Enum(
        states,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=name or states.__name__.lower(),  # of the check constraint
        values_callable=lambda members: [member.value for member in members],
    )


@contextmanager
def atomic() -> Iterator[None]:
    """Run a block or function in one transaction: all of it is committed, or nothing. Usable as a decorator or with
    `with`.

    A nested atomic() joins the outer transaction. The outermost commits, or rolls back on any exception. It ends the
    current read transaction and takes SQLite's write lock at once (BEGIN IMMEDIATE), because a reader that starts to
    write half-way can only fail. `session.info` is cleared at the end.

    Raises RuntimeError if the session already holds changes made outside atomic().
    """
    session = db.session()
    if session.info.get("atomic"):
        yield
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed outside atomic()")
    session.rollback()  # ends the read transaction, so that everything is read again under the lock
    with _turn(session.get_bind()):
        session.connection(execution_options={"clinic_write": True})
        session.info["atomic"] = True
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.clear()


def _turn(bind: Any) -> AbstractContextManager[None]:
    url = bind.engine.url
    if url.get_backend_name() != "sqlite":
        return nullcontext()
    return turn(url.database, most_seconds=BUSY_TIMEOUT_SECONDS)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.split(".")[0] != "sqlite3":
        return
    connection.isolation_level = None  # the driver's own BEGIN comes too late; _begin_sqlite sends ours
    # In WAL mode readers go on while one process writes. FULL syncs the log at every commit, so that a write confirmed
    # with 303 survives a power cut; NORMAL does not in WAL mode
    # (https://www.sqlite.org/pragma.html#pragma_synchronous).
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # otherwise REPLACE deletes a row without firing our triggers
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("clinic_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def claim_unique(row: Any, taken: Callable[[str], Exception], **values: str) -> None:
    """Give a row values that no other row of its table may have, and flush it.

    Raises taken(column) for the first column whose value another row has. A look before the write names the column; the
    unique constraints decide between two that come at the same moment.
    """
    model = type(row)
    with db.session.no_autoflush:
        others = model.id != row.id if row.id else sa.true()
        for column, value in values.items():
            if db.session.scalar(sa.select(model.id).where(getattr(model, column) == value, others)):
                raise taken(column)
    for column, value in values.items():
        setattr(row, column, value)
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        raise taken(next(iter(values))) from None


def row_with_id(model: type[Row], id_: int | None) -> Row | None:
    """Return the row with this id, if there is one."""
    return db.session.get(model, id_) if id_ is not None else None


def insert_or_skip(model: type[Base], **values: Any) -> bool:
    """Insert one row unless a unique constraint forbids it. Returns whether it was inserted.

    On PostgreSQL this waits for a competing open transaction, so the result is final.
    """
    db.session.flush()
    connection = db.session.connection()
    return connection.execute(_insert_or_skip(model, tuple(values), connection.dialect), values).first() is not None


@lru_cache(maxsize=64)
def _insert_or_skip(model: type[Base], names: tuple[str, ...], dialect: sa.Dialect) -> Any:
    """Compile the INSERT once per model. SQLAlchemy does not cache dialect-specific inserts, and compiling costs more
    than inserting."""
    statement = _insert_of(dialect)(model).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    return statement.compile(dialect=dialect, column_keys=list(names))


def upsert(model: type[Base]) -> Any:
    """Return an INSERT for `model` that supports ON CONFLICT, in the dialect of the current database."""
    return _insert_of(db.session.get_bind().dialect)(model)


def _insert_of(dialect: sa.Dialect) -> Any:
    return postgresql.insert if dialect.name == "postgresql" else sqlite.insert
