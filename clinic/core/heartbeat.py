"""Signs of life of the background workers, and what they say together."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db, upsert

SILENT_AFTER = timedelta(seconds=60)
DEATHS_WITHIN = timedelta(minutes=10)
MOST_DEATHS = 3  # so many within that time are no accident


class Heartbeat(Base):
    """When each background worker last said that it lives, and when it stopped because it was asked to."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@atomic()
def beat(name: str) -> None:
    """Note that a worker lives."""
    now = clock.now()
    insert = upsert(Heartbeat).values(name=name, at=now)
    db.session.execute(
        insert.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": now, "stopped_at": None})
    )
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.at < now - timedelta(days=1), Heartbeat.name != name))


@atomic()
def note_start(name: str) -> None:
    """Note that a worker begins to live. One of the same name that was not asked to stop has died (in a container every
    life has the same process id): its row is kept under another name, to be counted."""
    died = sa.and_(Heartbeat.name == name, Heartbeat.stopped_at.is_(None))
    db.session.execute(sa.update(Heartbeat).where(died).values(name=f"{name} until {clock.now():%Y-%m-%d %H:%M:%S.%f}"))


@atomic()
def note_stop(name: str) -> None:
    """Note that a worker ends because it was asked to: it has not died."""
    db.session.execute(sa.update(Heartbeat).where(Heartbeat.name == name).values(stopped_at=clock.now()))


def last_beat() -> datetime | None:
    """When any worker last said that it lives; None if none ever did, or not for a day."""
    return db.session.scalar(sa.select(sa.func.max(Heartbeat.at)))


def recent_deaths() -> int:
    """How many workers fell silent within the last ten minutes without having been asked to stop."""
    now = clock.now()
    dead = (
        Heartbeat.stopped_at.is_(None),
        Heartbeat.at > now - DEATHS_WITHIN - SILENT_AFTER,
        Heartbeat.at < now - SILENT_AFTER,
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(Heartbeat).where(*dead)) or 0
