"""Tests of the team: portrait, page, and order on the home page."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.articles.models import Author
from clinic.core.db import db
from tests.browse import check, visit
from tests.factories import make_article, make_author, make_image

SignIn = Callable[..., FlaskClient]
LIST = "/admin/team/"
ANA: dict[str, Any] = {"name": "Ana Lee", "title": "Physiotherapist", "bio": "She listens first."}


def on_home(client: FlaskClient) -> list[str]:
    return visit(client, "/").texts(".person h3")


def test_somebody_new_has_a_page_and_stands_last_on_the_home_page(sign_in: SignIn, client: FlaskClient) -> None:
    editor, image = sign_in("editor"), make_image()
    assert "Nobody here yet" in visit(editor, LIST).text
    make_author("Zoe Tan", "zoe")
    page = visit(editor, f"{LIST}new/").submit("Save", **ANA, image_id=str(image.id), is_on_team="y")
    assert page.status_text() == "Saved."
    assert on_home(client) == ["Zoe Tan", "Ana Lee"]
    assert len(visit(client, "/").tree.css(".person .portrait")) == 1
    own = visit(client, "/team/ana-lee/")
    assert "She listens first." in own.text
    assert image.key in (own.one(".portrait-page img").attributes["src"] or "")
    author = db.session.scalars(sa.select(Author).where(Author.slug == "ana-lee")).one()
    article = make_article(author_id=author.id)
    assert visit(client, article.address).one(".byline .portrait-small img").attributes["alt"] == ""


def test_wrong_input_is_refused_and_what_was_typed_stays(sign_in: SignIn) -> None:
    make_author("Zoe Tan", "zoe")
    form = visit(sign_in("editor"), f"{LIST}new/")
    for changed, words in (
        ({"name": ""}, "Enter a name"),
        ({"title": ""}, "Enter a job title"),
        ({"bio": " "}, "two or three sentences"),
        ({"slug": "zoe"}, "The address “zoe” is in use"),
        ({"slug": "Ana!"}, "lowercase letters"),
        ({"image_id": "987654"}, "Portrait"),
    ):
        page = form.submit("Save", **(ANA | changed))
        assert page.status == 422, changed
        assert words in page.alert()
        check(page)
        kept = page.values("Save")
        assert (kept["name"], kept["title"]) == ((ANA | changed)["name"], (ANA | changed)["title"])
        assert "is_on_team" in kept


def test_who_is_not_on_the_team_keeps_page_and_articles(sign_in: SignIn, client: FlaskClient) -> None:
    author = make_author("Zoe Tan", "zoe")
    page = visit(sign_in("editor"), f"{LIST}edit/?id={author.id}").submit("Save", is_on_team=None, slug="zoe-tan")
    assert page.status_text() == "Saved."
    assert on_home(client) == []
    visit(client, "/team/zoe-tan/")
    assert client.get("/team/zoe/").headers["Location"] == "/team/zoe-tan/"


def test_whom_articles_name_stays(sign_in: SignIn) -> None:
    editor, author = sign_in("editor"), make_author("Zoe Tan", "zoe")
    article = make_article(reviewer_id=author.id)
    delete = f"{LIST}delete/?id={author.id}"
    assert (
        "1 article (including drafts and the trash) names this person" in visit(editor, delete).submit("Delete").alert()
    )
    db.session.delete(article)
    db.session.commit()
    assert visit(editor, delete).submit("Delete").status_text() == "Deleted: person."


def test_the_order_of_the_team_is_that_of_the_home_page(sign_in: SignIn, client: FlaskClient) -> None:
    for name in ("Ana", "Bo", "Cy"):
        make_author(name, name.lower())
    page = visit(sign_in("editor"), LIST).submit("Move up : Cy")
    assert "Moved Cy to place 2 of 3." in page.status_text()
    assert on_home(client) == ["Ana", "Cy", "Bo"]


def test_the_team_is_not_for_the_desk(sign_in: SignIn) -> None:
    assert sign_in("desk").get(LIST).status_code == 403
