"""Unsaved changes of forms, and the people who have a form open. Both are separate from the revisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.db import atomic, db, upsert
from clinic.editing.models import Autosave, Presence

KEPT = timedelta(days=30)
STILL_THERE = timedelta(seconds=60)  # an open form reports every 20 seconds


@dataclass(frozen=True)
class Unsaved:
    """Typed fields of a form that was opened at `base_version`. `draft` is the name of that opened form."""

    draft: str
    fields: dict[str, Any]
    base_version: int
    at: datetime


@atomic()
def keep_autosave(user: User, place: str, fields: dict[str, Any], base_version: int) -> datetime:
    """Store a person's unsaved changes of one form, replacing earlier ones. Returns the time."""
    values = {"fields": fields, "base_version": base_version, "at": clock.now()}
    insert = upsert(Autosave).values(user_id=user.id, place=place, **values)
    db.session.execute(insert.on_conflict_do_update(index_elements=["user_id", "place"], set_=values))
    return values["at"]  # type: ignore[return-value]


def autosaves_at(user: User, about: str) -> list[Unsaved]:
    """Return a person's unsaved changes of one article ("articles_admin:7"), the latest first."""
    rows = sa.select(Autosave).where(
        Autosave.user_id == user.id, Autosave.place.startswith(f"{about}:", autoescape=True)
    )
    return [
        Unsaved(row.place.rpartition(":")[2], row.fields, row.base_version, row.at)
        for row in db.session.scalars(rows.order_by(Autosave.at.desc()).limit(20))
    ]


@atomic()
def drop_autosave(user: User, place: str) -> None:
    """Delete unsaved changes that were saved or discarded."""
    db.session.execute(sa.delete(Autosave).where(Autosave.user_id == user.id, Autosave.place == place))


@atomic()
def note_presence(user: User, article_id: int) -> None:
    """Record that a person has the form of an article open."""
    now = clock.now()
    insert = upsert(Presence).values(user_id=user.id, article_id=article_id, at=now)
    db.session.execute(insert.on_conflict_do_update(index_elements=["article_id", "user_id"], set_={"at": now}))


def others_present(user: User, article_id: int) -> list[str]:
    """Return the names of the other people who have the form of this article open."""
    there = sa.select(Presence).where(Presence.article_id == article_id, Presence.at > clock.now() - STILL_THERE)
    rows = db.session.scalars(there.where(Presence.user_id != user.id).options(joinedload(Presence.user)).limit(20))
    return sorted(row.user.name for row in rows)


@atomic()
def sweep_autosaves() -> None:
    """Delete unsaved changes that nobody restored in time."""
    now = clock.now()
    db.session.execute(sa.delete(Autosave).where(Autosave.at < now - KEPT))
    db.session.execute(sa.delete(Presence).where(Presence.at < now - STILL_THERE))
