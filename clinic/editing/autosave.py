"""What is typed and not saved yet, and who has a form open: kept apart from the revisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.accounts.models import User
from clinic.articles.models import Autosave, Presence
from clinic.core import clock
from clinic.core.db import atomic, db, upsert

KEPT = timedelta(days=30)
STILL_THERE = timedelta(seconds=60)  # a form says every 20 seconds that it is open


@dataclass(frozen=True)
class Unsaved:
    """Fields as typed into a form that was opened at `base_version`. `draft` is that form's own name."""

    draft: str
    fields: dict[str, Any]
    base_version: int
    at: datetime


@atomic()
def keep_autosave(user: User, place: str, fields: dict[str, Any], base_version: int) -> datetime:
    """Keep what this person has typed at this place, instead of what was kept before. Returns when."""
    values = {"fields": fields, "base_version": base_version, "at": clock.now()}
    insert = upsert(Autosave).values(user_id=user.id, place=place, **values)
    db.session.execute(insert.on_conflict_do_update(index_elements=["user_id", "place"], set_=values))
    return values["at"]  # type: ignore[return-value]


def autosaves_at(user: User, about: str) -> list[Unsaved]:
    """What this person has typed about one article ("articles_admin:7") and not saved, the latest first."""
    rows = sa.select(Autosave).where(
        Autosave.user_id == user.id, Autosave.place.startswith(f"{about}:", autoescape=True)
    )
    return [
        Unsaved(row.place.rpartition(":")[2], row.fields, row.base_version, row.at)
        for row in db.session.scalars(rows.order_by(Autosave.at.desc()).limit(20))
    ]


@atomic()
def drop_autosave(user: User, place: str) -> None:
    """It was saved, or is not wanted any more."""
    db.session.execute(sa.delete(Autosave).where(Autosave.user_id == user.id, Autosave.place == place))


@atomic()
def note_presence(user: User, article_id: int) -> None:
    """This person has the form of this article open."""
    now = clock.now()
    insert = upsert(Presence).values(user_id=user.id, article_id=article_id, at=now)
    db.session.execute(insert.on_conflict_do_update(index_elements=["article_id", "user_id"], set_={"at": now}))


def others_present(user: User, article_id: int) -> list[str]:
    """The names of those who have the form of this article open too."""
    there = sa.select(Presence).where(Presence.article_id == article_id, Presence.at > clock.now() - STILL_THERE)
    rows = db.session.scalars(there.where(Presence.user_id != user.id).options(joinedload(Presence.user)).limit(20))
    return sorted(row.user.name for row in rows)


@atomic()
def sweep_autosaves() -> None:
    """Forget what nobody came back for."""
    now = clock.now()
    db.session.execute(sa.delete(Autosave).where(Autosave.at < now - KEPT))
    db.session.execute(sa.delete(Presence).where(Presence.at < now - STILL_THERE))
