"""Tests of the home page: sections in the staff's order, hidden ones left out, questions as typed."""

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.browse import Page, check, visit
from tests.factories import make_article, make_author, make_services

SignIn = Callable[..., FlaskClient]
LIST = "/admin/home/"


def headings(client: FlaskClient) -> list[str]:
    return visit(client, "/").texts("main h2:not(.teaser-title)")


def edit(client: FlaskClient, heading: str) -> Page:
    links = {link.text(): link.attributes["href"] or "" for link in visit(client, LIST).tree.css("tbody a")}
    return visit(client, links[heading])


def fill() -> None:
    make_services()
    make_author()
    make_article()


def test_the_page_begins_as_it_was(client: FlaskClient) -> None:
    fill()
    assert headings(client) == [
        "Two ways to begin",
        "How a first session goes",
        "Newest articles",
        "The people you will meet",
        "Where we are",
        "What people ask",
    ]
    page = visit(client, "/")
    assert page.texts(".stages h3") == ["We listen", "We look", "We try", "You leave with a plan"]
    assert len(page.tree.css(".question")) == 4
    assert page.one(".question a").attributes["href"] == "/terms/"


def test_sections_move_and_hide(sign_in: SignIn, client: FlaskClient) -> None:
    fill()
    editor = sign_in("editor")
    visit(editor, LIST).submit("Move up : How a first session goes")
    edit(editor, "The people you will meet").submit("Save", is_shown=None)
    edit(editor, "Where we are").submit("Save", heading="How you find us")
    assert headings(client) == [
        "How a first session goes",
        "Two ways to begin",
        "Newest articles",
        "How you find us",
        "What people ask",
    ]
    edit(editor, "The people you will meet").submit("Save", is_shown="y")
    assert headings(client)[3] == "The people you will meet"


def test_questions_are_typed_as_blocks_of_plain_text(sign_in: SignIn, client: FlaskClient) -> None:
    typed = (
        "Is it <b>safe</b> & sound?\nYes.\nAsk [our team](/team/) or [them](https://example.org/a?b=1&c=2).\n\n\n  \n"
        "Only a question\n\n[Bad](javascript:alert(1))\n[Worse](//evil.example) <script>x</script>"
    )
    page = edit(sign_in("editor"), "What people ask").submit("Save", body=typed)
    assert page.status_text() == "Saved."
    home = visit(client, "/")
    assert home.texts(".question summary") == [
        "Is it <b>safe</b> & sound?",
        "Only a question",
        "[Bad](javascript:alert(1))",
    ]
    assert home.texts(".question p")[0] == "Yes. Ask our team or them ."
    assert [link.attributes["href"] for link in home.tree.css(".question a")] == [
        "/team/",
        "https://example.org/a?b=1&c=2",
    ]
    assert not home.tree.css(".question script")
    assert "[Worse](//evil.example) <script>x</script>" in home.text


def test_a_section_without_texts_leaves_itself_out(sign_in: SignIn, client: FlaskClient) -> None:
    edit(sign_in("editor"), "What people ask").submit("Save", body="  \n ")
    assert "What people ask" not in headings(client)


def test_a_heading_is_needed_and_what_was_typed_stays(sign_in: SignIn) -> None:
    page = edit(sign_in("editor"), "What people ask").submit("Save", heading=" ", body="Why?\nBecause.")
    assert page.status == 422
    assert "Enter a heading" in page.alert()
    check(page)
    assert page.values("Save")["body"] == "Why?\nBecause."


def test_sections_are_neither_added_nor_deleted(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    page = edit(editor, "What people ask")
    assert not page.tree.css("a.danger")
    for path in ("new/", f"delete/{page.path.partition('edit/')[2]}"):
        visit(editor, f"{LIST}{path}", status=404)


def test_the_home_page_is_not_for_the_desk(sign_in: SignIn) -> None:
    assert sign_in("desk").get(LIST).status_code == 403
