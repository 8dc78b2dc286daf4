"""Writes about people with a login, except those that Flask-Security makes itself."""

import secrets
import uuid
from datetime import timedelta

import sqlalchemy as sa
from flask_security import hash_password

from clinic.accounts import emails
from clinic.accounts.access import RoleName
from clinic.accounts.errors import EmailTaken, LastOwner
from clinic.accounts.models import Role, StaffSession, User
from clinic.accounts.queries import (
    SESSION_IDLE,
    SESSION_LIFETIME,
    active_owners,
    open_sessions,
    owners,
    roles_named,
    user_with_email,
)
from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.text import clean_line
from clinic.preferences import change_preferences

SEEN_STEP = timedelta(minutes=5)  # precision of StaffSession.seen_at


@atomic()
def ensure_roles() -> None:
    """Create the missing role rows."""
    known = set(db.session.scalars(sa.select(Role.name)))
    db.session.add_all(Role(name=name.value) for name in RoleName if name.value not in known)


@atomic()
def create_user(*, email: str, name: str, roles: list[RoleName], password: str | None, by: User | None = None) -> User:
    """Create a user. Without a password they choose one by "Forgot password". Raises EmailTaken."""
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
    if by:
        tell_owners(f"{by.name} created an account for {name} ({user.email}): {', '.join(roles)}.")
    return user


@atomic()
def change_user(user: User, *, name: str, roles: list[RoleName], active: bool, by: User | None = None) -> User:
    """Change a user's name, roles, or permission to sign in. Raises LastOwner."""
    # Locks the owner role, so that two owners cannot demote each other at the same time.
    db.session.execute(sa.select(Role.id).where(Role.name == RoleName.OWNER.value).with_for_update())
    db.session.refresh(user)
    was_able = user.active, {role.name for role in user.roles}
    user.name = clean_line(name)
    user.roles = roles_named(roles)
    user.active = active
    db.session.flush()
    if not active_owners():
        raise LastOwner
    if not active:
        forget_sessions(user)
    detail = ", ".join(roles) if active else "switched off"
    audit.record("changed", user, by=by, detail=detail)
    if by and was_able != (active, {role.name for role in user.roles}):
        what = f"{by.name} changed the roles of {name} ({user.email}): {detail}."
        tell_owners(what)
        if user.id not in {owner.id for owner in owners()}:
            emails.account_changed(user, what)
    return user


@atomic()
def reset_second_factor(user: User, *, by: User | None = None) -> None:
    """Remove a user's authenticator app, recovery codes and second-factor passkeys, and end their sign-ins.

    For a person who has lost them: the password alone signs them in afterwards.
    """
    user.tf_primary_method = user.tf_totp_secret = user.tf_last_counter = user.mf_recovery_codes = None
    user.webauthn = [passkey for passkey in user.webauthn if passkey.usage != "secondary"]
    forget_sessions(user)
    audit.record("reset the second factor of", user, by=by)
    emails.account_changed(
        user, "Your second factor was reset. You now sign in with your password alone. Please set up a new one soon."
    )


@atomic()
def change_settings(values: dict[str, str | int], *, by: User) -> None:
    """Store preferences and tell the owners, at most once an hour for each person who changes some."""
    change_preferences(values, by=by)
    hour = f"{clock.now():%Y-%m-%dT%H}"
    tell_owners(f"{by.name} changed the settings of the site.", once_key=f"settings_changed:{by.id}:{hour}")


@atomic()
def note_export(what: str, *, by: User, detail: str) -> None:
    """Log an export of personal data and tell the owners."""
    audit.record("exported", what, by=by, detail=detail)
    tell_owners(f"{by.name} exported the {what} to a {detail.upper()} file.")


def tell_owners(what: str, *, once_key: str | None = None) -> None:
    """Enqueue an email with this sentence to every owner, in the current transaction."""
    for owner in owners():
        emails.account_changed(owner, what, once_key=once_key and f"{once_key}:{owner.id}")


@atomic()
def open_session(user: User, *, device: str = "") -> str:
    """Record a sign-in. Returns the key for the cookie."""
    key, now = secrets.token_urlsafe(32), clock.now()
    db.session.add(StaffSession(key=key, user_id=user.id, started_at=now, seen_at=now, device=device[:60]))
    audit.record("signed in", user, by=user, detail=device[:60])
    return key


@atomic()
def note_refused_sign_in(user: User | None) -> None:
    """Log a failed sign-in. What was typed is not stored."""
    audit.record("could not sign in as", user or "somebody unknown")


@atomic()
def note_activity(row: StaffSession) -> None:
    """Record activity, so that the sign-in does not time out. Does nothing if it was ended meanwhile."""
    db.session.execute(sa.update(StaffSession).where(StaffSession.key == row.key).values(seen_at=clock.now()))


@atomic()
def end_session(key: str) -> None:
    """Delete a sign-in. Does nothing if it is already gone."""
    db.session.execute(sa.delete(StaffSession).where(StaffSession.key == key))


@atomic()
def end_sessions(user: User, digests: list[str]) -> int:
    """End the sign-ins of a person that have these digests. Returns how many were open."""
    ended = [row for row in open_sessions(user) if row.digest in digests]
    for row in ended:
        db.session.delete(row)
    if ended:
        audit.record("ended a sign-in of", user, by=user, detail=", ".join(row.device for row in ended)[:400])
    return len(ended)


def forget_sessions(user: User, *, but: str | None = None) -> None:
    """End all sign-ins of a person except the one with the key `but`, in the current transaction."""
    db.session.execute(sa.delete(StaffSession).where(StaffSession.user_id == user.id, StaffSession.key != (but or "")))


@atomic()
def sweep_sessions() -> None:
    """Delete sign-ins that have timed out."""
    now = clock.now()
    has_ended = sa.or_(StaffSession.started_at < now - SESSION_LIFETIME, StaffSession.seen_at < now - SESSION_IDLE)
    db.session.execute(sa.delete(StaffSession).where(has_ended))
