"""What the worker does again and again: each job fails alone, visibly, waits longer after each failure, and goes on."""

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
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # seconds after a failure
DATABASE_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
Item = TypeVar("Item")


class FailingJob(Base):
    """A job whose last run failed. The row goes when a run succeeds."""

    __tablename__ = "failing_job"

    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    error: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass
class Job:
    """Something to do every so many seconds. `act` returns whether there was anything to do."""

    name: str
    every: float
    act: Callable[[], object]
    failures: int = 0
    next_at: float = 0.0  # time.monotonic()
    has_succeeded: bool = field(default=False)

    def run(self) -> bool:
        """Run it if it is due. Returns whether there was anything to do; whatever it raises is noted, and only a
        database that is away is raised."""
        if time.monotonic() < self.next_at and not (self.failures and _is_due(self.name)):
            return False
        try:
            found_work = bool(self.act())
        except DATABASE_AWAY:
            raise
        except BaseException as error:  # also SystemExit, and what extensions in Rust raise: the worker goes on
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
    """Do something with each item, each in a transaction of its own. One that fails does not stop the others: the
    first error is raised when all have had their turn. Returns how many there were."""
    number, first = 0, None
    for item in items:
        number += 1
        try:
            with atomic():
                act(item)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.error("one of several failed", extra=facts_of(error))
            first = first or error
    if first:
        raise first
    return number


def reason_of(error: BaseException) -> str:
    """An error for staff: its kind and its words, but not the words of the database, which quote what was written."""
    words = "" if isinstance(error, sa.exc.SQLAlchemyError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:300] if words else type(error).__name__


def facts_of(error: BaseException) -> dict[str, str]:
    """An error for the log: its kind and where it was raised. Its words may quote a person."""
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
    if is_failing:  # asked first: writers queue on SQLite, and a worker that starts has a dozen jobs
        with atomic():
            db.session.execute(sa.delete(FailingJob).where(FailingJob.name == name))


def _is_due(name: str) -> bool:
    """Whether somebody has asked for another try."""
    due_at = db.session.scalar(sa.select(FailingJob.due_at).where(FailingJob.name == name))
    db.session.rollback()
    return due_at is not None and due_at <= clock.now()


@atomic()
def try_again(name: str, *, by: audit.Actor) -> bool:
    """Have the worker try a failing job at once. False when it does not fail any more."""
    again = db.session.execute(sa.update(FailingJob).where(FailingJob.name == name).values(due_at=clock.now()))
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("tried again", f"job:{name}", by=by)
    return True


def failing_jobs() -> list[FailingJob]:
    """The jobs whose last run failed, by name."""
    return list(db.session.scalars(sa.select(FailingJob).order_by(FailingJob.name).limit(50)))
