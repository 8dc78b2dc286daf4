"""Tests of the home page and the lists of articles, by category and by tag."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from clinic.articles.lifecycle import retire_article
from clinic.articles.lists import PAGE_SIZE
from clinic.articles.models import Kind
from clinic.preferences import change_preferences
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_category, make_image, make_services, make_user


def titles(page: Page) -> list[str]:
    return page.texts(".teaser-title")


def test_lists_show_what_is_published_newest_first_and_nothing_else(client: FlaskClient, clock: MovableClock) -> None:
    make_services()
    for title in ("Old", "New"):
        make_article(title=title, tags=["hips"], image_id=make_image().id)
        clock.move(days=1)
    make_article(title="Draft", publish=False, tags=["hips"])
    make_article(title="Scheduled", at=clock.now + timedelta(days=1), tags=["hips"])
    retire_article(make_article(title="Retired", tags=["hips"]))
    make_article(title="Some page", kind=Kind.PAGE, slug="some-page", tags=["hips"])
    for path in ("/", "/articles/", "/articles/category/back-pain/", "/articles/tag/hips/"):
        assert titles(visit(client, path)) == ["New", "Old"], path
    clock.move(days=1)
    assert titles(visit(client, "/articles/")) == ["Scheduled", "New", "Old"]


def test_the_list_has_pages_and_each_article_stands_on_one(client: FlaskClient, clock: MovableClock) -> None:
    for number in range(PAGE_SIZE + 1):
        make_article(title=f"Article {number}")
        clock.move(minutes=number % 2)  # some have the same time
    first, second = visit(client, "/articles/"), visit(client, "/articles/?page=2")
    assert len(titles(first)) == PAGE_SIZE
    assert sorted(titles(first) + titles(second)) == sorted(f"Article {number}" for number in range(PAGE_SIZE + 1))
    assert first.one("a[rel=next]").attributes["href"] == "?page=2"
    assert second.one("a[rel=prev]").attributes["href"] == "?page=1"
    assert not second.tree.css("a[rel=next]")
    assert "page 2" in second.one("title").text()


@pytest.mark.parametrize("path", ["/articles/", "/articles/category/back-pain/", "/articles/tag/hips/"])
def test_a_page_that_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    make_article(tags=["hips"])
    for page in ("0", "2", "-1", "abc", "1.5", "", " 1", "٣", "²", "9" * 7, "9" * 5000, "1;drop", "%"):
        answer = client.get(path, query_string={"page": page})
        assert answer.status_code == 404, page
    assert client.get(f"{path}?page=%00").status_code == 400
    visit(client, f"{path}?page=1")


def test_a_category_lists_its_own_articles_under_its_name(client: FlaskClient) -> None:
    knees = make_category("Knees", "knees")
    make_article(title="On knees", category_id=knees.id)
    make_article(title="On backs")
    page = visit(client, "/articles/category/knees/")
    assert (page.texts("h1"), titles(page)) == (["Knees"], ["On knees"])


def test_a_tag_lists_its_own_articles_under_its_name(client: FlaskClient) -> None:
    make_article(title="On stairs", tags=["Stairs", "Knees"])
    make_article(title="On backs", tags=["Backs"])
    page = visit(client, "/articles/tag/stairs/")
    assert (page.texts("h1"), titles(page)) == (["Articles on Stairs"], ["On stairs"])


def test_unknown_categories_and_tags_are_not_found(client: FlaskClient) -> None:
    make_article(tags=["hips"])
    for path in ("/articles/category/hips/", "/articles/tag/back-pain/", "/articles/category/", "/articles/tag/"):
        visit(client, path, status=404)


def test_an_empty_site_says_so_and_stands(client: FlaskClient) -> None:
    make_category()
    assert "no articles yet" in visit(client, "/").text
    for path in ("/articles/", "/articles/category/back-pain/"):
        assert "no articles here yet" in visit(client, path).text


def test_a_card_has_one_link_that_names_the_article(client: FlaskClient) -> None:
    article = make_article(title="Strong hips", image_id=make_image().id)
    card = visit(client, "/articles/").one(".teaser")
    links = card.css("a")
    assert [link.attributes["href"] for link in links] == [article.address]
    assert "Strong hips" in links[0].text()


def test_a_title_with_markup_is_shown_as_typed(client: FlaskClient) -> None:
    article = make_article(title="<b>Bold</b> & “sure”", summary="<script>alert(1)</script>")
    for path in ("/articles/", article.address):
        page = visit(client, path)
        assert "<b>Bold</b> & “sure”" in page.text
        assert "<script>alert(1)</script>" in page.text


def test_a_missing_slash_is_added_for_good_and_an_unknown_address_is_404_at_once(client: FlaskClient) -> None:
    article = make_article(slug="hips")
    page = make_article(kind=Kind.PAGE, slug="about-us")
    for address in (article.address, page.address):
        answer = client.get(f"{address.rstrip('/')}?a=1")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{address}?a=1")
    for unknown in ("/nothing", "/nothing/", "/articles/nothing", "/logout"):
        assert client.get(unknown).status_code == 404


def test_the_contact_page_shows_the_clinics_facts_as_they_are_now(client: FlaskClient) -> None:
    make_article(kind=Kind.PAGE, slug="contact", title="Contact")
    change_preferences({"phone": "+65 6000 0000", "hours": "Mon-Sun 7:00-9:00"}, by=make_user())
    page = visit(client, "/contact/")
    assert page.tree.css('main a[href="tel:+6560000000"]')
    assert "Monday to Sunday 7:00–9:00" in " ".join(page.texts("main .hours"))
