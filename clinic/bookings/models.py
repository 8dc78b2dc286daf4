"""Service, Booking, Claim, Block, Voucher."""

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.models import User
from clinic.core import content_version
from clinic.core.db import Base, UtcDateTime, Words, state_column
from clinic.core.order import Ordered
from clinic.leads.models import Lead


@content_version.shown(when="{row}.is_active")
class Service(Ordered, Base):
    """A session that the clinic sells. Only active services can be chosen for a trial."""

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    summary: Mapped[str]
    body: Mapped[str] = mapped_column(default="")  # sanitised HTML
    minutes: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)

    @property
    def address(self) -> str:
        """The path of its page."""
        return f"/services/{self.slug}/"

    def __str__(self) -> str:
        return self.name


class BookingState(enum.StrEnum):
    """The state of a booking: booked at once, or held for the desk and then booked or declined."""

    BOOKED = "booked"
    HELD = "held"
    DECLINED = "declined"


class Booking(Base):
    """One person's request for a trial of one service.

    `contact_digest` is unique for the pair of email and mobile: the same pair sent again is the same booking.
    """

    __tablename__ = "booking"
    __table_args__ = (
        sa.Index("ix_booking_state_created_at", "state", "created_at"),
        sa.Index("ix_booking_created_at_article_id", "created_at", "article_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[int] = mapped_column(sa.ForeignKey("service.id"), index=True)
    article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id", ondelete="SET NULL"), index=True)
    state: Mapped[BookingState] = mapped_column(state_column(BookingState))
    held_because: Mapped[str] = mapped_column(default="")
    contact_digest: Mapped[str] = mapped_column(unique=True)
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    lead: Mapped[Lead] = relationship(back_populates="bookings", lazy="joined")
    service: Mapped[Service] = relationship(lazy="joined")
    voucher: Mapped["Voucher | None"] = relationship(back_populates="booking", lazy="joined")
    article: Mapped[Any] = relationship("Article", lazy="raise")


class ClaimKind(enum.StrEnum):
    """The kind of contact in the ledger."""

    EMAIL = "email"
    MOBILE = "mobile"


class Claim(Base):
    """One line of the one-time ledger: this email or mobile has had its trial.

    `digest` is HMAC-SHA256(LEDGER_KEY, value), so the ledger outlives an erased lead and names nobody. The unique
    constraint decides between simultaneous requests.
    """

    __tablename__ = "claim"
    __table_args__ = (sa.UniqueConstraint("kind", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ClaimKind] = mapped_column(state_column(ClaimKind))
    digest: Mapped[str] = mapped_column(Words(64))
    lead_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lead.id", ondelete="SET NULL"), index=True)
    known_as: Mapped[str] = mapped_column(Words(32), default="")  # one value for both claims of an imported customer
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BlockedGuest(Base):
    """An email or mobile whose requests are held, whatever name they give: an unwanted guest.

    Only the ledger's digest of it is stored, and a label that staff recognise ("j…@example.org").
    """

    __tablename__ = "block"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ClaimKind] = mapped_column(state_column(ClaimKind))
    digest: Mapped[str] = mapped_column(Words(64), unique=True)
    label: Mapped[str]
    because: Mapped[str]
    until: Mapped[date | None]  # last day, in the clinic's time zone
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    by: Mapped[User | None] = relationship()

    def __str__(self) -> str:
        return self.label


class VoucherState(enum.StrEnum):
    """The state of a voucher: issued → redeemed or cancelled. An issued one past `expires_at` has expired."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"


class Voucher(Base):
    """The single-use code of a booking.

    `trial_of_id` is the lead whose one trial it is. It is unique, so nobody has two. It is empty for a second voucher
    found by a merge of two leads. `stage_before` is the lead's stage before redeeming, needed to undo it.
    """

    __tablename__ = "voucher"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Words(8), unique=True)
    booking_id: Mapped[int] = mapped_column(sa.ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    state: Mapped[VoucherState] = mapped_column(state_column(VoucherState), default=VoucherState.ISSUED)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    redeemed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    redeemed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    redeemed_device: Mapped[str] = mapped_column(default="")  # digest of the sign-in that redeemed it
    trial_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lead.id", ondelete="SET NULL"), unique=True)
    stage_before: Mapped[str] = mapped_column(default="")

    booking: Mapped[Booking] = relationship(back_populates="voucher")
    redeemed_by: Mapped[User | None] = relationship(lazy="joined")
