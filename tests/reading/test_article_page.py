"""Tests of an article's page, as readers and robots see it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import escape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lifecycle import delete_article, retire_article
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article
from clinic.comments.models import CommentState
from clinic.core import clock
from clinic.core.db import atomic, db
from clinic.media.models import Image
from tests.articles.test_operations import changed
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import (
    make_article,
    make_author,
    make_category,
    make_comment,
    make_image,
    make_services,
    make_user,
    numbers,
)


def titles(page: Page) -> list[str]:
    return page.texts(".teaser-title")


def test_it_shows_everything_an_editor_gave(client: FlaskClient) -> None:
    make_services()
    image = make_image(alt="A woman lifts her hip", credit="Photo: Ana Lee")
    reviewer = make_author("Dr Koh", "koh")
    article = make_article(
        title="Strong hips",
        summary="Why they matter.",
        body=f'<h2>Why</h2><p>Hips carry us.</p><figure data-image="{image.id}"><figcaption>Up</figcaption></figure>',
        tags=["Hips", "Strength"],
        image_id=image.id,
        reviewer_id=reviewer.id,
        reviewed_on=date(2026, 11, 2),
        at=datetime(2026, 10, 31, 20, 0, tzinfo=UTC),
    )
    page = visit(client, article.address)
    assert page.texts("h1") == ["Strong hips"]
    for words in ("Why they matter.", "Lim Pei Shuang", "Back and spine", "Reviewed by Dr Koh on 2 November 2026"):
        assert words in page.text
    assert page.texts(".article-head time") == ["1 November 2026", "2 November 2026"]  # days in the clinic's own zone
    assert page.texts(".tags a") == ["Hips", "Strength"]
    assert page.texts("figcaption") == ["Photo: Ana Lee", "Up Photo: Ana Lee"]
    assert page.one("#why").tag == "h2"
    assert page.one("meta[name=description]").attributes["content"] == "Why they matter."
    assert page.one("#trial form").attributes["action"] == "/book/"
    assert page.one("#write-a-comment form")
    for picture in page.tree.css("figure img"):
        assert picture.attributes["alt"] == "A woman lifts her hip"
        assert client.get(picture.attributes["src"] or "").status_code == 200


def test_drafts_and_unknown_addresses_are_not_found(client: FlaskClient) -> None:
    draft = make_article(publish=False)
    for path in (draft.address, "/articles/no-such/", "/no-such/", "/articles/%F0%9F%98%80/", "/articles/a/b/c/"):
        visit(client, path, status=404)


def test_a_retired_article_is_gone_and_a_deleted_one_not_found(client: FlaskClient) -> None:
    article = retire_article(make_article())
    assert "no longer available" in visit(client, article.address, status=410).text
    address = article.address
    delete_article(article)
    visit(client, address, status=404)


def test_an_article_of_tomorrow_is_not_found_today_and_there_tomorrow(client: FlaskClient, clock: MovableClock) -> None:
    article = make_article(at=clock.now + timedelta(days=1))
    visit(client, article.address, status=404)
    clock.move(hours=23, minutes=59)
    visit(client, article.address, status=404)
    clock.move(minutes=1)
    visit(client, article.address)


def test_an_old_address_leads_to_the_newest_in_one_permanent_hop(client: FlaskClient) -> None:
    article = make_article(slug="one")
    for slug in ("two", "three"):
        edit_article(article, changed(article, slug=slug))
    for old in ("one", "two"):
        answer = client.get(f"/articles/{old}/")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/articles/three/")
    visit(client, "/articles/three/")


def test_an_old_address_of_a_page_leads_on_too_but_not_as_an_article(client: FlaskClient) -> None:
    page = make_article(kind=Kind.PAGE, slug="about-us")
    edit_article(page, changed(page, slug="about"))
    answer = client.get("/about-us/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/about/")
    visit(client, "/articles/about-us/", status=404)
    visit(client, "/articles/about/", status=404)
    visit(client, "/about/")


def test_an_old_address_tells_nothing_about_an_article_that_readers_may_not_see(client: FlaskClient) -> None:
    article = make_article(slug="one")
    edit_article(article, changed(article, slug="two"))
    retire_article(article)
    answer = client.get("/articles/one/")
    assert answer.status_code in (404, 410)
    assert "Location" not in answer.headers


def test_a_missing_slash_is_added_for_good_and_keeps_the_query(client: FlaskClient) -> None:
    article = make_article()
    about = make_article(kind=Kind.PAGE, slug="about")
    for path in (article.address, about.address, "/articles/", "/book/"):
        answer = client.get(f"{path.rstrip('/')}?a=b")
        assert answer.status_code in (301, 308)
        assert answer.headers["Location"].endswith(f"{path}?a=b")


def test_head_answers_as_get_without_a_body(client: FlaskClient) -> None:
    article = make_article()
    retired = retire_article(make_article())
    for path, status in ((article.address, 200), (retired.address, 410), ("/articles/", 200), ("/", 200)):
        answer = client.head(path)
        assert (answer.status_code, answer.data) == (status, b"")
        assert answer.headers["Content-Type"] == client.get(path).headers["Content-Type"]


def test_picked_teasers_come_first_and_never_itself_nor_what_readers_may_not_see(
    client: FlaskClient, clock: MovableClock
) -> None:
    hidden = [
        make_article(title="Draft", publish=False),
        make_article(title="Scheduled", at=clock.now + timedelta(days=1)),
        retire_article(make_article(title="Retired")),
    ]
    picked = make_article(title="Picked")
    clock.move(days=-30)
    article = make_article(title="This", teaser_ids=[*(one.id for one in hidden), picked.id])
    clock.move(days=30)
    newer = make_article(title="Newer", category_id=None, publish=False)
    assert titles(visit(client, article.address)) == ["Picked"]
    make_article(title="Same category")
    assert titles(visit(client, article.address)) == ["Picked", "Same category"]
    assert newer.title not in visit(client, article.address).text


ABOUT_KNEES = "<p>The patella glides over the femur. Quadriceps strength spares the patella.</p>"


def test_articles_that_share_telling_words_stand_before_newer_ones_and_there_are_three(
    client: FlaskClient, clock: MovableClock
) -> None:
    shares = make_article(title="Stairs", body=ABOUT_KNEES)
    for number in range(4):
        clock.move(days=1)
        make_article(title=f"Newer {number}")
    article = make_article(title="This", body=ABOUT_KNEES)
    assert titles(visit(client, article.address)) == [shares.title, "Newer 3", "Newer 2"]
    assert titles(visit(client, shares.address))[0] == article.title, "an older one finds the newer one too"


def test_a_text_that_changes_its_subject_changes_its_company(client: FlaskClient, clock: MovableClock) -> None:
    for number in range(3):
        make_article(title=f"Older {number}")
    first = make_article(title="Stairs", body=ABOUT_KNEES)
    article = make_article(title="This", body=ABOUT_KNEES)
    clock.move(days=1)
    for number in range(4):
        make_article(title=f"Newer {number}", body="<p>Sleep well.</p>")
    assert titles(visit(client, first.address))[0] == article.title
    edit_article(article, changed(article, body="<p>Breathe calmly.</p>"))
    assert first.title not in titles(visit(client, article.address))
    assert article.title not in titles(visit(client, first.address))


def test_the_only_article_shows_no_teasers_part(client: FlaskClient) -> None:
    article = make_article()
    assert "You may also like" not in visit(client, article.address).text


def test_a_picture_that_is_gone_leaves_nothing_behind(client: FlaskClient) -> None:
    page = visit(client, make_article(body='<p>Hi</p><figure data-image="4711"></figure>').address)
    assert not page.tree.css("figure")


def test_a_page_has_neither_comments_nor_a_trial_form_and_no_date(client: FlaskClient) -> None:
    page = visit(client, make_article(kind=Kind.PAGE, slug="about").address)
    assert not page.tree.css("form")
    assert not page.tree.css("time")


def many_articles(number: int) -> list[Article]:
    """Create articles with different categories, authors and pictures, so that nothing comes from the session."""
    articles = []
    for _ in range(number):
        mark = next(numbers)
        image = {
            "filename": "x.jpg",
            "width": 9,
            "height": 9,
            "extension": "jpg",
            "colour": "#fff",
            "alt": "x",
            "credit": "x",
        }
        with atomic():
            db.session.add(Image(key=f"key-{mark}", uploaded_at=clock.now(), **image))
        articles.append(
            make_article(
                category_id=make_category(f"Category {mark}", f"category-{mark}").id,
                author_id=make_author(f"Author {mark}", f"author-{mark}").id,
                image_id=db.session.scalars(sa.select(Image.id).where(Image.key == f"key-{mark}")).one(),
                tags=["hips", f"tag {mark}"],
            )
        )
    return articles


def test_ten_times_the_comments_and_articles_cost_no_more_statements(
    app: Flask, statements: Callable[[str], int]
) -> None:
    moderator = make_user()
    make_services()

    def cost(number: int) -> int:
        articles = many_articles(4 * number)
        for _ in range(2 * number):
            make_comment(articles[0], state=CommentState.APPROVED, by=moderator)
        picked = [one.id for one in articles[1:3]]
        edit_article(articles[0], changed(articles[0], teaser_ids=picked, tags=["hips"]))
        return statements(articles[0].address)

    few = cost(1)
    assert cost(10) == few
    assert few <= 15


@pytest.mark.parametrize(("path", "most"), [("/articles/", 6), ("/", 8)])
def test_lists_cost_the_same_for_many_articles(
    app: Flask, statements: Callable[[str], int], path: str, most: int
) -> None:
    many_articles(1)
    few = statements(path)
    many_articles(9)
    assert statements(path) == few
    assert few <= most


def test_alt_text_and_credit_can_be_other_where_a_picture_is_used(client: FlaskClient) -> None:
    image = make_image()
    body = (
        f'<p>Look</p><figure data-image="{image.id}" data-alt="Here the hip is what counts" data-credit="Ana’s own">'
        f'</figure><figure data-image="{image.id}" data-alt=""></figure><figure data-image="{image.id}"></figure>'
    )
    article = make_article(image_id=image.id, image_alt="The hip from the side", image_credit="By Bo", body=body)
    page = visit(client, article.address)
    assert [one.attributes["alt"] for one in page.tree.css(".article img")] == [
        "The hip from the side",
        "Here the hip is what counts",
        "",
        image.alt,
    ]
    assert page.texts(".article .credit") == ["By Bo", "Ana’s own", image.credit, image.credit]


# Attribute, tag and address breakers after OWASP's XSS Filter Evasion Cheat Sheet, for the fields around the text.
VECTORS = (
    '"><script>alert(1)</script>',
    "'\"><img src=x onerror=alert(1)>",
    "</title><svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "</script><script>alert(1)</script>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "{{7*7}}${7*7}<%= 7*7 %>",
)


@pytest.mark.parametrize("vector", VECTORS)
def test_no_field_of_an_article_or_picture_can_carry_a_script(client: FlaskClient, vector: str) -> None:
    image = make_image(alt=vector, credit=vector)
    with atomic():
        image.licence = vector
    attribute = escape(vector)
    body = (
        f'<p>Hips.</p><p><a href="{attribute}" title="{attribute}">{vector}</a></p><h2 id="{attribute}">{vector}</h2>'
        f'<figure data-image="{image.id}" data-alt="{attribute}" data-credit="{attribute}"><figcaption>{vector}'
        f'</figcaption></figure><figure data-video="youtube:{attribute}"><figcaption>{vector}</figcaption></figure>'
    )
    article = make_article(
        title=f"Hips {vector}", summary=vector, body=body, image_id=image.id, image_alt=vector, tags=[f"x {vector}"]
    )
    edit_article(article, changed(article, image_alt=vector, image_credit=vector, image_id=image.id, tags=[vector]))
    once = article.body
    edit_article(article, changed(article, image_alt=vector, image_credit=vector, image_id=image.id, tags=[vector]))
    assert article.body == once, "a second save changes nothing"
    for path in (article.address, "/", "/articles/", "/search/?q=hips"):
        page = visit(client, path)  # which refuses inline scripts, handlers and styles
        assert not page.tree.css("main script:not([src]), [onerror], [onload], [onmouseover], iframe"), path
        for link in page.tree.css("a[href]"):
            assert not (link.attributes["href"] or "").strip().lower().startswith("javascript:"), path
        assert "49" not in page.text.replace("499", ""), path
    assert "<script>alert" not in client.get("/feed.xml").text
