"""Lead, LeadEvent."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, UtcDateTime, state_column
from clinic.core.text import readable_mobile


class Stage(enum.StrEnum):
    """How far the desk has come with a lead."""

    NEW = "new"
    CONTACTED = "contacted"
    BOOKED = "booked"
    ATTENDED = "attended"
    LOST = "lost"


class Lead(Base):
    """One person who asked for us."""

    __tablename__ = "lead"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(index=True)
    mobile: Mapped[str] = mapped_column(index=True)  # E.164
    stage: Mapped[Stage] = mapped_column(state_column(Stage), default=Stage.NEW, index=True)
    article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    events: Mapped[list["LeadEvent"]] = relationship(
        back_populates="lead", order_by="LeadEvent.id.desc()", cascade="all, delete-orphan"
    )
    # Made in features above this one; the database knows the relation, the code here need not.
    article: Mapped[Any] = relationship("Article", lazy="raise")
    bookings: Mapped[list[Any]] = relationship("Booking", back_populates="lead", lazy="raise", order_by="Booking.id")

    @property
    def mobile_readable(self) -> str:
        """The number as people read it."""
        return readable_mobile(self.mobile)


class LeadEvent(Base):
    """One line of a lead's history, never changed. A line that a person wrote is a note; `by` is who."""

    __tablename__ = "lead_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    text: Mapped[str]
    is_note: Mapped[bool] = mapped_column(default=False)

    lead: Mapped[Lead] = relationship(back_populates="events")
    # The person who acted: accounts stand beside this feature, so their model is known by its name only.
    by: Mapped[Any] = relationship("User")
