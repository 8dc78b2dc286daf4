"""What staff may change in the panel: typed names with defaults, one row each."""

from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit, content_version
from clinic.core.db import Base, atomic, db, is_atomic
from clinic.core.hours import Hours, read_hours
from clinic.core.text import clean_text


@dataclass(frozen=True)
class Preferences:
    """Facts about the clinic and its rules of practice. The defaults are the demo clinic's."""

    name: str = "Move Therapy"
    tagline: str = "One-to-one movement therapy and Pilates in Singapore"
    address: str = "27 Example Walk, #02-08, Singapore 069999"
    country: str = "SG"
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
    cutoff_hours: int = 24  # until so long before, people cancel or ask for another time by themselves
    most_changes: int = 2
    reminder_hours: int = 24
    late_cancel_spends: bool = True
    no_show_spends: bool = True
    feed_names: bool = False  # whole names in calendar feeds, instead of initials
    how_to_get_here: str = (
        "Two minutes on foot from Example station, exit B. The lift is beside the bakery; we are on the second floor."
    )
    what_to_wear: str = "Clothes you can move in, and socks. Everything else is here."
    review_email: str = "editor@example.org"
    review_months: int = 12
    claims: str = ""  # lines of words that advertising for health should avoid; empty: those of the product

    @property
    def opening(self) -> Hours:
        """When the clinic is open."""
        return read_hours(self.hours, self.special_days)

    @property
    def whatsapp_url(self) -> str:
        """A link that opens a chat (faq.whatsapp.com: click to chat), or nothing."""
        digits = "".join(char for char in self.whatsapp if char.isdigit())
        return f"https://wa.me/{digits}" if digits else ""

    @property
    def social_urls(self) -> list[str]:
        """The clinic's pages elsewhere."""
        return self.socials.split()


@content_version.shown
class Preference(Base):
    """One preference that staff have changed. Those left alone have no row."""

    __tablename__ = "preference"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def preferences() -> Preferences:
    """The preferences as they are now: one statement, and one for a whole atomic()."""
    kept = db.session().info if is_atomic() else {}
    if "preferences" not in kept:
        kept["preferences"] = _read()
    found: Preferences = kept["preferences"]
    return found


_STORED = sa.select(*Preference.__table__.c)


def _read() -> Preferences:
    stored = {row.name: row.value for row in db.session.execute(_STORED)}
    return Preferences(**{name: _typed(name, value) for name, value in stored.items() if name in _TYPES})


_TYPES: dict[str, type[str] | type[int]] = {field.name: field.type for field in fields(Preferences)}  # type: ignore[misc]


def _typed(name: str, value: str | int) -> Any:
    """A value as its field has it; a truth is stored as 1 or 0."""
    return bool(int(value)) if _TYPES[name] is bool else _TYPES[name](value)


@atomic()
def change_preferences(values: dict[str, str | int], *, by: audit.Actor) -> None:
    """Keep the given values. Raises KeyError for an unknown name, ValueError for a number that is none."""
    before = preferences()
    for name, value in values.items():
        value = _typed(name, clean_text(value) if isinstance(value, str) else value)
        if value != getattr(before, name):
            db.session.merge(Preference(name=name, value=str(int(value) if isinstance(value, bool) else value)))
            audit.record("changed", f"preference:{name}", by=by)
    db.session().info.pop("preferences", None)
