"""People with a login: created, changed, deactivated; and their permissions."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_security import verify_password

from clinic.accounts.access import ROLE_PERMISSIONS, Permission, RoleName
from clinic.accounts.errors import EmailTaken, LastOwner
from clinic.accounts.models import Role, StaffSession, User
from clinic.accounts.operations import (
    change_user,
    create_user,
    end_session,
    ensure_roles,
    open_session,
    sweep_sessions,
)
from clinic.accounts.queries import active_owners, open_staff_session, user_with_email
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from tests.conftest import MovableClock
from tests.factories import make_user


def new(email: str = "Ana@Example.org", roles: list[RoleName] | None = None, password: str | None = None) -> User:
    return create_user(email=email, name="Ana", roles=roles or [RoleName.DESK], password=password)


def test_a_new_person_has_the_address_in_small_letters_and_a_hashed_password(app: Flask) -> None:
    user = new(password="a long enough one")
    assert (user.email, user.active, [role.name for role in user.roles]) == ("ana@example.org", True, ["desk"])
    assert user.password
    assert user.password.startswith("$argon2")
    assert verify_password("a long enough one", user.password)
    assert user_with_email("ANA@example.ORG") == user
    assert db.session.scalars(sa.select(AuditLine.verb)).all() == ["created"]


def test_a_person_without_a_password_cannot_sign_in_with_an_empty_one(app: Flask) -> None:
    user = new()
    assert user.password
    assert not verify_password("", user.password)


def test_an_address_is_used_once_in_any_case(app: Flask) -> None:
    new("ana@example.org")
    with pytest.raises(EmailTaken):
        new("ANA@EXAMPLE.ORG")
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 1


def test_roles_are_made_once(app: Flask) -> None:
    ensure_roles()
    assert sorted(db.session.scalars(sa.select(Role.name))) == sorted(role.value for role in RoleName)


def test_the_last_owner_cannot_be_demoted_or_switched_off_and_nothing_changes(app: Flask) -> None:
    owner = make_user(name="Mei")
    for roles, active in (([RoleName.EDITOR], True), ([RoleName.OWNER], False)):
        with pytest.raises(LastOwner):
            change_user(owner, name="Other", roles=roles, active=active)
        db.session.expire_all()
        assert (owner.name, owner.active, [role.name for role in owner.roles]) == ("Mei", True, ["owner"])
    make_user()
    change_user(owner, name="Mei", roles=[RoleName.EDITOR], active=True)
    assert active_owners() == 1


def test_a_switched_off_owner_does_not_count_as_one(app: Flask) -> None:
    first, second = make_user(), make_user()
    change_user(first, name="x", roles=[RoleName.OWNER], active=False)
    with pytest.raises(LastOwner):
        change_user(second, name="x", roles=[RoleName.OWNER], active=False)


def test_switching_off_ends_every_sign_in_of_that_person_alone(app: Flask) -> None:
    user, other = make_user(), make_user()
    keys = [open_session(user), open_session(user)]
    theirs = open_session(other)
    change_user(user, name="x", roles=[RoleName.DESK], active=False)
    assert [open_staff_session(key, user.id) for key in keys] == [None, None]
    assert open_staff_session(theirs, other.id)
    assert not any(user.can(permission) for permission in Permission)


def test_a_sign_in_belongs_to_one_person_and_ends_once(app: Flask) -> None:
    user, other = make_user(), make_user()
    key = open_session(user)
    assert open_staff_session(key, user.id)
    assert not open_staff_session(key, other.id)
    assert not open_staff_session("", user.id)
    for _ in range(2):
        end_session(key)
        assert not open_staff_session(key, user.id)


def test_sign_ins_of_yesterday_are_swept_away(app: Flask, clock: MovableClock) -> None:
    user = make_user()
    old = open_session(user)
    clock.move(hours=12, seconds=1)
    new_one = open_session(user)
    sweep_sessions()
    assert open_staff_session(old, user.id) is None
    assert open_staff_session(new_one, user.id)


def test_a_deleted_person_leaves_no_sign_in(app: Flask) -> None:
    user = make_user()
    open_session(user)
    with atomic():
        db.session.delete(user)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StaffSession)) == 0


def test_roles_allow_what_the_contract_says_and_nothing_else() -> None:
    own = {
        RoleName.EDITOR: {Permission.ARTICLE_EDIT, Permission.IMAGE_EDIT},
        RoleName.MODERATOR: {Permission.COMMENT_MODERATE},
        RoleName.DESK: {Permission.LEAD_WORK, Permission.OUTBOX_WORK},
    }
    for role, permissions in own.items():
        assert ROLE_PERMISSIONS[role] == permissions | {Permission.PANEL_OPEN}
    assert ROLE_PERMISSIONS[RoleName.OWNER] == set(Permission)
