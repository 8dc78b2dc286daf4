"""Lead, LeadEvent, Merge, TwoPeople, Letter."""

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, JsonWords, UtcDateTime, Words, state_column
from clinic.core.order import Ordered
from clinic.core.text import readable_mobile


class Stage(enum.StrEnum):
    """The stage of a lead in the work of the desk."""

    NEW = "new"
    CONTACTED = "contacted"
    BOOKED = "booked"
    ATTENDED = "attended"
    JOINED = "joined"
    LOST = "lost"


class Lead(Base):
    """One person who asked for the clinic.

    `source` is the place on the site where the form stood. `email_key` is the canonical email. `name_head` and
    `name_tail` are the two ends of the name's letters: two names a typo apart share one of them. A lead that was merged
    into another one keeps its row and is hidden.
    """

    __tablename__ = "lead"
    __table_args__ = (
        sa.Index("ix_lead_stage_created_at", "stage", "created_at"),
        sa.Index("ix_lead_assigned_id_created_at", "assigned_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(index=True)
    mobile: Mapped[str] = mapped_column(index=True)  # E.164
    stage: Mapped[Stage] = mapped_column(state_column(Stage), default=Stage.NEW)
    stage_since: Mapped[datetime] = mapped_column(UtcDateTime)
    lost_because: Mapped[str] = mapped_column(default="")
    assigned_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    next_step: Mapped[str] = mapped_column(default="")
    next_on: Mapped[date | None] = mapped_column(index=True)
    article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id", ondelete="SET NULL"), index=True)
    source: Mapped[str] = mapped_column(default="")
    email_key: Mapped[str] = mapped_column(default="", index=True)
    name_head: Mapped[str] = mapped_column(default="", index=True)
    name_tail: Mapped[str] = mapped_column(default="", index=True)
    unsubscribed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lead.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    events: Mapped[list["LeadEvent"]] = relationship(
        back_populates="lead", order_by="LeadEvent.id.desc()", cascade="all, delete-orphan"
    )
    # Models of features beside or above this one, referred to by name so that they are not imported.
    article: Mapped[Any] = relationship("Article", lazy="raise")
    bookings: Mapped[list[Any]] = relationship("Booking", back_populates="lead", lazy="raise", order_by="Booking.id")
    assigned: Mapped[Any] = relationship("User", lazy="raise")

    @property
    def mobile_readable(self) -> str:
        """The number in readable form."""
        return readable_mobile(self.mobile)

    @property
    def whatsapp_url(self) -> str:
        """A link that opens a WhatsApp chat with the person."""
        return f"https://wa.me/{self.mobile.removeprefix('+')}"

    def __str__(self) -> str:
        return self.name


class LeadEvent(Base):
    """One line of a lead's history; never changed. `is_note` marks a note by staff, whose author is `by`."""

    __tablename__ = "lead_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    text: Mapped[str]
    is_note: Mapped[bool] = mapped_column(default=False)
    booking_id: Mapped[int | None] = mapped_column(sa.ForeignKey("booking.id", ondelete="SET NULL"), index=True)

    lead: Mapped[Lead] = relationship(back_populates="events")
    # Accounts are a feature beside this one, so the model is referred to by name.
    by: Mapped[Any] = relationship("User")


class Merge(Base):
    """A merge of two leads that staff decided are one person.

    `moved` holds the ids of the rows that moved to the kept lead; `settled` the rows that the merge closed or made.
    Splitting needs both.
    """

    __tablename__ = "merge"

    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), index=True)
    merged_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), unique=True)
    moved: Mapped[dict[str, list[int]]] = mapped_column(JsonWords)
    settled: Mapped[dict[str, list[int]]] = mapped_column(JsonWords, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))

    merged: Mapped[Lead] = relationship(foreign_keys=[merged_id])


class TwoPeople(Base):
    """Two leads that look alike, but staff decided are two people. The lower id comes first."""

    __tablename__ = "two_people"

    one_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), primary_key=True, index=True)


class Letter(Ordered, Base):
    """A template of an email that the desk sends often. {name} and {clinic} in it are filled in."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(80), unique=True)
    subject: Mapped[str]
    body: Mapped[str]

    def filled(self, *, name: str, clinic: str) -> tuple[str, str]:
        """Return subject and text with the placeholders filled in."""
        subject, body = (text.replace("{name}", name).replace("{clinic}", clinic) for text in (self.subject, self.body))
        return subject, body

    def __str__(self) -> str:
        return self.name
