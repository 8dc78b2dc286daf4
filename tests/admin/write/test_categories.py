"""Tests of categories: create, rename, sort, and refuse deletion while articles use them."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lifecycle import trash_article
from clinic.articles.models import Category
from clinic.core.audit import AuditLine
from clinic.core.db import db
from tests.browse import check, visit
from tests.factories import make_article, make_category

SignIn = Callable[..., FlaskClient]
LIST = "/admin/categories/"


def make_three() -> list[Category]:
    return [make_category(name, name.lower()) for name in ("Backs", "Joints", "Ankles")]


def names(client: FlaskClient) -> list[str]:
    return visit(client, LIST).texts("td[data-label=Name]")


def filters(client: FlaskClient) -> list[str]:
    return visit(client, "/articles/").texts(".filters a")[1:]


def test_an_empty_list_says_what_a_category_is(sign_in: SignIn) -> None:
    assert "subjects that readers look for" in visit(sign_in("editor"), LIST).text


def test_a_new_category_stands_last_and_gets_a_slug_from_its_name(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    make_three()
    page = visit(editor, f"{LIST}new/").submit("Save", name="Head & neck")
    assert page.status_text() == "Saved."
    assert page.values("Save")["slug"] == "head-neck"
    assert filters(client) == ["Backs", "Joints", "Ankles", "Head & neck"]
    visit(client, "/articles/category/head-neck/")
    line = db.session.scalars(sa.select(AuditLine).order_by(AuditLine.id.desc()).limit(1)).one()
    assert (line.verb, line.detail) == ("added", "Head & neck")


def test_wrong_input_is_refused_and_what_was_typed_stays(sign_in: SignIn) -> None:
    make_three()
    form = visit(sign_in("editor"), f"{LIST}new/")
    for fields, words in (
        ({"name": "  ", "slug": "x"}, "Enter a name"),
        ({"name": "x" * 61, "slug": "x"}, "Name"),
        ({"name": "New", "slug": "No Slug"}, "lowercase letters, digits and hyphens"),
        ({"name": "New", "slug": "joints"}, "The address “joints” is in use"),
        ({"name": "Joints", "slug": "other"}, "Another category has the name “Joints”"),
    ):
        page = form.submit("Save", **dict[str, Any](fields))
        assert page.status == 422, fields
        assert words in page.alert()
        check(page)
        assert page.values("Save")["slug"] == fields["slug"]
        assert page.values("Save")["name"] == fields["name"].strip()
    assert len(db.session.scalars(sa.select(Category)).all()) == 3


def test_a_changed_slug_leads_readers_on_even_after_two_changes_and_back(sign_in: SignIn, client: FlaskClient) -> None:
    editor, category = sign_in("editor"), make_category("Joints", "joints")
    page = visit(editor, f"{LIST}edit/?id={category.id}")
    for slug in ("knees", "legs"):
        assert page.submit("Save", slug=slug).status_text() == "Saved."
    for old in ("joints", "knees"):
        answer = client.get(f"/articles/category/{old}/")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/articles/category/legs/")
    page.submit("Save", slug="joints")
    visit(client, "/articles/category/joints/")
    assert client.get("/articles/category/legs/").headers["Location"] == "/articles/category/joints/"
    assert page.submit("Save", name="Joints", slug="joints").status_text() == "Saved.", "saving again is no clash"


def test_a_category_with_articles_stays_and_says_how_many(sign_in: SignIn) -> None:
    editor, category = sign_in("editor"), make_category()
    first, second = (make_article(category_id=category.id, publish=False) for _ in range(2))
    trash_article(second)
    delete = f"{LIST}delete/?id={category.id}"
    assert (
        "2 articles (including drafts and the trash) are in this category"
        in visit(editor, delete).submit("Delete").alert()
    )
    for article in (first, second):
        db.session.delete(article)
    db.session.commit()
    assert visit(editor, delete).submit("Delete").status_text() == "Deleted: category."
    assert "No categories yet" in visit(editor, LIST).text


def test_moving_changes_places_says_so_and_keeps_the_focus(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    make_three()
    page = visit(editor, LIST).submit("Move up : Ankles")
    assert page.status_text().strip() == "Moved Ankles to place 2 of 3."
    assert page.texts("[autofocus]") == ["Move up : Ankles"]
    page = page.submit("Move up : Ankles")
    assert page.status_text().strip() == "Moved Ankles to place 1 of 3."
    assert page.texts("[autofocus]") == ["Move down : Ankles"], "up is off at the top"
    assert names(editor) == filters(client) == ["Ankles", "Backs", "Joints"]
    page = visit(editor, LIST).submit("Move down : Backs")
    assert page.texts("[autofocus]") == ["Move up : Backs"]
    assert names(editor) == ["Ankles", "Joints", "Backs"]


def test_a_row_at_the_end_stays_there_whoever_asks(sign_in: SignIn) -> None:
    editor, (backs, _, _) = sign_in("editor"), make_three()
    token = visit(editor, LIST).values("Sign out")["csrf_token"]
    data = {"id": str(backs.id), "csrf_token": token}
    assert editor.post(f"{LIST}move/", data=data | {"verb": "up"}).status_code == 303
    assert names(editor) == ["Backs", "Joints", "Ankles"]
    assert editor.post(f"{LIST}move/", data=data | {"verb": "sideways"}).status_code == 400
    assert editor.post(f"{LIST}move/", data=data | {"id": "987654", "verb": "up"}).status_code == 404


def test_a_whole_order_is_saved_at_once(sign_in: SignIn) -> None:
    editor, rows = sign_in("editor"), make_three()
    token = visit(editor, LIST).values("Sign out")["csrf_token"]

    def order(ids: str, id_: int = rows[0].id) -> str:
        answer = editor.post(f"{LIST}order/", data={"ids": ids, "id": str(id_), "csrf_token": token})
        return f"{answer.status_code} {answer.text}" if answer.status_code == 200 else str(answer.status_code)

    backs, joints, ankles = (row.id for row in rows)
    assert order(f"{ankles},{joints},{backs}") == "200 Moved Backs to place 3 of 3."
    assert names(editor) == ["Ankles", "Joints", "Backs"]
    # Somebody else has deleted one and added another meanwhile.
    assert order(f"987654,{backs}") == "200 Moved Backs to place 1 of 3."
    assert names(editor) == ["Backs", "Ankles", "Joints"]
    assert order(f"{backs},{backs},x,-1,99999999999") == "200 Moved Backs to place 1 of 3."
    assert order("") == "400"
    assert order("1", 987654) == "404"
    assert names(editor) == ["Backs", "Ankles", "Joints"]


def test_who_may_not_edit_articles_may_not_sort_them(app: Flask, sign_in: SignIn) -> None:
    category = make_category()
    for role in ("moderator", "desk"):
        client = sign_in(role)
        token = visit(client, "/admin/").values("Sign out")["csrf_token"]
        assert client.get(LIST).status_code == 403
        data = {"csrf_token": token, "id": str(category.id), "ids": str(category.id), "verb": "up"}
        for verb in ("move", "order"):
            assert client.post(f"{LIST}{verb}/", data=data).status_code == 403
