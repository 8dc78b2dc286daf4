"""Sign-ins on devices: timeouts, the list that a person sees, and ending them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.errors import LastOwner
from clinic.accounts.models import StaffSession, User
from clinic.accounts.operations import change_user
from clinic.accounts.queries import active_owners
from clinic.core.db import db
from tests.accounts.test_sign_in import is_in, try_password
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_user

SignIn = Callable[..., FlaskClient]
FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36"


def test_a_sign_in_ends_after_two_hours_without_use(sign_in: SignIn, clock: MovableClock) -> None:
    client = sign_in("desk")
    for _ in range(3):
        clock.move(minutes=119)
        assert is_in(client)
    clock.move(hours=2, seconds=1)
    assert not is_in(client)


def test_a_sign_in_ends_after_twelve_hours_however_much_it_is_used(sign_in: SignIn, clock: MovableClock) -> None:
    client = sign_in("desk")
    for _ in range(23):
        clock.move(minutes=31)
        assert is_in(client)
    clock.move(minutes=10)
    assert not is_in(client)


def test_a_page_that_only_asks_for_news_does_not_keep_anybody_signed_in(sign_in: SignIn, clock: MovableClock) -> None:
    client = sign_in("editor")
    article = make_article()
    token = visit(client, "/admin/").values("Sign out")["csrf_token"]
    for _ in range(13):
        clock.move(minutes=10)
        answer = client.post("/admin/articles/autosave.json", data={"id": article.id, "csrf_token": token})
    assert answer.status_code in (302, 401)
    assert not is_in(client)


def test_what_is_typed_keeps_a_person_signed_in(sign_in: SignIn, clock: MovableClock) -> None:
    client = sign_in("editor")
    token = visit(client, "/admin/").values("Sign out")["csrf_token"]
    for _ in range(13):
        clock.move(minutes=10)
        fields = {"title": "Sitting well", "csrf_token": token}
        assert client.post("/admin/articles/autosave.json", data=fields).status_code == 200
    assert is_in(client)


def test_a_person_sees_where_they_are_signed_in_and_ends_one(app: Flask) -> None:
    user = make_user(roles=[RoleName.DESK])
    phone, laptop, tablet = app.test_client(), app.test_client(), app.test_client()
    for client, agent in ((phone, FIREFOX), (laptop, CHROME), (tablet, "")):
        client.environ_base["HTTP_USER_AGENT"] = agent
        try_password(client, user.email)
    make_user()
    page = visit(laptop, "/admin/account/")
    rows = page.texts(".plain-rows li")
    assert len(rows) == 3
    assert sum("Chrome on Windows (this device)" in row for row in rows) == 1
    assert sum("Firefox on Android" in row for row in rows) == 1
    answer = page.submit("End session on Firefox on Android")
    assert "Signed out: 1 device." in answer.status_text()
    assert (is_in(phone), is_in(laptop), is_in(tablet)) == (False, True, True)
    assert "Signed out: 1 device." in page.submit("Sign out everywhere else").status_text()
    assert (is_in(laptop), is_in(tablet)) == (True, False)


def test_nobody_ends_the_sign_in_of_another(sign_in: SignIn) -> None:
    theirs, mine = sign_in("owner"), sign_in("desk")
    row = db.session.scalars(sa.select(StaffSession).order_by(StaffSession.started_at)).first()
    assert row
    token = visit(mine, "/admin/").values("Sign out")["csrf_token"]
    for digest in (row.digest, row.key, "", "x" * 5000):
        mine.post("/admin/account/end/", data={"session": digest, "csrf_token": token})
    assert is_in(theirs)
    assert is_in(mine)


def test_two_owners_cannot_demote_each_other_at_one_moment(app: Flask) -> None:
    ids = [make_user(name="Mei").id, make_user(name="Ana").id]
    db.session.rollback()
    together = Barrier(2)

    def demote(id_: int) -> bool:
        with app.app_context():
            user = db.session.get_one(User, id_)
            together.wait(10)
            try:
                change_user(user, name=user.name, roles=[RoleName.EDITOR], active=True)
            except LastOwner:
                return False
            return True

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(demote, ids))
        db.session.rollback()
        assert sorted(done) == [False, True]
        assert active_owners() == 1
        for id_ in ids:
            user = db.session.get_one(User, id_)
            db.session.rollback()
            change_user(user, name=user.name, roles=[RoleName.OWNER], active=True)
        db.session.rollback()
