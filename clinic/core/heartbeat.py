"""Heartbeats of the background workers, and the health that they show together."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db, upsert

SILENT_AFTER = timedelta(seconds=60)
DEATHS_WITHIN = timedelta(minutes=10)
MOST_DEATHS = 3  # this many deaths within DEATHS_WITHIN count as a fault


class Heartbeat(Base):
    """The last heartbeat of each background worker, and the time of its orderly stop."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@atomic()
def beat(name: str) -> None:
    """Record a heartbeat of a worker."""
    now = clock.now()
    insert = upsert(Heartbeat).values(name=name, at=now)
    db.session.execute(
        insert.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": now, "stopped_at": None})
    )
    db.session.execute(sa.delete(Heartbeat).where(Heartbeat.at < now - timedelta(days=1), Heartbeat.name != name))


@atomic()
def note_start(name: str) -> None:
    """Record the start of a worker. A worker of the same name without an orderly stop has died: its row is renamed, so
    that the death is still counted. In a container every process has the same id, so names repeat."""
    died = sa.and_(Heartbeat.name == name, Heartbeat.stopped_at.is_(None))
    db.session.execute(sa.update(Heartbeat).where(died).values(name=f"{name} until {clock.now():%Y-%m-%d %H:%M:%S.%f}"))


@atomic()
def note_stop(name: str) -> None:
    """Record an orderly stop, so that the silence that follows does not count as a death."""
    db.session.execute(sa.update(Heartbeat).where(Heartbeat.name == name).values(stopped_at=clock.now()))


def last_beat() -> datetime | None:
    """Return the time of the latest heartbeat of any worker. None if there was none within a day."""
    return db.session.scalar(sa.select(sa.func.max(Heartbeat.at)))


def recent_deaths() -> int:
    """Return the number of workers that fell silent in the last ten minutes without an orderly stop."""
    now = clock.now()
    dead = (
        Heartbeat.stopped_at.is_(None),
        Heartbeat.at > now - DEATHS_WITHIN - SILENT_AFTER,
        Heartbeat.at < now - SILENT_AFTER,
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(Heartbeat).where(*dead)) or 0
