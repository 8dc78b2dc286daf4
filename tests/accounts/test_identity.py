"""Fresh proof of identity: actions that an open panel alone must not allow."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.models import Passkey, User
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.outbox.models import Message
from tests.accounts.test_sign_in import is_in, reset_link, try_password
from tests.browse import Page, check, visit
from tests.factories import PASSWORD, make_booking, make_user

SignIn = Callable[..., FlaskClient]
MINUTES = 60


def grow_stale(client: FlaskClient, minutes: int = 11) -> None:
    """Move the person's sign-in into the past."""
    with client.session_transaction() as session:
        session["fs_paa"] = time.time() - minutes * MINUTES
        session.pop("fs_gexp", None)


def add_passkey(user: User, name: str = "Phone", usage: str = "first") -> None:
    with atomic():
        user.fs_webauthn_user_handle = f"handle-{user.id}"
        db.session.add(
            Passkey(
                user_id=user.id,
                credential_id=f"credential {name} {user.id}".encode(),
                public_key=b"key",
                transports=[],
                backup_state=False,
                device_type="single_device",
                lastuse_datetime=user.created_at.replace(tzinfo=None),
                name=name,
                usage=usage,
            )
        )


def kinds_and_words() -> list[tuple[str, str]]:
    return [(row.kind, row.text) for row in db.session.scalars(sa.select(Message).order_by(Message.id))]


PAGES = (
    "/change",
    "/tf-setup",
    "/mf-recovery-codes",
    "/mf-recovery-codes?show_codes=Show",
    "/wan-register",
    "/wan-delete",
    "/admin/people/new/",
    "/admin/people/edit/?id={id}",
    "/admin/settings/",
    "/admin/leads/export.csv",
    "/admin/leads/export.xlsx",
)


@pytest.mark.parametrize("path", PAGES)
def test_it_is_asked_for_after_ten_minutes_and_leads_on(sign_in: SignIn, path: str) -> None:
    user = make_user()
    client = sign_in(user=user)
    path = path.format(id=user.id)
    grow_stale(client, minutes=9)
    assert client.get(path).status_code in (200, 302, 405), path
    if path != "/wan-delete":
        assert client.get(path).status_code == 200
    grow_stale(client)
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/verify?next=")
    page = visit(client, answer.headers["Location"])
    check(page)
    assert page.submit("Continue", password="wrong wrong wrong").status == 200
    assert client.get(path).status_code == 303
    proved = page.submit("Continue", password=PASSWORD)
    assert proved.status == 302
    assert client.get(proved.response.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "/change",
            {"password": PASSWORD, "new_password": "quite a new one", "new_password_confirm": "quite a new one"},
        ),
        ("/tf-setup", {"setup": "authenticator"}),
        ("/mf-recovery-codes", {"generate_new_codes": "New"}),
        ("/wan-register", {"name": "mine", "usage": "first"}),
        ("/wan-delete", {"name": "Phone"}),
        ("/admin/people/new/", {"name": "X", "email": "x@example.org", "role_names": "owner", "active": "y"}),
        ("/admin/people/edit/?id={id}", {"name": "X", "role_names": "owner", "active": "y"}),
        ("/admin/people/reset-second-factor/", {"id": "{id}"}),
        ("/admin/settings/", {"name": "Another clinic"}),
        ("/admin/therapists/feed/", {"id": "1"}),
    ],
)
def test_nothing_is_done_without_it(sign_in: SignIn, path: str, fields: dict[str, Any]) -> None:
    user = make_user()
    add_passkey(user)
    client = sign_in(user=user)
    token = visit(client, "/admin/").values("Sign out")["csrf_token"]
    before = (user.password, user.name, user.mf_recovery_codes)
    grow_stale(client)
    data = {name: value.format(id=user.id) for name, value in fields.items()} | {"csrf_token": token}
    answer = client.post(path.format(id=user.id), data=data)
    assert answer.status_code in (303, 401)
    db.session.expire_all()
    assert (user.password, user.name, user.mf_recovery_codes) == before
    assert len(user.webauthn) == 1
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == 1
    assert db.session.scalars(sa.select(Message.kind)).all() == []


def test_what_was_typed_is_kept_and_sent_after_the_proof_but_no_password(sign_in: SignIn) -> None:
    client = sign_in("owner")
    page = visit(client, "/admin/people/new/")
    grow_stale(client)
    kept = page.submit(
        "Save", name="Ana Lim", email="ana@example.org", role_names=["desk"], password="a long secret one"
    )
    check(kept)
    assert kept.status == 401
    assert "a long secret one" not in kept.html
    assert "password" in kept.text
    visit(client, "/verify").submit("Continue", password=PASSWORD)
    assert kept.submit("Send again").status in (200, 303)
    assert db.session.scalar(sa.select(User.name).where(User.email == "ana@example.org")) == "Ana Lim"


def test_each_change_of_a_sign_in_is_told_by_mail_and_logged(sign_in: SignIn) -> None:
    from tests.accounts.test_second_factor import switch_on_second_factor

    user = make_user(roles=[RoleName.DESK])
    client = sign_in(user=user)
    switch_on_second_factor(client)
    visit(client, "/mf-recovery-codes").submit("Create new codes")
    visit(client, "/tf-setup").submit("Continue", setup="disable")
    add_passkey(user)
    visit(client, "/wan-register").submit("Remove passkey", name="Phone")
    new: dict[str, Any] = {"new_password": "a quite new password", "new_password_confirm": "a quite new password"}
    visit(client, "/change").submit("Change password", password=PASSWORD, **new)
    told = kinds_and_words()
    assert [kind for kind, _ in told] == [*["account_changed"] * 4, "password_changed"]
    words = ("second factor was set up", "recovery codes were created", "switched off", "passkey was removed")
    for word, (_, text) in zip(words, told, strict=False):
        assert word in text
    assert {row.to for row in db.session.scalars(sa.select(Message))} == {user.email}
    verbs = db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor_id == user.id).order_by(AuditLine.id))
    assert verbs.all() == [
        "signed in",
        "set up a second factor for",
        "made new recovery codes",
        "switched off the second factor of",
        "removed a passkey of",
        "signed in",
        "changed the password of",
    ]


