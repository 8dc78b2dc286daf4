"""Database triggers that change the content version, generated from the marks in `Table.info`.

A trigger sees what a listener in Python cannot: whether a statement changed a row (also with RETURNING, inside WITH, in
a cascading delete, or typed into psql), and whether a column that readers see has changed.

The name of each trigger ends with a digest of its definition, so two sets of triggers are compared by name.
"""

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection

from clinic.core.content_version import ContentVersion, Shown, mark_of
from clinic.core.db import Base

PREFIX = "content_version_"
ROWS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
SET_TOKEN = {
    "sqlite": "UPDATE content_version SET token = lower(hex(randomblob(8))) WHERE id = 1",
    "postgresql": "UPDATE content_version SET token = left(md5(gen_random_uuid()::text), 16) WHERE id = 1",
}


def put_in_place(connection: Connection) -> None:
    """Create the triggers that the marks ask for and drop outdated ones. Does nothing if they already match."""
    if not are_in_place(connection):
        take_away(connection)
        for table in _tables(connection):
            _make(connection, table)


def are_in_place(connection: Connection) -> bool:
    """Return whether the database has exactly the triggers that the marks ask for."""
    wanted = {name for table in _tables(connection) for name in _triggers(table, connection.dialect.name)}
    return set(_present(connection)) == wanted


def take_away(connection: Connection) -> None:
    """Drop all our triggers, so that a migration can change the tables beneath them."""
    is_postgres = connection.dialect.name == "postgresql"
    for name, table in _present(connection).items():
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"' + (f' ON "{table}"' if is_postgres else ""))
        if is_postgres:
            connection.exec_driver_sql(f'DROP FUNCTION "{name}"()')


def replace_token(connection: Connection) -> None:
    """Change the content version by hand, after a change that no trigger sees (a migration)."""
    if sa.inspect(connection).has_table(ContentVersion.__tablename__):
        connection.exec_driver_sql(SET_TOKEN[connection.dialect.name])


def _tables(connection: Connection) -> list[sa.Table]:
    """Return the marked tables that exist with all their columns. During create_all() some do not exist yet."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    if ContentVersion.__tablename__ not in there:
        return []
    marked = [table for table in Base.metadata.sorted_tables if table.name in there and mark_of(table)]
    return [
        table
        for table in marked
        if {column["name"] for column in inspector.get_columns(table.name)} >= set(table.c.keys())
    ]


def _present(connection: Connection) -> dict[str, str]:
    """Return our triggers in the database: trigger name to table name."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        asked = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE relnamespace = current_schema()::regnamespace"
        )
    found = connection.exec_driver_sql(asked).tuples()
    return {name: table for name, table in found if name.startswith(PREFIX)}


def _make(connection: Connection, table: sa.Table) -> None:
    for statements in _triggers(table, connection.dialect.name).values():
        for statement in statements:
            connection.exec_driver_sql(statement)


def _triggers(table: sa.Table, dialect: str) -> dict[str, list[str]]:
    """Return the SQL statements that create each trigger of a table, by trigger name."""
    mark = mark_of(table)
    assert mark
    found = {}
    for what, statements in (_on_sqlite if dialect == "sqlite" else _on_postgresql)(table, mark):
        digest = hashlib.sha256("".join(statements).encode()).hexdigest()[:8]
        name = f"{PREFIX}{table.name}_{what.lower()}_{digest}"
        found[name] = [statement.replace("{name}", f'"{name}"') for statement in statements]
    return found


def _on_sqlite(table: sa.Table, mark: Shown) -> Iterator[tuple[str, list[str]]]:
    for what in ROWS:
        conditions = [one for one in (_change(table, mark, what, "IS NOT"), _visible(mark, what)) if one]
        when = f" WHEN {' AND '.join(conditions)}" if conditions else ""
        yield (
            what,
            [
                f'CREATE TRIGGER {{name}} AFTER {what} ON "{table.name}" FOR EACH ROW{when}'
                f" BEGIN {SET_TOKEN['sqlite']}; END"
            ],
        )


def _on_postgresql(table: sa.Table, mark: Shown) -> Iterator[tuple[str, list[str]]]:
    """Yield deferred triggers, which run at the commit. The row of the content version is locked last and briefly, so
    writers neither queue for it nor deadlock over it."""
    for what in ROWS:
        change = _change(table, mark, what, "IS DISTINCT FROM")
        when = f" WHEN {change}" if change else ""
        yield (
            what,
            [
                _function(_visible(mark, what)),
                f'CREATE CONSTRAINT TRIGGER {{name}} AFTER {what} ON "{table.name}" DEFERRABLE INITIALLY DEFERRED'
                f" FOR EACH ROW{when} EXECUTE FUNCTION {{name}}()",
            ],
        )
    trigger = f'CREATE TRIGGER {{name}} AFTER TRUNCATE ON "{table.name}" FOR EACH STATEMENT EXECUTE FUNCTION {{name}}()'
    yield "TRUNCATE", [_function(""), trigger]


def _function(visible: str) -> str:
    """Return the CREATE FUNCTION statement. The token changes once per transaction, however many rows are written. SET
    search_path FROM CURRENT finds the tables in sessions with another search path."""
    return f"""
        CREATE FUNCTION {{name}}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            IF current_setting('clinic.content_changed', true) IS DISTINCT FROM 'yes' AND {visible or "true"} THEN
                {SET_TOKEN["postgresql"]};
                PERFORM set_config('clinic.content_changed', 'yes', true);
            END IF;
            RETURN NULL;
        END $$"""


def _change(table: sa.Table, mark: Shown, what: str, differs: str) -> str:
    """Return an SQL condition: the UPDATE changes a column that readers see."""
    if what != "UPDATE":
        return ""
    seen = [column for column in table.columns if column.name not in mark.but]
    return "(" + " OR ".join(f"{_value(column, 'OLD')} {differs} {_value(column, 'NEW')}" for column in seen) + ")"


def _value(column: sa.Column[object], row: str) -> str:
    name = f'{row}."{column.name}"'
    return f"CAST({name} AS text)" if isinstance(column.type, sa.JSON) else name  # PostgreSQL cannot compare json


def _visible(mark: Shown, what: str) -> str:
    """Return an SQL condition: readers see the row before or after the change. "" if they see every row."""
    rows = [f"({mark.when.replace('{row}', row)})" for row in ROWS[what]]
    return f"({' OR '.join(rows)})" if mark.when else ""


@event.listens_for(sa.Table, "after_create")
def _with_a_new_table(table: sa.Table, connection: Connection, **_: object) -> None:
    """Create the triggers together with a marked table, also when create_all() makes it and no migration runs."""
    if mark_of(table):
        _make(connection, table)
