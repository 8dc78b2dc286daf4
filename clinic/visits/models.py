"""Therapist, Visit, VisitSlot, Wish."""

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.bookings.models import Booking
from clinic.core.db import Base, JsonWords, UtcDateTime, Words, state_column
from clinic.core.order import Ordered

SLOT_MINUTES = 15  # visits start on a quarter of an hour


class Therapist(Ordered, Base):
    """A person who gives sessions. Only a digest of the address of their calendar feed is stored."""

    __tablename__ = "therapist"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(120), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    feed_digest: Mapped[str | None] = mapped_column(Words(64), unique=True)

    def __str__(self) -> str:
        return self.name


class VisitState(enum.StrEnum):
    """The state of a visit: set or cancelled, and set again; set → attended, late cancel or no-show."""

    SET = "set"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    LATE_CANCEL = "late cancel"
    NO_SHOW = "no-show"


class Visit(Base):
    """The time of one booking. `uid` and `sequence` identify it in calendars (RFC 5545 § 3.8.4.7, § 3.8.7.4).

    A therapist has one visit at a time. PostgreSQL enforces it by an exclusion constraint (in a migration), SQLite by
    the primary key of VisitSlot.
    """

    __tablename__ = "visit"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="ends_later"),
        sa.Index("ix_visit_therapist_id_starts_at", "therapist_id", "starts_at"),
        sa.Index("ix_visit_state_starts_at", "state", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(sa.ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[VisitState] = mapped_column(state_column(VisitState), default=VisitState.SET)
    uid: Mapped[str] = mapped_column(Words(40), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # cancelled, attended or missed

    booking: Mapped[Booking] = relationship(lazy="joined")
    therapist: Mapped[Therapist] = relationship(lazy="joined")


class VisitSlot(Base):
    """A quarter of an hour that a visit takes of its therapist's time. Filled on SQLite only."""

    __tablename__ = "visit_slot"

    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visit.id", ondelete="CASCADE"), index=True)


class Wish(Base):
    """The times at which a person can come ("mon-morning"), and the number of their changes to a set time."""

    __tablename__ = "wish"

    booking_id: Mapped[int] = mapped_column(sa.ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    times: Mapped[list[str]] = mapped_column(JsonWords, default=list)
    note: Mapped[str] = mapped_column(default="")
    changes: Mapped[int] = mapped_column(default=0)
    wants_other_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # asked for another time

    booking: Mapped[Booking] = relationship()
