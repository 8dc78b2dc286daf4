"""Tests of the way from a list to a row and back: tab, search, sort and page are kept."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from clinic.admin.kit.return_address import is_panel_path
from tests.browse import Page, visit
from tests.factories import make_article, make_booking, make_image, make_user

SignIn = Callable[..., FlaskClient]


def first_row(page: Page) -> Page:
    return visit(page.client, page.one("tbody tr:first-child td[data-label] a").attributes["href"] or "")


def back_link(page: Page) -> str:
    links = [link for link in page.tree.css("main a") if link.text() == "Back to the list"]
    assert len(links) == 1
    return links[0].attributes["href"] or ""


def test_a_form_is_saved_and_the_list_comes_back_as_it_was(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    make_user(name="Ana Lee")
    view = "/admin/people/?search=ana&sort=1&desc=1"
    form = first_row(visit(owner, view))
    assert back_link(form) == view
    assert form.tree.css(".crumbs a")[-1].attributes["href"] == view
    saved = form.submit("Save", name="Ana Lim")
    assert saved.path == view
    assert saved.status_text() == "Saved."
    assert "Ana Lim" in saved.text


def test_a_form_with_errors_still_knows_the_way(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    make_user(name="Ana Lee")
    view = "/admin/people/?search=ana"
    refused = first_row(visit(owner, view)).submit("Save", name="")
    assert refused.status == 422
    assert back_link(refused) == view
    assert refused.submit("Save", name="Ana").path == view


def test_deleting_leads_back_too_and_so_does_keeping(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    image = make_image(alt="One leg")
    view = "/admin/media/?search=leg&sort=5"
    asked = visit(editor, f"/admin/media/delete/?id={image.id}&back={quote(view)}")
    kept = [link.attributes["href"] or "" for link in asked.tree.css("main a") if link.text() == "Cancel"]
    assert back_link(visit(editor, kept[0])) == view
    gone = asked.submit("Delete")
    assert (gone.path, gone.status_text()) == (view, "Deleted: picture.")


def test_the_page_of_a_lead_leads_back_after_changes(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    make_booking(name="Tan Wei Ling")
    view = "/admin/leads/?tab=new&search=wei"
    link = visit(desk, view).one("td[data-label=Name] a").attributes["href"] or ""
    page = visit(desk, link).submit("Save note", note="Rang.").submit("Change", stage="lost")
    assert page.texts("h1") == ["Tan Wei Ling"]
    assert back_link(page) == view


def test_a_tab_keeps_search_and_sort_and_drops_the_page(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    make_article()
    tabs = visit(editor, "/admin/articles/?search=hips&sort=0&desc=1&tab=all").tree.css(".tabs a")
    assert "search=hips" in (tabs[1].attributes["href"] or "")
    assert "sort=0" in (tabs[1].attributes["href"] or "")
    page = visit(editor, tabs[1].attributes["href"] or "")
    assert page.submit("Search", search="knees").texts(".tabs [aria-current]") == ["Drafts"]
    assert "page=" not in (visit(editor, "/admin/articles/?page=3").tree.css(".tabs a")[1].attributes["href"] or "")


def test_a_page_of_a_list_that_has_become_empty_leads_to_the_first(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    make_article()
    assert "Go to the first page" in visit(editor, "/admin/articles/?page=3").text


OTHERS = (
    *("/", "/logout", "/admin", "/adminx/", "//evil.example/admin/", "/admin//evil.example", "/admin/../logout"),
    *("/admin/\\evil", "https://evil.example/admin/", "javascript:alert(1)", "/admin/\n", "/admin/" + "x" * 1000, ""),
)


@pytest.mark.parametrize("address", OTHERS)
def test_only_a_path_of_the_panel_is_a_way_back(address: str) -> None:
    assert not is_panel_path(address)


def test_the_way_back_is_never_another_site(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    user = make_user(name="Ana Lee")
    page = visit(owner, "/admin/people/edit/", query={"id": user.id, "back": "https://evil.example/"})
    assert back_link(page) == "/admin/people/"
    found = visit(owner, f"/admin/people/edit/?id={user.id}&back=/admin/search/?q=ana")
    assert found.tree.css(".crumbs a")[-1].attributes["href"] == "/admin/people/"
    assert page.submit("Save", back="//evil.example/").path.startswith("/admin/people/")


@pytest.mark.parametrize(
    "address",
    [
        "/admin/%2e%2e/logout",
        "/admin/%2E%2E/logout",
        "/admin/.%2e/logout",
        "/admin/%2e./logout",
        "/admin/leads/%2e%2e/%2e%2e/",
        "/admin/%252e%252e/logout",
        "/admin/..%2f..%2flogout",
        "/admin/%5c%5cevil.example/",
        "/admin/%2Fevil.example/",
        "/admin/leads/%2e/",
    ],
)
def test_a_way_back_has_no_encoded_dots_or_slashes_in_its_path(sign_in: SignIn, address: str) -> None:
    assert not is_panel_path(address)
    desk = sign_in("desk")
    lead = make_booking().lead
    page = visit(desk, "/admin/leads/details/", query={"id": lead.id})
    assert page.submit("Save note", note="Called", back=address).path.startswith("/admin/leads/")


def test_a_search_in_the_way_back_may_hold_any_character() -> None:
    assert is_panel_path("/admin/leads/?search=a%2eb%2Fc%25&tab=all")
