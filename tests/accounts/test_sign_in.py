"""Signing in and out: password, limits, cookies, a forgotten password."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.db import db
from clinic.core.settings import settings
from clinic.outbox.models import Message
from tests.browse import Page, check, visit
from tests.conftest import MovableClock, make_app
from tests.factories import PASSWORD, make_user

SignIn = Callable[..., FlaskClient]
COOKIE = "clinic_staff"


def try_password(client: FlaskClient, email: str, password: str = PASSWORD, path: str = "/login", **more: Any) -> Page:
    return visit(client, path).submit("Sign in", email=email, password=password, **more)


def is_in(client: FlaskClient) -> bool:
    return client.get("/admin/").status_code == 200


def test_the_right_password_opens_the_panel(client: FlaskClient) -> None:
    user = make_user()
    visit(client, "/admin/leads/?tab=new")  # redirects to the form
    answer = try_password(client, user.email.upper())
    assert answer.response.headers["Location"] == "/admin/"
    assert is_in(client)
    cookie = client.get_cookie(COOKIE)
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_a_wrong_password_and_an_unknown_account_are_told_the_same(client: FlaskClient) -> None:
    user = make_user()
    off = make_user()
    off.active = False
    db.session.commit()
    pages = [
        try_password(client, user.email, "wrong wrong wrong"),
        try_password(client, "nobody@example.org"),
        try_password(client, off.email),
    ]
    assert {page.alert() for page in pages} == {pages[0].alert()}
    assert pages[0].alert()
    assert {page.status for page in pages} == {pages[0].status}
    assert not is_in(client)
    assert pages[0].values("Sign in")["password"] == ""
    for page in pages:
        check(page)


NONSENSE = ("", "x", "a\x00b@example.org", "\x00", "x" * 5000, "a@b", "'; --", "😀@example.org")


def test_nonsense_in_the_form_is_refused_calmly(client: FlaskClient) -> None:
    for path, button in (("/login", "Sign in"), ("/reset", "Send link")):
        page = visit(client, path)
        for email in NONSENSE:
            status = page.submit(button, email=email, password="\x00 wrong").status
            assert status in (200, 400, 422), (path, status, email)
    assert not is_in(client)


def test_too_many_attempts_are_told_to_wait_and_may_go_on_later(tmp_path: Path, clock: MovableClock) -> None:
    app = make_app(tmp_path, RATE_LIMITS="on")
    with app.app_context():
        user, client = make_user(), app.test_client()
        page = visit(client, "/login")
        answers = [page.submit("Sign in", email=f"x{number}@example.org", password="").status for number in range(30)]
        assert 429 not in answers
        stopped = try_password(client, user.email)
        assert stopped.status == 429
        assert 0 < int(stopped.response.headers["Retry-After"]) <= 60
        check(stopped)
        assert not is_in(client)
        clock.move(minutes=1)
        assert try_password(client, user.email).status == 302
        assert is_in(client)


def test_signing_out_kills_a_copied_cookie(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    client, other_device = sign_in(user=user), sign_in(user=user)
    thief = app.test_client()
    cookie = client.get_cookie(COOKIE)
    assert cookie
    thief.set_cookie(COOKIE, cookie.value)
    assert is_in(thief)
    answer = visit(client, "/admin/").submit("Sign out")
    assert answer.response.headers["Location"].endswith("/login")
    assert (is_in(client), is_in(thief), is_in(other_device)) == (False, False, True)


def test_signing_out_is_a_post_with_a_token(sign_in: SignIn) -> None:
    client = sign_in("editor")
    client.get("/logout")
    client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    client.post("/logout")
    assert is_in(client)


def test_a_cookie_that_was_forged_or_cut_opens_nothing(app: Flask, sign_in: SignIn) -> None:
    cookie = sign_in("owner").get_cookie(COOKIE)
    assert cookie
    for value in ("", "x", cookie.value[:-1], cookie.value + "x", cookie.value.replace(".", "", 1)):
        forger = app.test_client()
        forger.set_cookie(COOKIE, value)
        assert not is_in(forger)


def test_a_remember_cookie_is_not_accepted(client: FlaskClient) -> None:
    assert try_password(client, make_user().email, remember="y").status == 302
    assert is_in(client)
    client.delete_cookie(COOKIE)
    assert not is_in(client)


ELSEWHERE = ("https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example", "\\\\evil.example")


def test_next_never_leads_to_another_site(app: Flask) -> None:
    user = make_user()
    for target in ELSEWHERE:
        client = app.test_client()
        page = Page(client, client.get("/login", query_string={"next": target}), "/login")
        answer = page.submit("Sign in", email=user.email, password=PASSWORD, next=target)
        location = answer.response.headers.get("Location", "/")
        assert urlsplit(location).netloc in ("", "localhost"), target
        assert not location.startswith(("//", "/\\", "\\")), target


def test_next_leads_back_to_the_page_that_was_asked_for(client: FlaskClient) -> None:
    user = make_user()
    page = visit(client, "/admin/leads/?tab=new")
    assert page.texts("h1") == ["Sign in"]
    action = page.one("form[name=login_user_form]").attributes["action"] or ""
    answer = client.post(action, data=page.values("Sign in") | {"email": user.email, "password": PASSWORD})
    assert answer.headers["Location"].endswith("/admin/leads/?tab=new")


def reset_link(message: Message) -> str:
    (link,) = message.secrets.values()
    return link


def test_a_forgotten_password_is_replaced_by_a_mailed_link_that_works_once(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    client, visitor = sign_in(user=user), app.test_client()
    evil: dict[str, Any] = {"base_url": "http://evil.example", "headers": {"X-Forwarded-Host": "evil.example"}}
    token = Page(visitor, visitor.get("/reset", **evil), "/reset").values("Send link")["csrf_token"]
    told = [
        visitor.post("/reset", data={"email": email, "csrf_token": token}, **evil)
        for email in (user.email, "nobody@example.org")
    ]
    assert [answer.status_code for answer in told] == [200, 200]
    words = [Page(visitor, answer, "/reset").status_text() for answer in told]
    assert words[0].replace(user.email, "nobody@example.org") == words[1]
    (message,) = db.session.scalars(sa.select(Message))
    assert (message.kind, message.to) == ("password_reset", user.email)
    assert "evil" not in message.text + message.html + str(message.secrets)
    assert "/reset/" not in message.text + message.html
    link = reset_link(message)
    assert link.startswith(f"{settings().site_url}/reset/")
    path = link.removeprefix(settings().site_url)
    short = visit(visitor, path).submit("Save password", password="short", password_confirm="short")
    assert "10 characters" in short.text
    new = "a quite new password"
    assert visit(visitor, path).submit("Save password", password=new, password_confirm=new).status == 302
    again = visitor.get(path)
    assert again.status_code == 302
    assert not is_in(client), "a new password ends the sign-ins that are open"
    assert try_password(app.test_client(), user.email).alert()
    assert try_password(app.test_client(), user.email, new).status == 302


def test_a_made_up_reset_link_leads_nowhere(client: FlaskClient) -> None:
    for token in ("x", "x" * 3000, "a.b.c", "%F0%9F%98%80"):
        answer = client.get(f"/reset/{token}")
        assert answer.status_code in (302, 400, 404)
        assert client.post(f"/reset/{token}").status_code in (302, 400, 404)


def test_a_changed_password_ends_the_other_sign_ins_and_sends_a_mail(sign_in: SignIn) -> None:
    user = make_user()
    client, other_device = sign_in(user=user), sign_in(user=user)
    page = visit(client, "/change")
    new: dict[str, Any] = {"new_password": "a quite new password", "new_password_confirm": "a quite new password"}
    wrong = page.submit("Change password", password="wrong wrong", **new)
    assert wrong.status != 302
    check(wrong)
    assert is_in(other_device)
    assert page.submit("Change password", password=PASSWORD, **new).status == 302
    assert (is_in(client), is_in(other_device)) == (True, False)
    assert db.session.scalars(sa.select(Message.kind)).all() == ["password_changed"]
