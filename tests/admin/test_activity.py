"""Activity: who did what, when; nobody changes it."""

from collections.abc import Callable

from flask.testing import FlaskClient

from clinic.articles.operations import retire_article
from clinic.core import audit
from clinic.core.db import atomic
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_user

SignIn = Callable[..., FlaskClient]


def test_the_newest_line_stands_first_with_person_act_and_thing(sign_in: SignIn, clock: MovableClock) -> None:
    owner, editor = sign_in("owner"), make_user(name="Ana Lee")
    article = make_article(title="Strong hips")
    clock.move(minutes=1)
    make_booking()
    clock.move(minutes=1)
    retire_article(article, by=editor)
    page = visit(owner, "/admin/activity/")
    first = page.texts("tbody tr:first-child td")
    assert first == ["20 Nov 2026, 10:02", "Ana Lee", "retired", f"article:{article.id}", "Strong hips"]
    assert page.texts("tbody tr:nth-child(2) td")[1:3] == ["visitor", "booked"]
    assert page.submit("Search", search="ana").texts("td[data-label='Did what']") == ["retired"]


def test_lines_cannot_be_made_changed_or_deleted(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    make_booking()
    page = visit(owner, "/admin/activity/")
    assert page.texts("main tbody button") == []
    token = page.values("Sign out")["csrf_token"]
    for path in ("new/", "edit/?id=1", "delete/?id=1"):
        assert owner.get(f"/admin/activity/{path}").status_code == 404
        assert owner.post(f"/admin/activity/{path}", data={"csrf_token": token}).status_code == 404
    before = page.texts("#count")
    owner.post("/admin/activity/action/", data={"action": "delete", "rowid": ["1"], "csrf_token": token})
    assert visit(owner, "/admin/activity/").texts("#count") == before


def test_a_long_log_has_pages(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    with atomic():
        for number in range(60):
            audit.record("counted", f"sheep:{number}")
    page = visit(owner, "/admin/activity/")
    assert "Page 1 of 2" in page.text
    second = visit(owner, page.one("a[rel=next]").attributes["href"] or "")
    assert "Page 2 of 2" in second.text
    assert len(page.texts("tbody tr")) == 50
