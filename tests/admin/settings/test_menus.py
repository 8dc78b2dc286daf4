"""Tests of the menus in the header and footer of every page."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from clinic.articles.redirects import add_redirect
from tests.browse import Page, check, visit
from tests.factories import make_article

SignIn = Callable[..., FlaskClient]
LIST = "/admin/menus/"


def header(client: FlaskClient) -> list[str]:
    return visit(client, "/articles/").texts(".site-nav a")


def footer(client: FlaskClient) -> list[str]:
    return visit(client, "/articles/").texts(".site-foot nav a")


def add(client: FlaskClient, tab: str = "header", **fields: Any) -> Page:
    return visit(client, f"{LIST}new/?tab={tab}").submit("Save", **fields)


def test_the_site_begins_with_the_links_it_always_had(client: FlaskClient) -> None:
    assert header(client) == ["Articles", "Services", "Team", "Contact", "Search", "Book a trial"]
    assert footer(client) == ["About us", "Feed of new articles", "Privacy", "Terms of the trial"]


def test_a_new_link_stands_last_in_the_menu_whose_tab_was_open(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    assert add(editor, label="Journal", address="/articles/").status_text() == "Saved."
    link = visit(editor, f"{LIST}?tab=footer").one(".panel-title a").attributes["href"] or ""
    assert visit(editor, link).submit("Save", label="Blood", address="https://example.org/a").status_text() == "Saved."
    assert header(client)[-2:] == ["Journal", "Book a trial"]
    assert footer(client) == ["About us", "Feed of new articles", "Blood", "Privacy", "Terms of the trial"]


@pytest.mark.parametrize("address", ["/about/", "/articles/hips/", "/articles/category/x/", "/nothing/?a=b#c"])
def test_a_link_to_nothing_is_saved_with_a_warning(sign_in: SignIn, client: FlaskClient, address: str) -> None:
    page = add(sign_in("editor"), label="Lost", address=address)
    assert f"there is no page at {address} yet" in page.alert()
    assert "Lost" in header(client)


def test_a_link_to_something_is_saved_without_one(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), make_article()
    add_redirect("/old/", article.address)
    for address in (
        "/",
        "/articles/",
        "/search/?q=hips",
        "/book/#trial",
        "/feed.xml",
        "/old/",
        article.address,
        "/articles/category/back-pain/",
        "/team/lim-pei-shuang/",
        "https://example.org/",
    ):
        page = add(editor, label="Found", address=address)
        assert (page.status_text(), page.alert()) == ("Saved.", ""), address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "about",
        "//evil.example/",
        "/\\evil.example",
        "http://example.org/",
        "javascript:alert(1)",
        "https://",
        "/a b",
    ],
)
def test_what_is_no_address_is_refused_and_stays_in_the_box(sign_in: SignIn, address: str) -> None:
    page = add(sign_in("editor"), label="Odd", address=address)
    assert page.status == 422
    assert "Leads to" in page.alert()
    check(page)
    assert (page.values("Save")["label"], page.values("Save")["address"]) == ("Odd", address)


def test_links_are_moved_within_their_menu_only(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    page = visit(editor, f"{LIST}?tab=footer").submit("Move up : Feed of new articles")
    assert "Moved Feed of new articles to place 1 of 2." in page.status_text()
    assert page.texts(".tabs [aria-current]") == ["Footer"]
    assert footer(client)[:2] == ["Feed of new articles", "About us"]
    visit(editor, LIST).submit("Move down : Articles")
    assert header(client)[:3] == ["Services", "Articles", "Team"]
    assert footer(client)[:2] == ["Feed of new articles", "About us"]


def test_a_link_is_changed_and_deleted(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    page = visit(editor, visit(editor, LIST).one("tbody tr:first-child td a").attributes["href"] or "")
    page.submit("Save", label="Journal", place="footer")
    assert "Journal" in footer(client)
    assert "Articles" not in header(client)
    asked = visit(editor, page.one("a.danger").attributes["href"] or "")
    assert asked.submit("Delete").status_text().strip() == "Deleted: link."
    assert "Journal" not in footer(client)


def test_without_links_the_trial_and_the_legal_pages_stay(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    for tab in ("header", "footer"):
        while rows := visit(editor, f"{LIST}?tab={tab}").tree.css("tbody td:first-child a"):
            asked = (rows[0].attributes["href"] or "").replace("/edit/", "/delete/")
            visit(editor, asked).submit("Delete")
    assert "No links yet" in visit(editor, LIST).text
    assert header(client) == ["Book a trial"]
    assert footer(client) == ["Privacy", "Terms of the trial"]


def test_menus_are_not_for_the_desk(sign_in: SignIn) -> None:
    assert sign_in("desk").get(LIST).status_code == 403


def test_a_wrapped_address_is_read_back_wherever_one_is_typed(sign_in: SignIn, client: FlaskClient) -> None:
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2F{}&data=05%7Cdesk%40clinic.example"
    add(sign_in("editor"), label="Guide", address=wrapped.format("example.org%2Fguide"))
    link = visit(client, "/articles/").tree.css_first('.site-nav a[href="https://example.org/guide"]')
    assert link is not None
    page = visit(sign_in("editor"), "/admin/redirects/new/").submit(
        "Save", path=wrapped.format("old.example%2Fhips"), leads_to="/book/"
    )
    assert page.status_text() == "Saved: /hips/ leads to /book/"
