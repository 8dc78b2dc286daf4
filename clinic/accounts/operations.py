"""Every write about people with a login, but for those that Flask-Security makes itself."""

import secrets
import uuid
from datetime import timedelta

import sqlalchemy as sa
from flask_security import hash_password

from clinic.accounts.access import RoleName
from clinic.accounts.errors import EmailTaken, LastOwner
from clinic.accounts.models import Role, StaffSession, User
from clinic.accounts.queries import active_owners, roles_named, user_with_email
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.text import clean_line

SESSION_LIFETIME = timedelta(hours=12)


@atomic()
def ensure_roles() -> None:
    """Make the rows of all roles that are not there yet."""
    known = set(db.session.scalars(sa.select(Role.name)))
    db.session.add_all(Role(name=name.value) for name in RoleName if name.value not in known)


@atomic()
def create_user(
    *, email: str, name: str, roles: list[RoleName], password: str | None, by: audit.Actor | None = None
) -> User:
    """A new person. Without a password they set one by "Forgot password". Raises EmailTaken."""
    if user_with_email(email):
        raise EmailTaken(email)
    ensure_roles()
    user = User(
        email=email.lower(),
        name=clean_line(name),
        password=hash_password(password or secrets.token_urlsafe(32)),
        active=True,
        created_at=clock.now(),
        fs_uniquifier=uuid.uuid4().hex,
        roles=roles_named(roles),
    )
    db.session.add(user)
    db.session.flush()
    audit.record("created", user, by=by, detail=", ".join(roles))
    return user


@atomic()
def change_user(user: User, *, name: str, roles: list[RoleName], active: bool, by: audit.Actor | None = None) -> User:
    """Change a person's name, roles, or whether they may sign in. Raises LastOwner."""
    user.name = clean_line(name)
    user.roles = roles_named(roles)
    user.active = active
    db.session.flush()
    if not active_owners():
        raise LastOwner
    if not active:
        db.session.execute(sa.delete(StaffSession).where(StaffSession.user_id == user.id))
    audit.record("changed", user, by=by, detail=", ".join(roles) if active else "switched off")
    return user


@atomic()
def set_password(user: User, password: str, *, by: audit.Actor | None = None) -> None:
    """A new password, which also ends every sign-in of this person."""
    user.password = hash_password(password)
    user.fs_uniquifier = uuid.uuid4().hex
    db.session.execute(sa.delete(StaffSession).where(StaffSession.user_id == user.id))
    audit.record("set password", user, by=by)


@atomic()
def open_session(user: User) -> str:
    """Note a sign-in. Returns the key for the person's cookie."""
    key = secrets.token_urlsafe(32)
    db.session.add(StaffSession(key=key, user_id=user.id, started_at=clock.now()))
    return key


@atomic()
def end_session(key: str) -> None:
    """Forget a sign-in; harmless when it is already gone."""
    db.session.execute(sa.delete(StaffSession).where(StaffSession.key == key))


@atomic()
def sweep_sessions() -> None:
    """Remove sign-ins whose cookies have lapsed."""
    db.session.execute(sa.delete(StaffSession).where(StaffSession.started_at < clock.now() - SESSION_LIFETIME))
