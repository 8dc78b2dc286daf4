"""What staff may change in the panel: typed names with defaults, one row each."""

from dataclasses import dataclass, fields

from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit
from clinic.core.db import Base, atomic, db


@dataclass(frozen=True)
class Preferences:
    """Facts about the clinic and its rules of practice. The defaults are the demo clinic's."""

    name: str = "Move Therapy"
    tagline: str = "One-to-one movement therapy and Pilates in Singapore"
    address: str = "27 Example Walk, #02-08, Singapore 069999"
    phone: str = "+65 6123 4567"
    email: str = "hello@example.org"
    hours: str = "Monday to Friday 8:00–20:00\nSaturday 9:00–14:00\nClosed on Sundays and public holidays"
    desk_email: str = "desk@example.org"
    moderator_email: str = "moderator@example.org"
    voucher_days: int = 90


class Preference(Base):
    """One preference that staff have changed. Those left alone have no row."""

    __tablename__ = "preference"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def preferences() -> Preferences:
    """The preferences as they are now: one statement."""
    stored = {row.name: row.value for row in db.session.execute(db.select(Preference.name, Preference.value))}
    known = {field.name: field.type for field in fields(Preferences)}
    return Preferences(
        **{name: int(value) if known[name] is int else value for name, value in stored.items() if name in known}  # type: ignore[arg-type]
    )


@atomic()
def change_preferences(values: dict[str, str | int], *, by: audit.Actor) -> None:
    """Keep the given values. Raises KeyError for an unknown name, ValueError for a number that is none."""
    known = {field.name: field.type for field in fields(Preferences)}
    before = preferences()
    for name, value in values.items():
        if name not in known:
            raise KeyError(name)
        value = int(value) if known[name] is int else value
        if value != getattr(before, name):
            db.session.merge(Preference(name=name, value=str(value)))
            audit.record("changed", f"preference:{name}", by=by)
