"""Double submission: a form that creates something creates one row. Sent again, it leads to that row.

Each such form carries a one-time key. The key is inserted in the same transaction as the row, so of two submissions the
database accepts one. A browser that goes back may load a new form with another key and restore the typed text.
Therefore the same text, by the same person on the same screen, counts as the same form for an hour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import clock
from clinic.core.db import Base, UtcDateTime, atomic, db, insert_or_skip

SAME_TEXT = timedelta(hours=1)
KEPT = timedelta(days=7)
Made = TypeVar("Made", bound=Any)  # a row with an id


class FormSent(Base):
    """A submitted form, identified by a digest of its key or of its content, and the row that it created."""

    __tablename__ = "form_sent"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    content: Mapped[str] = mapped_column(sa.String(64))
    row_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Sending:
    """One submission of a form, as digests of its key ("" without one) and of its content."""

    key: str
    content: str


class SentBefore(Exception):
    """The form was submitted before and created the row `row_id`. `is_same` tells whether the content was equal."""

    def __init__(self, row_id: int, is_same: bool) -> None:
        super().__init__(str(row_id))
        self.row_id = row_id
        self.is_same = is_same


def claim_key(sending: Sending, exists: Callable[[int], bool]) -> None:
    """Claim the key of a form before anything is created. Raises SentBefore if it was used."""
    if sending.key:
        _claim(sending.key, sending, exists, clock.now() - KEPT)


def claim_content(sending: Sending, exists: Callable[[int], bool]) -> None:
    """Claim the content of a form after the row is created, so that a duplicate name is reported first.

    Raises SentBefore if the same content was submitted within an hour, which rolls the new row back.
    """
    _claim(sending.content, sending, exists, clock.now() - SAME_TEXT)


def _claim(key: str, sending: Sending, exists: Callable[[int], bool], since: datetime) -> None:
    """Claim a key, or raise SentBefore. On PostgreSQL this waits for a competing open transaction. If the row created
    before is gone, it may be created again."""
    now = clock.now()
    if insert_or_skip(FormSent, key=key, content=sending.content, row_id=None, at=now):
        return
    before = db.session.get(FormSent, key, populate_existing=True)
    if before is None:  # swept at this moment
        return
    if before.at > since and before.row_id is not None and exists(before.row_id):
        raise SentBefore(before.row_id, before.content == sending.content)
    before.content, before.row_id, before.at = sending.content, None, now


def note_sending(sending: Sending, row_id: int) -> None:
    """Record the row that the form created, in the same transaction."""
    db.session.flush()
    keys = (sending.key, sending.content)
    db.session.execute(sa.update(FormSent).where(FormSent.key.in_(keys)).values(row_id=row_id))


@atomic()
def make_once(sending: Sending, make: Callable[[], Made], exists: Callable[[int], bool]) -> Made:
    """Make the row that a form asks for and return it. Raises SentBefore if this form, or the same text, made one."""
    claim_key(sending, exists)
    row = make()
    made = row.id  # SQLite gives the id of a row that was deleted to the next one
    claim_content(sending, lambda id_: id_ != made and exists(id_))
    note_sending(sending, made)
    return row


@atomic()
def act_once(sending: Sending, row_id: int, act: Callable[[], object]) -> None:
    """Do what a form about the row `row_id` asks for. Raises SentBefore if this form was sent before."""
    claim_key(sending, lambda _: True)
    act()
    note_sending(sending, row_id)


@atomic()
def sweep_forms() -> None:
    """Delete submissions older than a week."""
    db.session.execute(sa.delete(FormSent).where(FormSent.at < clock.now() - KEPT))
