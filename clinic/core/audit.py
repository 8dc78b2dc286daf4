"""The activity log: one line for each write that the clinic would recognise."""

from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, db


class Actor(Protocol):
    """The person who acts: any object with an id and a name."""

    id: Mapped[int]
    name: Mapped[str]


class AuditLine(Base):
    """One line of the activity log. `thing` names a row ("article:12") without a foreign key, so the line outlives the
    row."""

    __tablename__ = "audit_line"
    __table_args__ = (
        sa.Index("ix_audit_line_actor_id_at", "actor_id", "at"),
        sa.Index("ix_audit_line_verb_at", "verb", "at"),
        sa.Index("ix_audit_line_thing_at", "thing", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None]
    actor: Mapped[str]
    verb: Mapped[str]
    thing: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")


def record(verb: str, thing: Base | str, *, by: Actor | None = None, detail: str = "") -> None:
    """Add a line to the activity log in the current transaction. `by` None means a visitor or the system itself."""
    if isinstance(thing, Base):
        thing = f"{thing.__tablename__}:{thing.id}"  # type: ignore[attr-defined]
    db.session.add(
        AuditLine(
            at=clock.now(),
            actor_id=by.id if by else None,
            actor=by.name if by else "",
            verb=verb,
            thing=thing,
            detail=detail,
        )
    )


def actors() -> list[tuple[int, str]]:
    """Return the id and the latest name of everybody in the log, sorted by name."""
    ids = _each(AuditLine.actor_id)
    last = sa.select(AuditLine.actor).where(AuditLine.actor_id == ids.c.value).order_by(AuditLine.at.desc()).limit(1)
    rows = db.session.execute(sa.select(ids.c.value, last.scalar_subquery()).where(ids.c.value.is_not(None)))
    return sorted(((row[0], row[1]) for row in rows), key=lambda actor: actor[1])


def verbs() -> list[str]:
    """Return every verb in the log, once each, in alphabetical order."""
    words = _each(AuditLine.verb)
    return list(db.session.scalars(sa.select(words.c.value).where(words.c.value.is_not(None))))


def _each(column: Any) -> sa.CTE:
    """The distinct values of a column, in order. The recursive query steps from value to value along the index;
    DISTINCT would read every line."""
    first = sa.select(sa.func.min(column).label("value")).cte(recursive=True)
    following = sa.select(sa.func.min(column)).where(column > first.c.value).scalar_subquery()
    return first.union_all(sa.select(following).where(first.c.value.is_not(None)))
