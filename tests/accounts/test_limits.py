"""Limits of sign-in: wrong secrets count per account, and nobody is locked out of a known device."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.outbox.models import Message
from tests.accounts.test_sign_in import is_in, try_password
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import PASSWORD, make_user

SignIn = Callable[..., FlaskClient]
pytestmark = pytest.mark.usefixtures("limits_on", "clock")


def tries(app: Flask, email: str, password: str, times: int, start: int = 0) -> list[int]:
    """Return the statuses of so many tries, each from another network."""
    client = app.test_client()
    token = visit(client, "/login").values("Sign in")["csrf_token"]
    return [
        client.post(
            "/login",
            data={"email": email, "password": password, "csrf_token": token},
            environ_base={"REMOTE_ADDR": f"10.{number // 200 + start}.{number % 200}.1"},
        ).status_code
        for number in range(times)
    ]


def test_one_account_cannot_be_tried_from_many_networks(app: Flask) -> None:
    user = make_user()
    statuses = tries(app, user.email.title(), "wrong wrong wrong", 101)
    assert statuses.count(429) == 1
    assert statuses[100] == 429
    assert tries(app, user.email, PASSWORD, 1, start=9) == [429], "the right one is not looked at either"


def test_every_spelling_of_an_address_counts_for_the_same_account(app: Flask) -> None:
    user = make_user(email="desk@example.org")
    spellings = (
        "desk@example.org",
        "DESK@EXAMPLE.ORG",
        "desk@ｅｘａｍｐｌｅ.ｏｒｇ",
        "desk@Example。org",
        "Desk@example.ORG",
    )
    for number, spelling in enumerate(spellings):
        tries(app, spelling, "wrong wrong wrong", 20, start=number)
    assert tries(app, user.email, PASSWORD, 1, start=9) == [429]


def test_spellings_of_an_account_that_is_not_there_count_as_one(app: Flask) -> None:
    for number, spelling in enumerate(("nobody@example.org", "ＮＯＢＯＤＹ@example.org", "Nobody@EXAMPLE.org")):
        tries(app, spelling, "wrong wrong wrong", 34, start=number)
    assert tries(app, "nobody@example.org", "wrong", 1, start=9) == [429]


def test_empty_passwords_from_elsewhere_lock_nobody_out(app: Flask) -> None:
    user = make_user()
    assert 429 not in tries(app, user.email, "", 150)
    assert tries(app, user.email, PASSWORD, 1, start=9) == [302]


def test_right_passwords_are_not_counted(app: Flask, clock: MovableClock) -> None:
    user = make_user()
    for round_ in range(4):
        clock.move(minutes=1)  # there is also a limit per minute
        for number in range(27):
            client = app.test_client()
            page = visit(client, "/login")
            answer = client.post(
                "/login",
                data=page.values("Sign in") | {"email": user.email, "password": PASSWORD},
                environ_base={"REMOTE_ADDR": f"10.{round_}.{number}.1"},
            )
            assert answer.status_code == 302


def test_a_known_device_gets_in_while_strangers_are_stopped(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    known = sign_in(user=user)
    visit(known, "/admin/").submit("Sign out")
    tries(app, user.email, "wrong wrong wrong", 101)
    assert try_password(app.test_client(), user.email).status == 429
    assert try_password(known, user.email).status == 302
    assert is_in(known)


def test_a_known_device_may_be_wrong_twenty_times_an_hour(sign_in: SignIn, clock: MovableClock) -> None:
    user = make_user()
    known = sign_in(user=user)
    visit(known, "/admin/").submit("Sign out")
    statuses = []
    for _ in range(21):
        statuses.append(try_password(known, user.email, "wrong wrong wrong").status)
        clock.move(seconds=30)  # slower than the network limit
    assert statuses[:20].count(429) == 0
    assert statuses[20] == 429


def test_a_device_is_known_for_its_own_people_only_and_not_after_a_new_password(app: Flask, sign_in: SignIn) -> None:
    user, other = make_user(), make_user()
    known = sign_in(user=user)
    visit(known, "/admin/").submit("Sign out")
    tries(app, other.email, "wrong wrong wrong", 101)
    assert try_password(known, other.email).status == 429
    tries(app, user.email, "wrong wrong wrong", 101, start=3)
    user.fs_uniquifier = "another-after-a-new-password"
    db.session.commit()
    assert try_password(known, user.email).status == 429


def test_the_device_cookie_is_sent_to_the_sign_in_only_and_cannot_be_forged(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    cookie = sign_in(user=user).get_cookie("clinic_device", path="/login")
    assert cookie
    assert (cookie.path, cookie.http_only, cookie.same_site) == ("/login", True, "Lax")
    tries(app, user.email, "wrong wrong wrong", 101)
    for value in ("x", cookie.value[:-3] + "abc", cookie.value.replace(".", "", 1), "~" * 50):
        forger = app.test_client()
        forger.set_cookie("clinic_device", value, path="/login")
        assert try_password(forger, user.email).status == 429


@pytest.mark.parametrize(
    ("path", "button", "field"), [("/verify", "Continue", "password"), ("/change", "Change password", "password")]
)
def test_a_password_cannot_be_guessed_at_an_open_panel(
    sign_in: SignIn, clock: MovableClock, path: str, button: str, field: str
) -> None:
    client = sign_in("desk")
    page = visit(client, path)
    new: dict[str, Any] = {"new_password": "a quite new password", "new_password_confirm": "a quite new password"}
    statuses = []
    for number in range(21):
        more: dict[str, Any] = new if path == "/change" else {}
        statuses.append(page.submit(button, **more | {field: f"guess number {number}"}).status)
        clock.move(seconds=10)
    assert 429 not in statuses[:20]
    assert statuses[20] == 429


def test_a_mistake_in_the_new_password_is_no_guess(sign_in: SignIn, clock: MovableClock) -> None:
    client = sign_in("desk")
    page = visit(client, "/change")
    for _ in range(25):
        answer = page.submit("Change password", password=PASSWORD, new_password="short", new_password_confirm="short")
        assert answer.status == 200
        clock.move(seconds=10)


def test_one_person_gets_three_password_mails_an_hour_and_the_answer_stays_the_same(
    app: Flask, clock: MovableClock
) -> None:
    user = make_user()
    page = visit(app.test_client(), "/reset")
    answers = {page.submit("Send link", email=user.email).text for _ in range(7)}
    assert len(answers) == 1
    mails = sa.select(sa.func.count(Message.id)).where(Message.kind == "password_reset")
    assert db.session.scalar(mails) == 3
    clock.move(hours=1)
    page.submit("Send link", email=user.email)
    assert db.session.scalar(mails) == 4


def test_refused_sign_ins_are_logged_without_what_was_typed_and_not_without_end(app: Flask) -> None:
    user = make_user()
    tries(app, user.email, "wrong wrong wrong", 30)
    tries(app, "somebody.else@example.org", "wrong wrong wrong", 30, start=3)
    lines = db.session.scalars(sa.select(AuditLine).where(AuditLine.verb == "could not sign in as")).all()
    assert {line.thing for line in lines} == {f"user:{user.id}", "somebody unknown"}
    assert len(lines) == 40
    assert not any("@" in line.detail + line.thing + line.actor for line in lines)
