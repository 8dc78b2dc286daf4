"""The database: `db`, the base of all models, the UTC time type, and atomic(), the only code that commits."""

import enum
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, registry

from clinic.core.characters import storable, storable_in
from clinic.core.sqlite_turns import turn

BUSY_TIMEOUT_SECONDS = 15


class Words(sa.TypeDecorator[str]):
    """A string without what XML 1.0 or HTML forbid: no page, feed or file can be broken by a stored text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """To what may be stored."""
        return value if value is None else storable(value)


class JsonWords(sa.TypeDecorator[Any]):
    """JSON whose strings are such, at every depth."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """To what may be stored."""
        return storable_in(value)


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can drop it by name on both databases; strings are Words."""

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
    """Connect the app. At its end a request lets go of what it has read, also when the database has gone away since:
    the answer is made then, and has to be sent."""
    db.init_app(app)

    @app.teardown_appcontext
    def let_go(_error: BaseException | None) -> None:
        if db.session.registry.has():
            try:
                db.session.close()
            except sa.exc.DBAPIError:
                db.session().invalidate()


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time, stored in UTC. SQLite keeps no zone, so it is put back on reading. Naive times are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To UTC. Raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time was given; use clock.now() or an aware time")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To an aware time in UTC."""
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def state_column(states: type[enum.StrEnum]) -> sa.Enum:
    """A column type that keeps a StrEnum as its word, with a check constraint that knows the words."""
    return sa.Enum(
        states,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=states.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


@contextmanager
def atomic() -> Iterator[None]:
    """All or nothing. As a decorator or a `with`; an inner one joins the outer transaction.

    The outermost commits, or rolls back whatever error leaves it. It starts a transaction of its own that takes
    SQLite's write lock at once (BEGIN IMMEDIATE): a reader that turns writer half-way can only fail. What is put into
    `session.info` meanwhile is kept until its end.
    """
    session = db.session()
    if session.info.get("atomic"):
        yield
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed outside atomic()")
    session.rollback()  # ends the read transaction, so that what follows is read afresh under the lock
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
    # WAL lets readers go on while one writes. FULL syncs the log at every commit: what a 303 promised survives a
    # power cut, which NORMAL would not give in WAL mode (https://www.sqlite.org/pragma.html#pragma_synchronous).
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # or REPLACE would take a row away without telling the content version
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("clinic_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def insert_or_skip(model: type[Base], **values: Any) -> bool:
    """Insert one row unless a unique constraint forbids it. Returns whether it was inserted.

    On PostgreSQL it waits for a rival's open transaction, so the answer is final once it comes.
    """
    db.session.flush()
    connection = db.session.connection()
    return connection.execute(_insert_or_skip(model, tuple(values), connection.dialect), values).first() is not None


@lru_cache(maxsize=64)
def _insert_or_skip(model: type[Base], names: tuple[str, ...], dialect: sa.Dialect) -> Any:
    """Compiled once: SQLAlchemy keeps no INSERT of a dialect's own kind, and compiling costs more than inserting."""
    statement = _insert_of(dialect)(model).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    return statement.compile(dialect=dialect, column_keys=list(names))


def upsert(model: type[Base]) -> Any:
    """An INSERT for `model` that knows ON CONFLICT, in the dialect of the database in use."""
    return _insert_of(db.session.get_bind().dialect)(model)


def _insert_of(dialect: sa.Dialect) -> Any:
    return postgresql.insert if dialect.name == "postgresql" else sqlite.insert
