"""The content version: one token that changes in the same transaction as anything that readers can see.

Tables whose rows readers see carry a mark in `Table.info`. Database triggers generated from the marks
(content_triggers.py) change the token, whatever statement wrote the row: through the ORM or by hand. Operations need
not do it, so none can forget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, db

MARK = "shown"  # the key in Table.info


class ContentVersion(Base):
    """The single row that holds the token. It is random and no counter: a database restored from a backup must not
    reuse a token that stood for other content."""

    __tablename__ = "content_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(sa.String(32))


@dataclass(frozen=True)
class Shown:
    """The part of a table that readers see.

    `when` is an SQL condition that is true for rows that readers see; {row} stands for the row: "{row}.state =
    'approved'". `but` names the columns that no reader sees.
    """

    when: str = ""
    but: frozenset[str] = frozenset()


def current() -> str:
    """Return the current token as this session sees it. PostgreSQL changes it at the commit."""
    return db.session.scalar(sa.select(ContentVersion.token)) or ""


Seen = TypeVar("Seen", bound=type[Base] | sa.Table)


@overload
def shown(what: Seen) -> Seen: ...
@overload
def shown(*, when: str = "", but: tuple[str, ...] = ()) -> Callable[[Seen], Seen]: ...
def shown(what: Any = None, *, when: str = "", but: tuple[str, ...] = ()) -> Any:
    """Mark a model or table as visible to readers. With arguments, a decorator that marks a part of it (see Shown)."""

    def mark(what: Seen) -> Seen:
        table: Any = what if isinstance(what, sa.Table) else what.__table__
        if unknown := set(but) - set(table.c.keys()):
            raise TypeError(f"{table.name} has no column {', '.join(sorted(unknown))}")
        table.info[MARK] = Shown(when, frozenset(but))
        return what

    return mark if what is None else mark(what)


def mark_of(table: sa.Table) -> Shown | None:
    """Return the part of a table that readers see, or None if they see nothing of it."""
    return table.info.get(MARK)
