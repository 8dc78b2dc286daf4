"""The first page of the panel: what needs whom, and a menu of what is allowed."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.browse import visit
from tests.factories import make_article, make_booking, make_comment

SignIn = Callable[..., FlaskClient]
MENUS = {
    "editor": ["Dashboard", "Articles", "Pages", "Media"],
    "moderator": ["Dashboard", "Comments"],
    "desk": ["Dashboard", "Leads", "Bookings", "Outbox"],
    "owner": [
        "Dashboard",
        "Articles",
        "Pages",
        "Media",
        "Comments",
        "Leads",
        "Bookings",
        "Outbox",
        "Settings",
        "People",
        "Activity",
    ],
}
TASKS = {
    "editor": ["1 Drafts"],
    "moderator": ["1 Comments waiting"],
    "desk": ["2 New leads", "1 Held bookings", "0 Mails that failed"],
    "owner": ["1 Comments waiting", "2 New leads", "1 Held bookings", "0 Mails that failed", "1 Drafts"],
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
    assert page.texts(".panel-menu a") == ["Dashboard", "Comments", "Leads", "Bookings", "Outbox"]
    assert page.texts(".panel-group") == ["Talk", "Front desk"]


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
