"""Tests of Activity: the audit log and its filters. Nobody can change it."""

from collections.abc import Callable

from flask.testing import FlaskClient

from clinic.articles.lifecycle import retire_article
from clinic.core import audit
from clinic.core.db import atomic
from tests.browse import Page, visit
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
    assert first == ["20 Nov 2026, 10:02", "Ana Lee", "retired", "Article Strong hips", "Strong hips"]
    assert page.texts("tbody tr:nth-child(2) td")[1:3] == ["visitor", "booked"]
    assert page.submit("Search", search="ana").texts("td[data-label='Action']") == ["retired"]


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


def lines(page: Page) -> list[str]:
    return page.texts("td[data-label='Action']")


def test_the_log_is_filtered_by_person_act_thing_and_day(sign_in: SignIn, clock: MovableClock) -> None:
    editor = make_user(name="Ana Lee")
    article = make_article(title="Strong hips")
    clock.move(days=1)
    make_booking()
    clock.move(days=1)
    retire_article(article, by=editor)
    owner = sign_in("owner")
    page = visit(owner, "/admin/activity/")
    assert lines(page.submit("Search", who=str(editor.id))) == ["retired"]
    assert lines(page.submit("Search", who="0", verb="booked")) == ["booked"]
    assert "retired" not in lines(page.submit("Search", thing="booking"))
    assert lines(page.submit("Search", since="2026-11-21", until="2026-11-21")) == ["booked"]
    assert sorted(lines(page.submit("Search", since="2026-11-22"))) == ["retired", "signed in"]
    filtered = page.submit("Search", verb="retired", thing="article")
    assert filtered.one("#verb option[selected]").text() == "retired"
    assert len(lines(visit(owner, "/admin/activity/?since=soon&who=x&until=9999-12-31"))) == len(lines(page))


def test_each_thing_links_to_its_own_history(sign_in: SignIn) -> None:
    owner, article, other = sign_in("owner"), make_article(title="Strong hips"), make_article()
    retire_article(other, by=make_user())
    form = visit(owner, f"/admin/articles/edit/?id={article.id}")
    (link,) = [one.attributes["href"] or "" for one in form.tree.css("main a") if one.text() == "History"]
    page = visit(owner, link)
    assert lines(page) == ["published", "wrote"]
    assert page.one("#thing option[selected]").text() == "Article Strong hips"
    assert "History" not in visit(sign_in("editor"), f"/admin/articles/edit/?id={article.id}").texts("main a")


def test_what_is_gone_and_what_was_never_a_row_have_a_name_too(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    with atomic():
        for thing in ("article:987654", "preference:voucher_days", "sheep:7", "leads", "article:x"):
            audit.record("counted", thing)
    things = visit(owner, "/admin/activity/?verb=counted").texts("td[data-label='Item']")
    wanted = ["Article 987654, deleted", "Setting Voucher validity (days)", "Sheep 7", "Leads"]
    assert sorted(things) == sorted([*wanted, "Article x, deleted"])
