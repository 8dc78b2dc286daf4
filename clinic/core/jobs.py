"""Recurring jobs of the worker. Each job fails alone; its failure is recorded, and it is retried after a growing
delay."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit, clock
from clinic.core.db import Base, UtcDateTime, atomic, db, upsert

log = logging.getLogger(__name__)
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # delay after a failure, in seconds
DATABASE_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
Item = TypeVar("Item")


class FailingJob(Base):
    """A job whose last run failed. The row is deleted when a run succeeds."""

    __tablename__ = "failing_job"

    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    error: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass
class Job:
    """A function that runs every `every` seconds. `act` returns whether it found work."""

    name: str
    every: float
    act: Callable[[], object]
    failures: int = 0
    next_at: float = 0.0  # by time.monotonic()
    has_succeeded: bool = field(default=False)

    def run(self) -> bool:
        """Run the job if it is due. Returns whether it found work. Exceptions are logged and recorded; only a lost
        database connection is raised."""
        if time.monotonic() < self.next_at and not (self.failures and _is_due(self.name)):
            return False
        try:
            found_work = bool(self.act())
        except DATABASE_AWAY:
            raise
        except BaseException as error:  # also SystemExit and panics of Rust extensions: the worker goes on
            db.session.rollback()
            self.failures += 1
            wait = min(FIRST_WAIT ** min(self.failures, 20), LONGEST_WAIT)
            self.next_at = time.monotonic() + max(wait, self.every if self.every < LONGEST_WAIT else 0)
            log.error("job failed", extra={"job": self.name, "failures": self.failures} | facts_of(error))
            _note_failure(self.name, self.failures, reason_of(error), wait)
            return False
        if self.failures or not self.has_succeeded:
            _note_success(self.name)
        self.failures, self.has_succeeded = 0, True
        self.next_at = time.monotonic() + self.every
        return found_work


def for_each(items: Iterable[Item], act: Callable[[Item], object]) -> int:
    """Call `act` for each item in a transaction of its own. Returns the number of items. A failure does not stop the
    others: the first exception is raised after all items."""
    number, first = 0, None
    for item in items:
        number += 1
        try:
            with atomic():
                act(item)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.error("job item failed", extra=facts_of(error))
            first = first or error
    if first:
        raise first
    return number


def reason_of(error: BaseException) -> str:
    """Return an error for staff: its type and message. The message of a database error is left out, as it quotes
    values."""
    words = "" if isinstance(error, sa.exc.SQLAlchemyError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:300] if words else type(error).__name__


def facts_of(error: BaseException) -> dict[str, str]:
    """Return an error for the log: its type and origin. The message is left out, as it may quote personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "where": where}


@atomic()
def _note_failure(name: str, failures: int, error: str, wait: float) -> None:
    now = clock.now()
    values = {"failures": failures, "error": error, "failed_at": now, "due_at": now + timedelta(seconds=wait)}
    insert = upsert(FailingJob).values(name=name, **values)
    db.session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))


def _note_success(name: str) -> None:
    is_failing = db.session.scalar(sa.select(FailingJob.name).where(FailingJob.name == name))
    db.session.rollback()
    if is_failing:  # ask before locking: writers queue on SQLite, and a starting worker has a dozen jobs
        with atomic():
            db.session.execute(sa.delete(FailingJob).where(FailingJob.name == name))


def _is_due(name: str) -> bool:
    """Return whether staff have asked to retry the job."""
    due_at = db.session.scalar(sa.select(FailingJob.due_at).where(FailingJob.name == name))
    db.session.rollback()
    return due_at is not None and due_at <= clock.now()


@atomic()
def try_again(name: str, *, by: audit.Actor) -> bool:
    """Retry a failing job at once. Returns False if it no longer fails."""
    again = db.session.execute(sa.update(FailingJob).where(FailingJob.name == name).values(due_at=clock.now()))
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("tried again", f"job:{name}", by=by)
    return True


def failing_jobs() -> list[FailingJob]:
    """Return the jobs whose last run failed, sorted by name."""
    return list(db.session.scalars(sa.select(FailingJob).order_by(FailingJob.name).limit(50)))
