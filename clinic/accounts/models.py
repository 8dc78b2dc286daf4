"""User, Role, Passkey, StaffSession. Flask-Security dictates the names of the columns that it reads."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from flask_security import AsaList, RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.accounts.access import ROLE_PERMISSIONS, Permission, RoleName, mails_read_with
from clinic.core.db import Base, UtcDateTime, Words

user_role = sa.Table(
    "user_role",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("role.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A RoleName as a row, because Flask-Security needs rows. Its permissions are in access.py."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(20), unique=True)


class User(Base, UserMixin):
    """A person with a login."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Words(255), unique=True)
    name: Mapped[str]
    password: Mapped[str | None]
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fs_uniquifier: Mapped[str] = mapped_column(Words(64), unique=True)
    # The second factor: an authenticator app, and recovery codes for a lost phone.
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    tf_last_counter: Mapped[int | None] = mapped_column(sa.BigInteger)  # time step of the last code used
    tf_phone_number: Mapped[str | None]
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(Words(64), unique=True)

    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin", order_by=Role.id)
    webauthn: Mapped[list["Passkey"]] = relationship(back_populates="user", cascade="all, delete-orphan")

    def can(self, permission: Permission) -> bool:
        """Return whether one of the roles has the permission. Inactive users have none."""
        return self.active and any(permission in ROLE_PERMISSIONS[RoleName(role.name)] for role in self.roles)

    @property
    def has_second_factor(self) -> bool:
        """True if signing in requires more than the password."""
        return bool(self.tf_primary_method) or any(passkey.usage == "secondary" for passkey in self.webauthn)

    def readable_mails(self) -> list[str]:
        """Return the kinds of message that the person may read."""
        return mails_read_with(*(permission for permission in Permission if self.can(permission)))


class Passkey(Base, WebAuthnMixin):
    """A device that signs a person in (WebAuthn)."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary(1024), unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    backup_state: Mapped[bool]
    device_type: Mapped[str]
    extensions: Mapped[str | None]
    # Flask-Security writes these two itself: naive, in UTC.
    create_datetime: Mapped[datetime] = mapped_column(sa.DateTime, server_default=sa.func.now())
    lastuse_datetime: Mapped[datetime] = mapped_column(sa.DateTime)
    name: Mapped[str] = mapped_column(Words(64))
    usage: Mapped[str] = mapped_column(Words(64))

    user: Mapped[User] = relationship(back_populates="webauthn")

    def get_user_mapping(self) -> dict[str, int]:
        """Return the filter by which Flask-Security finds the owner of a passkey."""
        return {"id": self.user_id}


class StaffSession(Base):
    """One sign-in on one device. Signing out deletes the row, which also invalidates any copied cookie.

    `seen_at` is the time of the last activity, exact to SEEN_STEP. `device` is browser and system in plain words.
    """

    __tablename__ = "staff_session"

    key: Mapped[str] = mapped_column(Words(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    device: Mapped[str] = mapped_column(Words(60), default="")

    @property
    def digest(self) -> str:
        """Identifies the sign-in in forms and rows. The key itself would give access to the panel."""
        return session_digest(self.key)


def session_digest(key: str) -> str:
    """Return the digest of a sign-in's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
