"""Who did what, and when: one line for each write the clinic would recognise."""

from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, db


class Actor(Protocol):
    """Who acts: anyone with a row and a name."""

    id: Mapped[int]
    name: Mapped[str]


class AuditLine(Base):
    """One line of the log. `thing` names a row ("article:12"), so that a line outlives what it speaks of."""

    __tablename__ = "audit_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None]
    actor: Mapped[str]
    verb: Mapped[str]
    thing: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(default="")


def record(verb: str, thing: Base | str, *, by: Actor | None = None, detail: str = "") -> None:
    """Add a line within the present transaction. `by` None means a visitor or the system itself."""
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
    """Who stands in the log: id and the last name in use, by name."""
    rows = db.session.execute(
        sa.select(AuditLine.actor_id, sa.func.max(AuditLine.actor))
        .where(AuditLine.actor_id.is_not(None))
        .group_by(AuditLine.actor_id)
        .order_by(sa.func.max(AuditLine.actor))
        .limit(200)
    )
    return [(row[0], row[1]) for row in rows]


def verbs() -> list[str]:
    """What has been done at all, by word."""
    return list(db.session.scalars(sa.select(AuditLine.verb).distinct().order_by(AuditLine.verb).limit(200)))
