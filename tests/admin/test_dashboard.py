"""Tests of the dashboard: open tasks by role, and a menu of the allowed screens."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from clinic.reading.reads import add_reads
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_comment

SignIn = Callable[..., FlaskClient]
MENUS = {
    "editor": [
        "Dashboard",
        "Articles",
        "Pages",
        "Media",
        "Categories",
        "Tags",
        "Team",
        "Menus",
        "Home page",
        "Redirects",
    ],
    "moderator": ["Dashboard", "Comments"],
    "desk": [
        "Dashboard",
        "Today",
        "Calendar",
        "Redeem",
        "Leads",
        "Bookings",
        "Therapists",
        "Report",
        "Letters",
        "Known customers",
        "Blocked guests",
        "Outbox",
    ],
    "owner": [
        "Dashboard",
        "Articles",
        "Pages",
        "Media",
        "Categories",
        "Tags",
        "Team",
        "Comments",
        "Today",
        "Calendar",
        "Redeem",
        "Leads",
        "Bookings",
        "Therapists",
        "Report",
        "Letters",
        "Known customers",
        "Blocked guests",
        "Outbox",
        "Menus",
        "Home page",
        "Services",
        "Redirects",
        "Settings",
        "People",
        "Activity",
    ],
}
TASKS = {
    "editor": ["0 Articles to review", "1 Drafts"],
    "moderator": ["1 Comments to moderate"],
    "desk": ["2 New leads", "0 Trials today", "1 Waiting for a time", "1 Held bookings", "0 Failed emails"],
    "owner": [
        "1 Comments to moderate",
        "2 New leads",
        "0 Trials today",
        "1 Waiting for a time",
        "1 Held bookings",
        "0 Failed emails",
        "0 Articles to review",
        "1 Drafts",
    ],
}


@pytest.mark.parametrize("role", MENUS)
def test_each_role_sees_its_own_menu_and_its_own_work(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    make_article(publish=False)
    make_comment(make_article())
    for _ in range(2):
        make_booking(email="same@example.org")
    page = visit(client, "/admin/")
    assert page.texts(".panel-menu a") == MENUS[role]
    assert page.texts(".task") == TASKS[role]
    for link in page.tree.css(".panel-menu a, .task a, .panel-foot a"):
        visit(client, link.attributes["href"] or "")


def test_two_roles_see_both_and_no_group_stands_empty(sign_in: SignIn) -> None:
    page = visit(sign_in("moderator", "desk"), "/admin/")
    assert page.texts(".panel-menu a") == [
        "Dashboard",
        "Comments",
        "Today",
        "Calendar",
        "Redeem",
        "Leads",
        "Bookings",
        "Therapists",
        "Report",
        "Letters",
        "Known customers",
        "Blocked guests",
        "Outbox",
    ]
    assert page.texts(".panel-group") == ["Comments", "Front desk"]


def test_the_menu_marks_where_one_is(sign_in: SignIn) -> None:
    client = sign_in("desk")
    assert visit(client, "/admin/").texts("[aria-current=page]") == ["Dashboard"]
    assert visit(client, "/admin/leads/").texts(".panel-menu [aria-current=page]") == ["Leads"]


def test_the_account_page_leads_to_password_factor_codes_and_passkeys(sign_in: SignIn) -> None:
    client = sign_in("moderator")
    page = visit(client, "/admin/account/")
    links = [link.attributes["href"] or "" for link in page.tree.css("main .plain a")]
    assert links == ["/change", "/tf-setup", "/mf-recovery-codes", "/wan-register"]
    for link in links:
        visit(client, link)


def test_nothing_left_to_do_is_said_kindly(sign_in: SignIn) -> None:
    assert "You have no open tasks." in visit(sign_in("owner"), "/admin/").text
    make_article(publish=False)
    assert "You have no open tasks." not in visit(sign_in("owner"), "/admin/").text


def test_the_charts_show_reads_trials_and_what_leads_to_them(sign_in: SignIn, clock: MovableClock) -> None:
    clock.move(days=-100)
    make_booking(article=make_article(title="Too long ago"))
    clock.move(days=100)
    article = make_article(title="Strong hips", slug="strong-hips")
    today = clock.now.date()
    add_reads({("strong-hips", today): 3, ("strong-hips", today - timedelta(days=27)): 2})
    add_reads({("strong-hips", today - timedelta(days=28)): 50})
    make_booking(article=article)
    clock.move(days=-7)
    make_booking()
    clock.move(days=7)
    page = visit(sign_in("owner"), "/admin/")
    assert page.texts(".chart h2") == [
        "Reads in 28 days",
        "Trials requested in 12 weeks",
        "Articles that lead to trials",
    ]
    assert page.texts(".chart-number") == ["5 reads in total; highest value 3", "2 trials in total; highest value 1"]
    days, weeks, articles = page.tree.css(".chart table")
    numbers = [[cell.text() for cell in table.css("td:last-child")] for table in (days, weeks, articles)]
    assert numbers[0] == ["2", *["0"] * 26, "3"]
    assert numbers[1] == [*["0"] * 10, "1", "1"]
    assert numbers[2] == ["1"]
    assert [link.text() for link in articles.css("a")] == ["Strong hips"]
    assert all(0 <= float(bar.attributes["height"] or "") <= 40 for bar in page.tree.css("rect"))


def test_each_role_sees_only_the_charts_of_its_work(sign_in: SignIn) -> None:
    for role, number in (("editor", 2), ("moderator", 0), ("desk", 1), ("owner", 3)):
        assert len(visit(sign_in(role), "/admin/").tree.css(".chart")) == number, role


def test_every_page_says_where_one_is(sign_in: SignIn) -> None:
    client, article = sign_in("owner"), make_article()
    assert visit(client, "/admin/").texts(".crumbs") == []
    assert visit(client, "/admin/articles/").texts(".crumbs li") == ["Dashboard", "Articles"]
    page = visit(client, f"/admin/articles/edit/?id={article.id}")
    assert page.texts(".crumbs li") == ["Dashboard", "Articles", "Edit article"]
    assert page.texts(".crumbs a") == ["Dashboard", "Articles"]
    assert visit(client, "/admin/settings/").texts(".crumbs li") == ["Dashboard", "Settings"]
