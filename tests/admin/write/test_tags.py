"""Tests of tags: rename, merge, and refuse deletion while articles have them."""

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.articles.models import Article, Tag
from clinic.core.db import db
from tests.browse import check, visit
from tests.factories import make_article

SignIn = Callable[..., FlaskClient]
LIST = "/admin/tags/"


def tag(name: str) -> Tag:
    db.session.rollback()
    return db.session.scalars(sa.select(Tag).where(Tag.name == name)).one()


def tags_of(article: Article) -> list[str]:
    db.session.expire_all()
    return sorted(one.name for one in article.tags)


def test_the_list_says_how_many_articles_have_each(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    assert "No tags yet" in visit(editor, LIST).text
    make_article(tags=["Hips", "Stairs"])
    make_article(tags=["Hips"], publish=False)
    page = visit(editor, LIST)
    assert page.texts("td[data-label=Name]") == ["Hips", "Stairs"]
    assert page.texts("td[data-label=Articles]") == ["2 articles", "1 article"]


def test_a_tag_is_made_and_renamed_and_its_old_address_leads_on(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    page = visit(editor, f"{LIST}new/").submit("Save", name="Stair case")
    assert page.status_text() == "Saved."
    page.submit("Save", name="Stairs", slug="stairs")
    assert client.get("/articles/tag/stair-case/").headers["Location"] == "/articles/tag/stairs/"
    assert visit(client, "/articles/tag/stairs/").texts("h1") == ["Articles on Stairs"]


def test_a_taken_name_points_to_merging_and_keeps_what_was_typed(sign_in: SignIn) -> None:
    make_article(tags=["Hip", "Hips"])
    page = visit(sign_in("editor"), f"{LIST}edit/?id={tag('Hip').id}").submit("Save", name="HIPS!", slug="hips")
    assert page.status == 422
    assert "Merge this tag into it" in page.alert()
    check(page)
    assert (page.values("Save")["name"], page.values("Save")["slug"]) == ("HIPS!", "hips")


def test_merging_gives_all_articles_the_other_tag_once(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    both, one = make_article(tags=["Hip", "Hips"]), make_article(tags=["Hip"])
    old, into = tag("Hip"), tag("Hips")
    page = visit(editor, f"{LIST}edit/?id={old.id}").submit("Merge “Hip”", into_id=str(into.id))
    assert page.status_text() == "“Hip” is “Hips” now: 2 articles."
    assert (tags_of(both), tags_of(one)) == (["Hips"], ["Hips"])
    assert client.get("/articles/tag/hip/").headers["Location"] == "/articles/tag/hips/"
    assert [row.name for row in db.session.scalars(sa.select(Tag))] == ["Hips"]


def test_a_tag_is_not_merged_into_itself_or_into_nothing(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), make_article(tags=["Hip"])
    form = visit(editor, f"{LIST}edit/?id={tag('Hip').id}")
    for into in ("", str(tag("Hip").id), "987654", "abc"):
        assert "Nothing was changed" in form.submit("Merge “Hip”", into_id=into).alert()
    assert tags_of(article) == ["Hip"]


def test_a_tag_in_use_stays_and_an_unused_one_goes(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    make_article(tags=["Hip"])
    answer = visit(editor, f"{LIST}delete/?id={tag('Hip').id}").submit("Delete")
    assert "1 article has this tag. It cannot be deleted" in answer.alert()
    visit(editor, f"{LIST}new/").submit("Save", name="Unused")
    assert visit(editor, f"{LIST}delete/?id={tag('Unused').id}").submit("Delete").status_text() == "Deleted: tag."


def test_merging_is_for_editors(sign_in: SignIn) -> None:
    make_article(tags=["Hip", "Hips"])
    desk = sign_in("desk")
    token = visit(desk, "/admin/").values("Sign out")["csrf_token"]
    data = {"csrf_token": token, "id": str(tag("Hip").id), "into_id": str(tag("Hips").id)}
    assert desk.post(f"{LIST}merge/", data=data).status_code == 403
    assert tag("Hip")
