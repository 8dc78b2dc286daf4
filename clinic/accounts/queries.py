"""Reads about people with a login."""

from datetime import timedelta

import sqlalchemy as sa

from clinic.accounts.access import ROLE_PERMISSIONS, Permission, RoleName
from clinic.accounts.models import Passkey, Role, StaffSession, User, user_role
from clinic.core import clock
from clinic.core.bounded import Found, first_found, has_words
from clinic.core.db import db


def user_with_email(email: str) -> User | None:
    """Return the user with this email address, ignoring case, or None."""
    return db.session.scalar(sa.select(User).where(User.email == email.lower()))


def passkey_with_id(credential_id: bytes) -> Passkey | None:
    """Return the passkey with this credential id, or None."""
    return db.session.scalar(sa.select(Passkey).where(Passkey.credential_id == credential_id))


def roles_named(names: list[RoleName]) -> list[Role]:
    """Return the rows of these roles."""
    return list(db.session.scalars(sa.select(Role).where(Role.name.in_([name.value for name in names]))))


def active_owners() -> int:
    """Return the number of active owners."""
    owners = sa.select(user_role.c.user_id).join(Role).where(Role.name == RoleName.OWNER.value)
    return db.session.scalar(sa.select(sa.func.count(User.id)).where(User.active, User.id.in_(owners))) or 0


SESSION_LIFETIME = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)


def open_staff_session(key: str, user_id: int) -> StaffSession | None:
    """Return the sign-in with this key if it is open: started within 12 hours, used within two, and not signed out."""
    where = (StaffSession.key == key, StaffSession.user_id == user_id, *_is_open())
    return db.session.scalar(sa.select(StaffSession).where(*where))


def open_sessions(user: User) -> list[StaffSession]:
    """Return the open sign-ins of a person, latest first."""
    rows = sa.select(StaffSession).where(StaffSession.user_id == user.id, *_is_open())
    return list(db.session.scalars(rows.order_by(StaffSession.started_at.desc()).limit(100)))


def _is_open() -> tuple[sa.ColumnElement[bool], ...]:
    now = clock.now()
    return StaffSession.started_at > now - SESSION_LIFETIME, StaffSession.seen_at > now - SESSION_IDLE


def owners() -> list[User]:
    """Return all active owners."""
    return users_who_can(Permission.USER_MANAGE)


def find_users(text: str, most: int) -> Found[User]:
    """Return people with a login whose name or email contains the words."""
    return first_found(sa.select(User).where(has_words(text, User.name, User.email)).order_by(User.name, User.id), most)


def users_who_can(permission: Permission) -> list[User]:
    """Return the active users with a permission, sorted by name."""
    names = [role.value for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed]
    ids = sa.select(user_role.c.user_id).join(Role).where(Role.name.in_(names))
    return list(db.session.scalars(sa.select(User).where(User.active, User.id.in_(ids)).order_by(User.name).limit(200)))
