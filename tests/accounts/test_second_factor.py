"""The second factor by an authenticator app, recovery codes, and the passkey pages."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.models import Passkey, User
from clinic.core.db import db
from clinic.core.mail import Message
from tests.accounts.test_sign_in import is_in, try_password
from tests.browse import check, visit
from tests.conftest import MovableClock, make_app
from tests.factories import make_user

SignIn = Callable[..., FlaskClient]


def totp(key: str) -> str:
    """The code that an authenticator app shows now (RFC 6238: SHA-1, 30 seconds, 6 digits)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(key + "=" * (-len(key) % 8)), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def switch_on_second_factor(client: FlaskClient) -> str:
    """Set up an authenticator with the key that the page shows. Returns the key."""
    page = visit(client, "/tf-setup").submit("Continue", setup="authenticator")
    check(page)
    key = page.one("code").text().replace(" ", "").replace("-", "").upper()
    assert (page.one("img").attributes["src"] or "").startswith("data:image/")
    answer = page.submit("Switch it on", code=totp(key))
    assert answer.status == 302, answer.text
    assert "on" in visit(client, "/admin/account/").texts(".plain .quiet")
    return key


def test_a_second_factor_is_set_up_with_the_shown_key_and_asked_for_from_then_on(app: Flask, sign_in: SignIn) -> None:
    user = make_user(roles=[RoleName.DESK])
    key = switch_on_second_factor(sign_in(user=user))
    client = app.test_client()
    answer = try_password(client, user.email)
    assert not is_in(client)
    page = visit(client, answer.response.headers["Location"])
    assert page.texts("label") == ["Authentication code"]
    wrong = page.submit("Sign in", code=f"{(int(totp(key)) + 1) % 1_000_000:06}")
    assert wrong.alert()
    assert not is_in(client)
    assert page.submit("Sign in", code=totp(key)).status == 302
    assert is_in(client)


def test_codes_cannot_be_guessed_one_after_the_other(tmp_path: Path, clock: MovableClock) -> None:
    app = make_app(tmp_path, RATE_LIMITS="on")
    with app.app_context():
        user, client = make_user(), app.test_client()
        try_password(client, user.email)
        switch_on_second_factor(client)
        guesser = app.test_client()
        page = visit(guesser, try_password(guesser, user.email).response.headers["Location"])
        assert 429 in [page.submit("Sign in", code="000000").status for _ in range(101)]


def test_a_recovery_code_opens_once(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    first = sign_in(user=user)
    switch_on_second_factor(first)
    page = visit(first, "/mf-recovery-codes").submit("Make new codes")
    check(page)
    code, other = page.texts(".codes code")[:2]
    for one, opens in ((code, True), (code, False), (other, True), ("wrong", False)):
        client = app.test_client()
        try_password(client, user.email)
        visit(client, "/mf-recovery").submit("Sign in", code=one)
        assert is_in(client) is opens


def test_losing_the_phone_never_tells_that_the_password_was_changed(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    switch_on_second_factor(sign_in(user=user))
    client = app.test_client()
    page = visit(client, try_password(client, user.email).response.headers["Location"])
    client.post("/tf-rescue", data={"help_setup": "help", "csrf_token": page.values("Sign in")["csrf_token"]})
    assert "password_changed" not in db.session.scalars(sa.select(Message.kind)).all()


def test_passkey_pages_and_their_forms_are_good_pages(app: Flask, sign_in: SignIn, client: FlaskClient) -> None:
    user = make_user()
    page = visit(client, "/wan-signin").submit("Continue", identity=user.email)
    assert page.status == 200
    check(page)
    assert page.one("form[data-passkey=get]").attributes["data-options"]
    staff = sign_in(user=user)
    page = visit(staff, "/wan-register").submit("Add a passkey", name="My phone", usage="first")
    check(page)
    assert "challenge" in (page.one("form[data-passkey=create]").attributes["data-options"] or "")
    for script in page.tree.css("script"):
        assert staff.get(script.attributes["src"] or "").status_code == 200
    assert db.session.get_one(User, user.id).webauthn == []


def test_with_app_and_passkey_a_person_chooses_which(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    switch_on_second_factor(sign_in(user=user))
    db.session.add(
        Passkey(
            user_id=user.id,
            credential_id=b"credential",
            public_key=b"key",
            sign_count=0,
            transports=["usb"],
            backup_state=False,
            device_type="single_device",
            lastuse_datetime=datetime.now(UTC).replace(tzinfo=None),
            name="Key",
            usage="secondary",
        )
    )
    user.fs_webauthn_user_handle = "handle"
    db.session.commit()
    client = app.test_client()
    page = visit(client, try_password(client, user.email).response.headers["Location"])
    assert not is_in(client)
    options = [node.attributes["value"] for node in page.tree.css("input[type=radio]")]
    assert len(options) == 2


def test_turning_it_off_needs_no_code_any_more(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    client = sign_in(user=user)
    switch_on_second_factor(client)
    visit(client, "/tf-setup").submit("Continue", setup="disable")
    assert "off" in visit(client, "/admin/account/").texts(".plain .quiet")
    other = app.test_client()
    try_password(other, user.email)
    assert is_in(other)
