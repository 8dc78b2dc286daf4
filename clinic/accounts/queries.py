"""Every read about people with a login."""

import sqlalchemy as sa

from clinic.accounts.access import ROLE_PERMISSIONS, Permission, RoleName
from clinic.accounts.models import Role, StaffSession, User, user_role
from clinic.core.db import db
from clinic.core.find import Found, first_found, has_words


def user_with_email(email: str) -> User | None:
    """The person who signs in with this address, in any case."""
    return db.session.scalar(sa.select(User).where(User.email == email.lower()))


def roles_named(names: list[RoleName]) -> list[Role]:
    """The rows of these roles."""
    return list(db.session.scalars(sa.select(Role).where(Role.name.in_([name.value for name in names]))))


def active_owners() -> int:
    """How many people can manage people."""
    owners = sa.select(user_role.c.user_id).join(Role).where(Role.name == RoleName.OWNER.value)
    return db.session.scalar(sa.select(sa.func.count(User.id)).where(User.active, User.id.in_(owners))) or 0


def is_session_open(key: str, user_id: int) -> bool:
    """Whether this sign-in has not been signed out."""
    row = sa.select(StaffSession.key).where(StaffSession.key == key, StaffSession.user_id == user_id)
    return db.session.scalar(row) is not None


def find_users(text: str, most: int) -> Found[User]:
    """People with a login by name and e-mail."""
    return first_found(sa.select(User).where(has_words(text, User.name, User.email)).order_by(User.name, User.id), most)


def users_who_can(permission: Permission) -> list[User]:
    """People who may do this and may sign in, by name."""
    names = [role.value for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed]
    ids = sa.select(user_role.c.user_id).join(Role).where(Role.name.in_(names))
    return list(db.session.scalars(sa.select(User).where(User.active, User.id.in_(ids)).order_by(User.name).limit(200)))
