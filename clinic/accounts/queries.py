"""Every read about people with a login."""

from datetime import timedelta

import sqlalchemy as sa

from clinic.accounts.access import ROLE_PERMISSIONS, Permission, RoleName
from clinic.accounts.models import Passkey, Role, StaffSession, User, user_role
from clinic.core import clock
from clinic.core.bounded import Found, first_found, has_words
from clinic.core.db import db


def user_with_email(email: str) -> User | None:
    """The person who signs in with this address, in any case."""
    return db.session.scalar(sa.select(User).where(User.email == email.lower()))


def passkey_with_id(credential_id: bytes) -> Passkey | None:
    """The passkey that names itself so."""
    return db.session.scalar(sa.select(Passkey).where(Passkey.credential_id == credential_id))


def roles_named(names: list[RoleName]) -> list[Role]:
    """The rows of these roles."""
    return list(db.session.scalars(sa.select(Role).where(Role.name.in_([name.value for name in names]))))


def active_owners() -> int:
    """How many people can manage people."""
    owners = sa.select(user_role.c.user_id).join(Role).where(Role.name == RoleName.OWNER.value)
    return db.session.scalar(sa.select(sa.func.count(User.id)).where(User.active, User.id.in_(owners))) or 0


SESSION_LIFETIME = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)


def open_staff_session(key: str, user_id: int) -> StaffSession | None:
    """The sign-in with this key, if it was not signed out, is not 12 hours old, and was used in the last two hours."""
    where = (StaffSession.key == key, StaffSession.user_id == user_id, *_is_open())
    return db.session.scalar(sa.select(StaffSession).where(*where))


def open_sessions(user: User) -> list[StaffSession]:
    """The open sign-ins of a person, the latest first."""
    rows = sa.select(StaffSession).where(StaffSession.user_id == user.id, *_is_open())
    return list(db.session.scalars(rows.order_by(StaffSession.started_at.desc()).limit(100)))


def _is_open() -> tuple[sa.ColumnElement[bool], ...]:
    now = clock.now()
    return StaffSession.started_at > now - SESSION_LIFETIME, StaffSession.seen_at > now - SESSION_IDLE


def owners() -> list[User]:
    """Everybody who manages people and may sign in."""
    return users_who_can(Permission.USER_MANAGE)


def find_users(text: str, most: int) -> Found[User]:
    """People with a login by name and e-mail."""
    return first_found(sa.select(User).where(has_words(text, User.name, User.email)).order_by(User.name, User.id), most)


def users_who_can(permission: Permission) -> list[User]:
    """People who may do this and may sign in, by name."""
    names = [role.value for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed]
    ids = sa.select(user_role.c.user_id).join(Role).where(Role.name.in_(names))
    return list(db.session.scalars(sa.select(User).where(User.active, User.id.in_(ids)).order_by(User.name).limit(200)))
