"""The second factor: authenticator app, recovery codes, and the passkey pages."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.models import Passkey, User
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.outbox.models import Message
from tests.accounts.test_sign_in import is_in, try_password
from tests.browse import Page, check, visit
from tests.conftest import MovableClock, make_app
from tests.factories import make_user

SignIn = Callable[..., FlaskClient]


def totp(key: str, steps: int = 0) -> str:
    """Return the code of an authenticator app now, or some steps later (RFC 6238: SHA-1, 30 seconds, 6 digits)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(key + "=" * (-len(key) % 8)), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def switch_on_second_factor(client: FlaskClient) -> str:
    """Set up an authenticator with the key on the page. Returns the key."""
    page = visit(client, "/tf-setup").submit("Continue", setup="authenticator")
    check(page)
    key = page.one("code").text().replace(" ", "").replace("-", "").upper()
    assert (page.one("img").attributes["src"] or "").startswith("data:image/")
    answer = page.submit("Switch on", code=totp(key))
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
    assert page.submit("Sign in", code=totp(key)).alert(), "setting it up has used this code"
    assert not is_in(client)
    assert page.submit("Sign in", code=totp(key, 1)).status == 302
    assert is_in(client)


def code_page(app: Flask, user: User) -> Page:
    """Return the page that asks for a code after the right password."""
    client = app.test_client()
    return visit(client, try_password(client, user.email).response.headers["Location"])


def test_a_code_is_good_for_one_use_and_none_older_is_taken_after_it(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    key = switch_on_second_factor(sign_in(user=user))
    assert code_page(app, user).submit("Sign in", code=totp(key, 1)).status == 302
    for steps in (1, 0, -1):
        assert code_page(app, user).submit("Sign in", code=totp(key, steps)).alert(), steps


def test_a_code_is_good_for_one_step_before_and_after_its_own(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    key = switch_on_second_factor(sign_in(user=user))
    for steps, is_taken in ((-3, False), (-2, False), (2, False), (3, False), (-1, True), (0, True), (1, True)):
        user.tf_last_counter = None
        db.session.commit()
        answer = code_page(app, user).submit("Sign in", code=totp(key, steps))
        assert (answer.status == 302) is is_taken, steps


def send_at_once(app: Flask, pages: list[Page], code: str) -> list[int]:
    """Return the statuses, sorted, of one code sent from all these pages at the same time."""

    def send(page: Page) -> int:
        with app.app_context():
            return page.submit("Sign in", code=code).status

    with ThreadPoolExecutor(len(pages)) as pool:
        return sorted(pool.map(send, pages))


def test_one_code_sent_twice_at_once_signs_in_once(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    key = switch_on_second_factor(sign_in(user=user))
    pages = [code_page(app, user) for _ in range(4)]
    code = totp(key, 1)
    db.session.rollback()
    assert send_at_once(app, pages, code) == [200, 200, 200, 302]


def test_wrong_codes_are_counted_by_account(app: Flask, sign_in: SignIn, limits_on: None, clock: MovableClock) -> None:
    user = make_user()
    key = switch_on_second_factor(sign_in(user=user))
    for number in range(10):
        clock.move(minutes=1)  # so that no network limit is reached
        assert code_page(app, user).submit("Sign in", code=f"00000{number}").status == 200
    clock.move(minutes=1)
    assert code_page(app, user).submit("Sign in", code=totp(key, 1)).status == 429
    visit_recovery = app.test_client()
    try_password(visit_recovery, user.email)
    assert visit(visit_recovery, "/mf-recovery").submit("Sign in", code="wrong").status == 429
    clock.move(hours=1)
    assert code_page(app, user).submit("Sign in", code=totp(key, 1)).status == 302


def test_right_codes_are_not_counted(app: Flask, sign_in: SignIn, limits_on: None, clock: MovableClock) -> None:
    user = make_user()
    key = switch_on_second_factor(sign_in(user=user))
    for _ in range(12):
        clock.move(minutes=1)
        user.tf_last_counter = None
        db.session.commit()
        assert code_page(app, user).submit("Sign in", code=totp(key)).status == 302


def test_recovery_codes_are_encrypted_and_one_sent_twice_at_once_opens_once(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    first = sign_in(user=user)
    switch_on_second_factor(first)
    codes = visit(first, "/mf-recovery-codes").submit("Create new codes").texts(".codes code")
    stored = db.session.execute(sa.text('SELECT mf_recovery_codes FROM "user"')).scalar_one()
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)
    assert visit(first, "/mf-recovery-codes?show_codes=Show").texts(".codes code") == codes
    clients = [app.test_client() for _ in range(4)]
    for client in clients:
        try_password(client, user.email)
    pages = [visit(client, "/mf-recovery") for client in clients]
    db.session.rollback()
    assert send_at_once(app, pages, codes[3]) == [200, 200, 200, 302]
    db.session.expire_all()
    assert len(user.mf_recovery_codes or []) == len(codes) - 1


def test_the_owner_or_the_command_line_resets_a_lost_second_factor(app: Flask, sign_in: SignIn) -> None:
    for by in ("owner", "command line"):
        user = make_user(roles=[RoleName.DESK], name="Ana Lim")
        theirs = sign_in(user=user)
        switch_on_second_factor(theirs)
        visit(theirs, "/mf-recovery-codes").submit("Create new codes")
        if by == "owner":
            page = visit(sign_in("owner"), f"/admin/people/edit/?id={user.id}").submit("Reset the second factor")
            assert "password alone" in page.status_text()
        else:
            result = app.test_cli_runner().invoke(args=["clinic", "reset-second-factor", user.email.upper()])
            assert result.exit_code == 0, result.output
        db.session.expire_all()
        assert (user.tf_primary_method, user.tf_totp_secret, user.mf_recovery_codes) == (None, None, [])
        assert not is_in(theirs), "a stranger may hold the device"
        client = app.test_client()
        try_password(client, user.email)
        assert is_in(client)
        mails = db.session.scalars(sa.select(Message).where(Message.to == user.email).order_by(Message.id)).all()
        assert "was reset" in mails[-1].text
        lines = sa.select(AuditLine.thing).where(AuditLine.verb == "reset the second factor of")
        assert f"user:{user.id}" in db.session.scalars(lines).all()


def test_resetting_the_second_factor_of_nobody_is_a_clear_error(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["clinic", "reset-second-factor", "nobody@example.org"])
    assert result.exit_code == 1
    assert "No user has the email address" in result.output


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
    page = visit(first, "/mf-recovery-codes").submit("Create new codes")
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


@pytest.mark.parametrize("app", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_recovery_code_that_is_being_used_elsewhere_is_waited_for(app: Flask, sign_in: SignIn) -> None:
    user = make_user()
    first = sign_in(user=user)
    switch_on_second_factor(first)
    code = visit(first, "/mf-recovery-codes").submit("Create new codes").texts(".codes code")[0]
    client = app.test_client()
    try_password(client, user.email)
    page, user_id = visit(client, "/mf-recovery"), user.id
    db.session.rollback()
    with ThreadPoolExecutor(1) as pool, db.engine.connect() as elsewhere:
        elsewhere.execute(sa.select(User.id).where(User.id == user_id).with_for_update())
        answer = pool.submit(send_at_once, app, [page], code)
        time.sleep(0.5)
        is_waiting = not answer.done()
        elsewhere.execute(sa.text('UPDATE "user" SET mf_recovery_codes = NULL'))
        elsewhere.commit()
    assert is_waiting, "it waits for the row"
    assert answer.result(timeout=30) == [200]
