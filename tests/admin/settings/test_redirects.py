"""Tests of the redirects screen: single redirects, and imports from a file."""

import io
from collections.abc import Callable

from flask.testing import FlaskClient

from clinic.articles.redirects import add_redirect
from tests.browse import Page, check, visit
from tests.factories import make_article

SignIn = Callable[..., FlaskClient]
LIST = "/admin/redirects/"


def test_one_is_added_and_works(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article = sign_in("editor"), make_article(slug="hips")
    assert "No redirects yet" in visit(editor, LIST).text
    page = visit(editor, f"{LIST}new/").submit("Save", path=" /old-hips ", leads_to="/articles/hips")
    assert page.status_text() == "Saved: /old-hips/ leads to /articles/hips/"
    assert client.get("/old-hips/").headers["Location"] == article.address
    assert page.texts("td[data-label='Leads to']") == [article.address]


def test_wrong_input_is_refused_at_its_field_and_stays(sign_in: SignIn) -> None:
    add_redirect("/a/", "/b/")
    form = visit(sign_in("editor"), f"{LIST}new/")
    for path, leads_to, words in (
        ("", "/b/", "Old address: Enter the old address"),
        ("/x/", "", "Leads to: Enter the new address"),
        ("x y", "/b/", "Old address: “x y” is not valid"),
        ("/x/", "/b/?p=1", "Leads to: “/b/?p=1” is not valid"),
        ("/x/", "https://evil.example/", "Leads to: “https://evil.example/” is on another site"),
        ("/b/", "/a/", "circle"),
        ("/articles/", "/b/", "in use"),
    ):
        page = form.submit("Save", path=path, leads_to=leads_to)
        assert page.status == 422, path
        assert words in page.alert()
        check(page)
        assert (page.values("Save")["path"], page.values("Save")["leads_to"]) == (path, leads_to)


def test_one_is_led_elsewhere_found_and_deleted(sign_in: SignIn, client: FlaskClient) -> None:
    editor, redirect = sign_in("editor"), add_redirect("/a/", "/b/")
    edit = f"{LIST}edit/?id={redirect.id}"
    assert visit(editor, edit).values("Save")["leads_to"] == "/b/"
    assert "You cannot change the old address" in visit(editor, edit).submit("Save", path="/other/").alert()
    visit(editor, edit).submit("Save", leads_to="/c/")
    assert client.get("/a/").headers["Location"] == "/c/"
    assert "/a/" in visit(editor, f"{LIST}?search=/c/").text
    page = visit(editor, f"{LIST}delete/?id={redirect.id}").submit("Delete")
    assert page.status_text() == "Deleted: redirect."
    assert client.get("/a/").status_code == 404


def test_pasted_lines_are_imported_and_each_refused_one_is_shown(sign_in: SignIn) -> None:
    form = visit(sign_in("editor"), f"{LIST}import/")
    page = form.submit("Import", lines="old;new\n/a/;/b/\n/c/\n<script>;/d/")
    check(page)
    assert page.status_text() == "1 line was imported, 2 not."
    assert page.texts("td[data-label=Line]") == ["3", "4"]
    assert page.texts("td[data-label='Content']") == ["/c/", "<script>;/d/"]
    assert "Enter a path like /old-page/" in page.texts("td[data-label='Reason']")[1]


def test_a_file_of_excel_is_imported(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    token = visit(editor, f"{LIST}import/").values("Import")["csrf_token"]
    data = {"csrf_token": token, "file": (io.BytesIO("\ufeff/a/;/b/\r\n/c/;/d/\r\n".encode()), "old.csv")}
    page = Page(editor, editor.post(f"{LIST}import/", data=data), LIST)
    assert page.status_text() == "2 lines were imported, 0 not."
    assert client.get("/c/").headers["Location"] == "/d/"


def test_an_import_of_nothing_asks_for_something(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), f"{LIST}import/").submit("Import", lines="  ")
    assert page.status == 422
    assert "Choose a file or paste the lines" in page.alert()
    check(page)


def test_redirects_are_not_for_the_desk(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    for path in ("", "new/", "import/"):
        assert desk.get(f"{LIST}{path}").status_code == 403
