"""One token for all that readers can see: another one after every change of it, in the transaction of that change.

Models whose rows readers see are marked with @shown, and whatever writes to one of them, by whatever statement, changes
the token when it commits. No operation has to remember it, so none can forget.
"""

import re
import secrets
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Mapped, Session, mapped_column

from clinic.core.db import Base, db, upsert

ALL = frozenset({"INSERT", "UPDATE", "DELETE"})
CHANGES = ALL - {"INSERT"}
_shown: dict[str, frozenset[str]] = {}
_WRITE = re.compile(r'\s*(INSERT|UPDATE|DELETE)(?:\s+INTO|\s+FROM|\s+OR\s+\w+(?:\s+INTO)?)?\s+"?(\w+)', re.IGNORECASE)


class ContentVersion(Base):
    """The only row of its table. The token is random and not a number: a database that is put back from a backup
    must not come to a version again that was another content."""

    __tablename__ = "content_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(sa.String(32))


def current() -> str:
    """The token now, as this session sees it."""
    return db.session.scalar(sa.select(ContentVersion.token)) or ""


def change() -> None:
    """Another token. Joins the transaction that is open."""
    token = secrets.token_hex(8)
    statement = upsert(ContentVersion).values(id=1, token=token)
    db.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"token": token}))


Shown = TypeVar("Shown", bound=type[Base] | sa.Table)


def shown(what: Shown) -> Shown:
    """Mark a model, or a table, as something that readers see as soon as it is there."""
    _shown[_table(what).name] = ALL
    return what


def shown_once_changed(what: Shown) -> Shown:
    """Mark a model whose new rows nobody sees: a comment that waits for the moderator."""
    _shown[_table(what).name] = CHANGES
    return what


def _table(what: type[Base] | sa.Table) -> sa.Table:
    return what if isinstance(what, sa.Table) else what.__table__  # type: ignore[return-value]


@event.listens_for(Engine, "after_cursor_execute")
def _note_write(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
    # No row written is 0; -1 is not known yet, as with RETURNING on SQLite.
    if (match := _WRITE.match(statement)) and match[1].upper() in _shown.get(match[2], ()) and cursor.rowcount != 0:
        connection.info["has_shown_write"] = True


@event.listens_for(Engine, "begin")
def _forget_writes(connection: Connection) -> None:
    connection.info.pop("has_shown_write", None)


@event.listens_for(Session, "before_commit")
def _change_with_commit(session: Session) -> None:
    session.flush()
    if session.in_transaction() and session.connection().info.pop("has_shown_write", False):
        change()
