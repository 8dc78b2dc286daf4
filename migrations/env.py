"""Alembic environment: the app's engine, all models, and one transaction that holds the write lock."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app
from flask_security import AsaList

from clinic.core import content_triggers
from clinic.core.db import Base, JsonWords, UtcDateTime, Words

engine: sa.Engine = current_app.extensions["migrate"].db.engine


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Render our own types and Flask-Security's as plain SQL types, so that migrations import no application code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AsaList):
        return "sa.UnicodeText()"
    if kind == "type" and isinstance(item, Words):
        return f"sa.String(length={item.impl.length})" if item.impl.length else "sa.String()"
    if kind == "type" and isinstance(item, JsonWords):
        return "sa.JSON()"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out the tables of each engine's full-text index, which no model describes."""
    return not (kind == "table" and str(name).startswith(("search_fts", "search_vector")))


def leads_somewhere() -> bool:
    """Return whether the Alembic command migrates the database, and does not only inspect it."""
    try:
        context.get_revision_argument()
    except KeyError:
        return False
    return True


def migrate(connection: sa.Connection) -> None:
    """Run the requested migrations. The triggers of the content version are dropped before and created after: they
    block changes, and a rebuilt table has lost its own."""
    heads = context.get_context().get_current_heads()
    if context.get_revision_argument() not in (*heads, heads):
        content_triggers.take_away(connection)
        content_triggers.replace_token(connection)
    context.run_migrations()
    if context.get_context().get_current_revision() == context.get_head_revision():
        content_triggers.put_in_place(connection)


def run() -> None:
    """Run the command in one transaction."""
    with engine.connect().execution_options(clinic_write=True) as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        raw = connection.connection.dbapi_connection
        if is_sqlite and raw:
            # A batch rebuild drops the old table. With foreign keys on, that would delete the rows that refer to it.
            raw.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]
        try:
            with connection.begin():
                context.configure(
                    connection=connection,
                    target_metadata=Base.metadata,
                    render_as_batch=True,
                    compare_type=True,
                    render_item=render_item,
                    include_name=include_name,
                )
                migrate(connection) if leads_somewhere() else context.run_migrations()
        finally:
            if is_sqlite and raw and not connection.invalidated:  # Ctrl-C closes it
                raw.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]


run()
