"""Preferences: typed values with defaults that staff change in the panel, one row each."""

from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from clinic.core import audit, content_version
from clinic.core.db import Base, atomic, db
from clinic.core.hours import Hours, read_hours
from clinic.core.settings import Settings, settings
from clinic.core.text import clean_text


@dataclass(frozen=True)
class Preferences:
    """Facts about the clinic and its rules of practice. The defaults are the demo clinic's.

    Without a stored value, country, phone region and time zone come from the settings PHONE_REGION and TIME_ZONE.
    """

    name: str = "Move Therapy"
    tagline: str = "One-to-one movement therapy and Pilates in Singapore"
    address: str = "27 Example Walk, #02-08, Singapore 069999"
    country: str = "SG"
    phone_region: str = "SG"  # region of mobile numbers without a country code; defaults to the country
    time_zone: str = "Asia/Singapore"
    phone: str = "+65 6123 4567"
    whatsapp: str = "+65 9123 0000"
    email: str = "hello@example.org"
    hours: str = "Mon-Fri 8:00-20:00\nSat 9:00-14:00\nSun closed"
    special_days: str = "2026-12-25 closed Christmas Day\n2027-01-01 closed New Year’s Day"
    map_url: str = "https://www.openstreetmap.org/?mlat=1.2789&mlon=103.8431#map=17/1.2789/103.8431"
    socials: str = ""
    desk_email: str = "desk@example.org"
    moderator_email: str = "moderator@example.org"
    voucher_days: int = 90
    cutoff_hours: int = 24  # people cancel or reschedule online until this long before
    most_changes: int = 2
    reminder_hours: int = 24
    late_cancel_spends: bool = True
    no_show_spends: bool = True
    feed_names: bool = False  # full names in calendar feeds instead of initials
    how_to_get_here: str = (
        "Two minutes on foot from Example station, exit B. The lift is beside the bakery; we are on the second floor."
    )
    what_to_wear: str = "Clothes you can move in, and socks. Everything else is here."
    review_email: str = "editor@example.org"
    review_months: int = 12
    claims: str = ""  # words to avoid in health advertising, one per line; empty: the built-in list

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def opening(self) -> Hours:
        """The opening hours, parsed."""
        return read_hours(self.hours, self.special_days)

    @property
    def whatsapp_url(self) -> str:
        """A link that opens a WhatsApp chat (faq.whatsapp.com: click to chat), or ""."""
        digits = "".join(char for char in self.whatsapp if char.isdigit())
        return f"https://wa.me/{digits}" if digits else ""

    @property
    def social_urls(self) -> list[str]:
        """The addresses of the clinic's pages on social networks."""
        return self.socials.split()


# Preferences that only operations read. A preference that a public page shows must not be listed: changing a listed one
# does not renew stored pages.
UNSEEN = (
    "claims",
    "desk_email",
    "late_cancel_spends",
    "moderator_email",
    "no_show_spends",
    "reminder_hours",
    "review_email",
    "review_months",
    "voucher_days",
)


@content_version.shown(when=f"{{row}}.name NOT IN {UNSEEN}")
class Preference(Base):
    """A preference that staff have changed. Unchanged ones have no row."""

    __tablename__ = "preference"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def preferences() -> Preferences:
    """Return the current preferences, read once in each transaction."""
    kept, first = db.session().info, settings()
    if kept.get("preferences", (None, None))[0] is not first:
        kept["preferences"] = (first, _read(first))
    found: Preferences = kept["preferences"][1]
    return found


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop("preferences", None)


_STORED = sa.select(*Preference.__table__.c)


def _read(first: Settings) -> Preferences:
    stored = {row.name: row.value for row in db.session.execute(_STORED)}
    values = {name: _typed(name, value) for name, value in stored.items() if name in _TYPES}
    values.setdefault("country", first.phone_region)
    if values.setdefault("phone_region", values["country"]) not in phonenumbers.SUPPORTED_REGIONS:
        values["phone_region"] = first.phone_region
    if not _is_zone(values.setdefault("time_zone", first.time_zone.key)):
        values["time_zone"] = first.time_zone.key
    return Preferences(**values)


def _is_zone(name: str) -> bool:
    """Return whether this machine knows the time zone. The database may come from a machine with newer zone data."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


_TYPES: dict[str, type[str] | type[int]] = {field.name: field.type for field in fields(Preferences)}  # type: ignore[misc]


def _typed(name: str, value: str | int) -> Any:
    """Return a value in the type of its field; a boolean is stored as 1 or 0."""
    return bool(int(value)) if _TYPES[name] is bool else _TYPES[name](value)


@atomic()
def change_preferences(values: dict[str, str | int], *, by: audit.Actor) -> None:
    """Store the given values. Raises KeyError for an unknown name, ValueError for an invalid number."""
    before = preferences()
    for name, value in values.items():
        value = _typed(name, clean_text(value) if isinstance(value, str) else value)
        if value != getattr(before, name):
            db.session.merge(Preference(name=name, value=str(int(value) if isinstance(value, bool) else value)))
            audit.record("changed", f"preference:{name}", by=by)
    db.session().info.pop("preferences", None)
