"""Tests of people with a login and their roles."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.models import User
from clinic.core.db import db
from tests.browse import check, visit
from tests.factories import make_user

SignIn = Callable[..., FlaskClient]
NEW: dict[str, Any] = {
    "name": "Ana Lee",
    "email": "Ana.Lee@Example.org",
    "role_names": ["editor", "desk"],
    "active": "y",
}


def person(email: str) -> User | None:
    db.session.expire_all()
    return db.session.scalar(sa.select(User).where(User.email == email))


def can_open(client: FlaskClient, path: str) -> bool:
    return client.get(path).status_code == 200


def test_the_owner_makes_a_person_who_can_sign_in_with_these_roles(app: Flask, sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/people/new/").submit("Save", **NEW, password="a long enough one")
    assert page.status_text() == "Saved."
    assert page.values("Save")["role_names"] == ["editor", "desk"]
    visitor = app.test_client()
    answer = visit(visitor, "/login").submit("Sign in", email="ana.lee@example.org", password="a long enough one")
    assert answer.response.headers["Location"] == "/admin/"
    assert can_open(visitor, "/admin/articles/")
    assert can_open(visitor, "/admin/leads/")
    assert not can_open(visitor, "/admin/comments/")


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": ""}, "Enter a name"),
    ({"name": "  "}, "Enter a name"),
    ({"email": "ana@"}, "Enter an email address like"),
    ({"email": "TAKEN@example.org"}, "already uses this email address"),
    ({"role_names": None}, "Choose at least one role"),
    ({"role_names": ["king"]}, "Roles"),
    ({"password": "short"}, "at least 10 characters"),
)


def test_a_new_person_with_errors_is_refused_and_what_was_typed_stays(sign_in: SignIn) -> None:
    make_user(email="taken@example.org")
    form = visit(sign_in("owner"), "/admin/people/new/")
    for changed, words in WRONG:
        page = form.submit("Save", **(NEW | changed))
        assert page.status == 422, changed
        assert words in page.alert()
        check(page)
        kept = page.values("Save")
        for name in ("name", "email"):
            assert kept[name] == (NEW | changed)[name].strip()
    assert person("ana.lee@example.org") is None


def test_changed_roles_count_from_the_next_request(sign_in: SignIn) -> None:
    user = make_user(roles=[RoleName.EDITOR])
    theirs = sign_in(user=user)
    assert can_open(theirs, "/admin/articles/")
    page = visit(sign_in("owner"), f"/admin/people/edit/?id={user.id}")
    assert page.values("Save")["role_names"] == ["editor"]
    assert page.submit("Save", role_names=["moderator"], name="New Name").status_text() == "Saved."
    assert theirs.get("/admin/articles/").status_code == 403
    assert "New Name" in visit(theirs, "/admin/comments/").text


def test_the_last_owner_stays_owner_and_switched_on(sign_in: SignIn) -> None:
    owner = make_user()
    client = sign_in(user=owner)
    page = visit(client, f"/admin/people/edit/?id={owner.id}")
    for changed in ({"role_names": ["editor"]}, {"active": None}):
        answer = page.submit("Save", **changed)
        assert answer.status == 422
        assert "last owner" in answer.alert()
    assert can_open(client, "/admin/people/")
    second = make_user()
    assert page.submit("Save", role_names=["editor"], follow=False).status == 303
    db.session.expire_all()
    assert [role.name for role in owner.roles] == ["editor"]
    assert [role.name for role in second.roles] == ["owner"]


def test_a_switched_off_person_is_signed_out_and_cannot_come_back(app: Flask, sign_in: SignIn) -> None:
    user = make_user(roles=[RoleName.EDITOR])
    theirs, owner = sign_in(user=user), sign_in("owner")
    page = visit(owner, f"/admin/people/edit/?id={user.id}").submit("Save", active=None)
    assert page.status_text() == "Saved."
    assert theirs.get("/admin/").headers["Location"].startswith("/login")
    answer = visit(app.test_client(), "/login").submit("Sign in", email=user.email, password="correct horse battery")
    assert (answer.status, bool(answer.alert())) == (200, True)
    assert "no" in visit(owner, "/admin/people/").texts("td[data-label='Can sign in']")
    assert page.submit("Save", active="y").status_text() == "Saved."
    assert theirs.get("/admin/").headers["Location"].startswith("/login")
    assert can_open(sign_in(user=user), "/admin/")
