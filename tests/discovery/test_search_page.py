"""The search page, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lifecycle import delete_article, retire_article
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article
from clinic.articles.text import Text
from clinic.core import clock as time
from clinic.core import search as index
from clinic.core.db import atomic, db
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_category


def search(client: FlaskClient, words: str, **more: str) -> Page:
    return visit(client, "/search/", query={"q": words} | more)


def titles(page: Page) -> list[str]:
    return page.texts(".hit h2")


def test_a_word_in_the_title_ranks_before_one_in_a_heading_before_one_in_the_text(client: FlaskClient) -> None:
    make_article(title="Walking far", body="<p>About a kneecap and other bones.</p>")
    make_article(title="Stairs", body="<h2>The kneecap</h2><p>Step by step.</p>")
    make_article(title="The kneecap", body="<p>It glides.</p>")
    assert titles(search(client, "kneecap")) == ["The kneecap", "Stairs", "Walking far"]


def test_the_beginning_of_a_word_is_enough_and_other_forms_are_found(client: FlaskClient) -> None:
    make_article(title="Gluteal muscles")
    make_article(title="Walking after sixty")
    assert titles(search(client, "glut")) == ["Gluteal muscles"]
    assert titles(search(client, "walked")) == ["Walking after sixty"]


def test_a_small_typo_is_set_right_and_said(client: FlaskClient) -> None:
    make_article(title="Gluteal muscles")
    page = search(client, "glutael muscels")
    assert titles(page) == ["Gluteal muscles"]
    assert "Showing results for gluteal muscles" in page.text


def test_found_words_are_marked_and_html_in_the_text_is_not_run(client: FlaskClient) -> None:
    make_article(title="Signs", body="<p>Write &lt;script&gt;alert(1)&lt;/script&gt; beside the kneecap.</p>")
    page = search(client, "kneecap")
    assert page.texts("mark") == ["kneecap"]
    assert "<script>" not in page.html


def test_drafts_scheduled_retired_and_deleted_texts_never_leak(client: FlaskClient, clock: MovableClock) -> None:
    make_article(title="Kneecap draft", publish=False)
    make_article(title="Kneecap tomorrow", at=time.now() + timedelta(days=1))
    retire_article(make_article(title="Kneecap retired"))
    delete_article(make_article(title="Kneecap deleted"))
    assert titles(search(client, "kneecap")) == []
    clock.move(days=2)
    assert titles(search(client, "kneecap")) == ["Kneecap tomorrow"]


def test_a_changed_text_is_found_by_its_new_words_only(client: FlaskClient) -> None:
    article = make_article(title="Shoulders")
    edit_article(
        article,
        Text(
            title="Elbows",
            body="<p>Bend.</p>",
            summary="Arms.",
            category_id=make_category().id,
            author_id=article.author_id,
        ),
    )
    assert titles(search(client, "shoulders")) == []
    assert titles(search(client, "elbows")) == ["Elbows"]


def test_pages_are_found_too_and_a_category_narrows(client: FlaskClient) -> None:
    make_article(kind=Kind.PAGE, title="Kneecap clinic")
    make_article(title="Kneecap pain", category_id=make_category("Joints", "joints").id)
    assert len(titles(search(client, "kneecap"))) == 2
    assert titles(search(client, "kneecap", category="joints")) == ["Kneecap pain"]


def test_many_hits_come_in_pages(client: FlaskClient) -> None:
    for _ in range(12):
        make_article(title="Kneecap")
    assert len(titles(search(client, "kneecap"))) == 10
    assert len(titles(search(client, "kneecap", page="2"))) == 2


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        '"',
        "AND",
        "a-b",
        "*",
        "(",
        "foo:bar",
        "'",
        "kneecap OR 1=1",
        "NEAR(",
        "^",
        "{}",
        "\u202e",
        "膝",
        "😀",
        "x" * 5000,
        "%",
        "_",
        "&|!<->",
    ],
)
def test_whatever_is_typed_gives_a_page(client: FlaskClient, typed: str) -> None:
    make_article(title="Kneecap")
    assert search(client, typed).status == 200


def test_reindex_brings_back_what_the_index_has_lost(app: Flask, client: FlaskClient) -> None:
    make_article(title="Strong knees")
    make_article(title="Secret knees", publish=False)
    with atomic():
        index.drop(db.session.scalars(sa.select(Article.id).order_by(Article.id)).first() or 0)
    assert titles(search(client, "knees")) == []
    answer = app.test_cli_runner().invoke(args=["clinic", "reindex"])
    assert answer.exit_code == 0
    assert titles(search(client, "knees")) == ["Strong knees"]
