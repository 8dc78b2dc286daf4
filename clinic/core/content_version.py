"""One token for all that readers can see: another one after every change of it, in the transaction of that change.

Tables whose rows readers see carry a mark in `Table.info`. From the marks come triggers in the database
(content_triggers.py), which replace the token: whatever statement wrote the row, through the ORM or by hand. No
operation has to remember it, so none can forget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, db

MARK = "shown"  # the key in Table.info


class ContentVersion(Base):
    """The only row of its table. The token is random and not a number: a database that is put back from a backup
    must not come to a version again that was another content."""

    __tablename__ = "content_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(sa.String(32))


@dataclass(frozen=True)
class Shown:
    """Which part of a table readers see.

    `when` is SQL that is true for a row that readers see; {row} stands for the row: "{row}.state = 'approved'".
    `but` are the columns that no reader sees.
    """

    when: str = ""
    but: frozenset[str] = frozenset()


def current() -> str:
    """The token now, as this session sees it. PostgreSQL replaces it at the commit."""
    return db.session.scalar(sa.select(ContentVersion.token)) or ""


Seen = TypeVar("Seen", bound=type[Base] | sa.Table)


@overload
def shown(what: Seen) -> Seen: ...
@overload
def shown(*, when: str = "", but: tuple[str, ...] = ()) -> Callable[[Seen], Seen]: ...
def shown(what: Any = None, *, when: str = "", but: tuple[str, ...] = ()) -> Any:
    """Mark a model, or a table, as something that readers see; as a decorator with arguments, a part of it (Shown)."""

    def mark(what: Seen) -> Seen:
        table: Any = what if isinstance(what, sa.Table) else what.__table__
        if unknown := set(but) - set(table.c.keys()):
            raise TypeError(f"{table.name} has no column {', '.join(sorted(unknown))}")
        table.info[MARK] = Shown(when, frozenset(but))
        return what

    return mark if what is None else mark(what)


def mark_of(table: sa.Table) -> Shown | None:
    """What readers see of a table; None for nothing."""
    return table.info.get(MARK)
