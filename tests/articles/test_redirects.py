"""Tests of redirects: one hop, never in a circle, and files as spreadsheets write them."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.errors import RedirectRefused
from clinic.articles.lifecycle import delete_article, retire_article
from clinic.articles.models import Kind, Redirect
from clinic.articles.operations import edit_article
from clinic.articles.redirects import (
    MOST_LINES,
    add_redirect,
    follow_move,
    import_redirects,
    remove_redirect,
)
from clinic.articles.text import Text
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.core.tables import read_table
from tests.factories import make_article, make_author, make_category, make_services


def all_redirects() -> dict[str, str]:
    db.session.expire_all()
    return {row.path: row.leads_to for row in db.session.scalars(sa.select(Redirect))}


def test_a_chain_is_one_hop_from_whichever_end_it_grows(app: Flask, client: FlaskClient) -> None:
    add_redirect("/a/", "/b/")
    add_redirect("/b/", "/c/")
    add_redirect("/z/", "/a/")
    assert all_redirects() == {"/a/": "/c/", "/b/": "/c/", "/z/": "/c/"}
    assert client.get("/a").headers["Location"] == "/c/"
    assert client.get("/z/").status_code == 301


def test_a_circle_is_refused_however_long(app: Flask) -> None:
    add_redirect("/a/", "/b/")
    add_redirect("/b/", "/c/")
    for old, new in (("/c/", "/a/"), ("/c/", "/b/"), ("/d/", "/d"), ("/b/", "/b/?")):
        with pytest.raises(RedirectRefused, match="circle"):
            add_redirect(old, new)
    assert all_redirects() == {"/a/": "/c/", "/b/": "/c/"}


def test_a_second_one_for_the_same_path_replaces_the_first(app: Flask) -> None:
    add_redirect("/a/", "/b/")
    add_redirect("/a", "/c/")
    assert all_redirects() == {"/a/": "/c/"}


def test_an_article_is_followed_wherever_it_moves(app: Flask, client: FlaskClient) -> None:
    article = make_article(slug="hips")
    add_redirect("/2019/05/hips/", "/articles/hips/")
    text = Text.of(article)
    text.slug = "strong-hips"
    edit_article(article, text)
    assert client.get("/2019/05/hips/").headers["Location"] == "/articles/strong-hips/"
    retire_article(article)
    assert client.get("/2019/05/hips/").status_code == 410
    delete_article(article)
    assert all_redirects() == {}


def test_an_address_in_use_is_not_redirected(app: Flask) -> None:
    page, author, (service, _) = make_article(kind=Kind.PAGE, slug="about"), make_author(), make_services()
    for old in (
        page.address,
        "/",
        "/articles/",
        "/book/",
        "/admin/",
        make_category().address,
        author.address,
        service.address,
        make_article(publish=False).address,
    ):
        with pytest.raises(RedirectRefused, match="in use"):
            add_redirect(old, "/elsewhere/")


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        (" /old ", "/old/"),
        ("/file.pdf", "/file.pdf"),
        ("https://www.example.org/old/page", "/old/page/"),
        ("/%C3%BCber-uns/", "/über-uns/"),
        ("/über-uns", "/über-uns/"),
        ("/old%20page/", "/old page/"),
        ("/old/#part", "/old/"),
    ],
)
def test_an_old_address_is_read_as_the_server_hears_it(app: Flask, client: FlaskClient, typed: str, path: str) -> None:
    assert add_redirect(typed, "/new/").path == path
    assert client.get(path).headers["Location"] == "/new/"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "old",
        "/old/?p=7",
        "//evil.example/x/",
        "/\\evil/",
        "ftp://a/b/",
        "mailto:a@b",
        "/a\x00/",
        "/%00/",
        "/%0a/",
        "http://[/",
        "/%2F%2Fevil.example/",
        "/%FF/",
        "/" + "x" * 400,
        "javascript:alert(1)",
        "https:///x/",
    ],
)
def test_what_is_no_path_is_refused_on_either_side(app: Flask, typed: str) -> None:
    for old, new in ((typed, "/new/"), ("/old/", typed)):
        with pytest.raises(RedirectRefused, match="is not valid"):
            add_redirect(old, new)
    assert all_redirects() == {}


def test_a_redirect_leads_to_no_other_site(app: Flask) -> None:
    with pytest.raises(RedirectRefused, match="another site"):
        add_redirect("/old/", "https://evil.example/new/")
    add_redirect("https://www.clinic.example/old/", "https://clinic.example/new/")
    add_redirect("/older/", "http://127.0.0.1:8000/new/")
    assert all_redirects() == {"/old/": "/new/", "/older/": "/new/"}


def test_what_moves_back_leaves_no_redirect_of_itself(app: Flask) -> None:
    follow_move("/team/a/", "/team/b/")
    follow_move("/team/b/", "/team/a/")
    assert all_redirects() == {"/team/b/": "/team/a/"}


def test_a_removed_one_is_not_found_any_more(app: Flask, client: FlaskClient) -> None:
    redirect = add_redirect("/a/", "/b/")
    remove_redirect(redirect)
    assert client.get("/a/").status_code == 404
    verbs = db.session.scalars(sa.select(AuditLine.verb).order_by(AuditLine.id)).all()
    assert verbs == ["redirected", "deleted"]


def test_a_file_is_taken_line_by_line_and_refused_lines_say_why(app: Flask) -> None:
    taken, refused = import_redirects(
        "old,new\n/a/,/b/\n\n/b/,/a/\n/c/\n/d/,/e/,/f/\n/a,/g/\n https://old.example/h/ , https://old.example/i/ \n"
        '"/j/","/k/",,\n"/broken/,/l/\n/m/,/m/\n/n/?p=1,/o/\n/q/,https://evil.example/\n'
    )
    assert taken == 3
    assert [(one.number, one.why.partition(".")[0][:30]) for one in refused] == [
        (4, "/b/ would lead in a circle"),
        (5, "Enter the old and the new addr"),
        (6, "Enter the old and the new addr"),
        (7, "Line 2 already redirects /a/"),
        (10, "Enter the old and the new addr"),
        (11, "/m/ would lead in a circle"),
        (12, "“/n/?p=1” is not valid"),
        (13, "“https://evil"),
    ]
    assert all_redirects() == {"/a/": "/b/", "/h/": "/i/", "/j/": "/k/"}
    assert db.session.scalars(sa.select(AuditLine.detail)).all() == ["3 taken, 8 refused"]


@pytest.mark.parametrize(
    "data",
    [
        "/über/,/b/\n/c/,/d/".encode("utf-8-sig"),
        "/über/;/b/\r\n/c/;/d/\r\n".encode("cp1252"),
        "sep=;\r\nAlt;Neu\r\n/über/;/b/\r\n/c/;/d/".replace("sep=;\r\n", "").encode(),
        "/über/\t/b/\n/c/\t/d/".encode("utf-16"),
        "\ufeff\n \nOld,New\n/über/,/b/\n/c/,/d/\n".encode(),
    ],
)
def test_files_of_spreadsheets_are_read_as_they_are(app: Flask, data: bytes) -> None:
    assert import_redirects(read_table(data)) == (2, [])
    assert all_redirects() == {"/über/": "/b/", "/c/": "/d/"}


def test_a_first_line_that_is_no_heading_is_not_lost(app: Flask) -> None:
    taken, refused = import_redirects("\ufeff/a/,/b/")
    assert (taken, refused) == (1, [])
    taken, refused = import_redirects("old-page,/b/")
    assert (taken, refused[0].number) == (0, 1)


def test_the_same_file_again_changes_nothing(app: Flask) -> None:
    text = "/a/,/b/\n/b/,/c/\n/d/,/a/"
    assert import_redirects(text) == import_redirects(text) == (3, [])
    assert all_redirects() == {"/a/": "/c/", "/b/": "/c/", "/d/": "/c/"}


def test_nothing_and_nonsense_are_taken_calmly(app: Flask) -> None:
    assert import_redirects("") == (0, [])
    assert import_redirects("\n\n;;;\n,,\n") == (0, [])
    taken, refused = import_redirects('"' * 5000 + "/\n" + "/x" * 100_000 + "\n\x00\n")
    assert taken == 0
    assert refused


def test_five_thousand_lines_are_taken_and_no_more(app: Flask) -> None:
    lines = [f"/old-{number}/,/new-{number % 7}/" for number in range(MOST_LINES + 20)]
    taken, refused = import_redirects("\n".join(lines))
    assert taken == MOST_LINES
    assert [one.number for one in refused] == [MOST_LINES + 1]
    assert "second file" in refused[0].why


@pytest.mark.parametrize(
    "text",
    [
        "source,target,regex,code,type,hits,title,status\n/a/,/b/,0,301,url,4,,enabled\n/c/,/d/,0,301,url,0,,enabled\n",
        "Old URL;New URL\r/a/;/b/\r/c/;/d/\r",
        "sep=|\nStatus code|Destination|From\n301|/b/|/a/\n301|/d/|/c/",
    ],
)
def test_exports_of_other_programs_are_read_by_their_headings(app: Flask, text: str) -> None:
    assert import_redirects(text) == (2, [])
    assert all_redirects() == {"/a/": "/b/", "/c/": "/d/"}