def test_owners_are_told_of_people_exports_and_settings(sign_in: SignIn) -> None:
    owner, other_owner = make_user(name="Mei Tan"), make_user(name="Other Owner")
    make_booking()
    client = sign_in(user=owner)
    db.session.execute(sa.delete(Message))
    db.session.commit()
    visit(client, "/admin/people/new/").submit("Save", name="Ana Lim", email="ana@example.org", role_names=["desk"])
    client.get("/admin/leads/export.csv")
    settings_page = visit(client, "/admin/settings/")
    settings_page.submit("Save", tagline="We help you move")
    settings_page.submit("Save", tagline="We help you move well")
    told = db.session.scalars(sa.select(Message).order_by(Message.id)).all()
    for address in (owner.email, other_owner.email):
        words = [row.text for row in told if row.to == address]
        assert len(words) == 3, "settings once an hour"
        assert "Mei Tan created an account for Ana Lim" in words[0]
        assert "exported the leads to a CSV file" in words[1]
        assert "changed the settings" in words[2]
    assert {row.kind for row in told} == {"account_changed"}


def test_a_reset_password_says_which_passkeys_remain_and_removes_them_on_demand(app: Flask) -> None:
    for wish, left in ((None, 2), ("y", 0)):
        user = make_user()
        add_passkey(user, "Mei’s phone")
        add_passkey(user, "Stranger’s key")
        visitor = app.test_client()
        visit(visitor, "/reset").submit("Send link", email=user.email)
        (message,) = db.session.scalars(sa.select(Message).where(Message.to == user.email))
        path = re.sub(r"^https?://[^/]+", "", reset_link(message))
        page = visit(visitor, path)
        assert "Mei’s phone, Stranger’s key" in page.text
        new: dict[str, Any] = {
            "password": "a quite new password",
            "password_confirm": "a quite new password",
            "remove_passkeys": wish,
        }
        assert page.submit("Save password", **new).status == 302
        db.session.expire_all()
        assert len(user.webauthn) == left
        changed = db.session.scalars(
            sa.select(Message).where(Message.to == user.email, Message.kind == "password_changed")
        )
        assert "Stranger’s key" in changed.one().text
        assert try_password(app.test_client(), user.email, "a quite new password").status == 302


def test_a_reset_page_without_passkeys_asks_for_nothing_more(app: Flask) -> None:
    user = make_user()
    visitor = app.test_client()
    visit(visitor, "/reset").submit("Send link", email=user.email)
    (message,) = db.session.scalars(sa.select(Message))
    page = visit(visitor, re.sub(r"^https?://[^/]+", "", reset_link(message)))
    assert page.tree.css("input[type=checkbox]") == []


def test_what_one_person_typed_is_not_sent_by_another(app: Flask, sign_in: SignIn) -> None:
    first, second = make_user(roles=[RoleName.EDITOR]), make_user(roles=[RoleName.EDITOR], name="Ana Lim")
    client = sign_in(user=first)
    page = visit(client, "/admin/categories/new/")
    visit(client, "/admin/").submit("Sign out")
    kept = page.submit("Save", name="Typed by the first")
    assert kept.status == 401
    assert try_password(client, second.email).status == 302
    for _ in range(2):
        kept = kept.submit("Send again")  # the token is an old one on the first try
        check(kept)
        assert kept.status in (401, 403)
    assert kept.status == 403
    assert "Ana Lim" in kept.text
    from clinic.articles.models import Category

    assert db.session.scalar(sa.select(sa.func.count(Category.id))) == 0
    visit(client, "/admin/").submit("Sign out")
    assert try_password(client, first.email).status == 302
    kept.submit("Send again").submit("Send again")
    assert db.session.scalar(sa.select(Category.name)) == "Typed by the first"


def test_a_token_of_flask_security_opens_nothing(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    with app.test_request_context():
        token = db.session.get_one(User, user.id).get_auth_token()
    stranger = app.test_client()
    assert stranger.get("/admin/", headers={"Authentication-Token": token}).status_code == 302
    assert stranger.get("/admin/", query_string={"auth_token": token}).status_code == 302
    assert stranger.get("/admin/", json={"auth_token": token}).status_code == 302
    assert stranger.get("/change", headers={"Authentication-Token": token}).status_code == 302
    page = visit(stranger, "/login")
    answer = stranger.post(
        "/login?include_auth_token",
        json={"email": user.email, "password": PASSWORD, "csrf_token": page.values("Sign in")["csrf_token"]},
        headers={"Accept": "application/json", "X-CSRFToken": page.values("Sign in")["csrf_token"]},
    )
    assert "authentication_token" not in answer.get_data(as_text=True)
    assert isinstance(Page(stranger, answer, "/login").status, int)
    assert not is_in(app.test_client())


def test_a_set_up_that_was_left_open_is_not_finished_without_it(sign_in: SignIn) -> None:
    client = sign_in("desk")
    page = visit(client, "/tf-setup").submit("Continue", setup="authenticator")
    grow_stale(client)
    answer = client.post("/tf-validate", data={"code": "123456", "csrf_token": page.values("Switch on")["csrf_token"]})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/verify?next=/tf-setup")
