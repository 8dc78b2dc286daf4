"""Tests of structured data, canonical addresses and the share picture."""

import io
import json
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from PIL import Image as Pillow

from clinic.articles.taxonomy import ensure_author
from clinic.preferences import change_preferences
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_image, make_user


def things(page: Page) -> dict[str, dict[str, Any]]:
    data = json.loads(page.one('script[type="application/ld+json"]').text())
    return {thing["@type"]: thing for thing in data["@graph"]}


def test_an_article_says_who_wrote_and_who_reviewed_it(client: FlaskClient) -> None:
    reviewer = ensure_author(slug="haziq", name="Haziq Rosman", title="Exercise physiologist", bio="Moves.")
    article = make_article(title="Knees </script> & stairs", reviewer_id=reviewer.id, reviewed_on=date(2026, 11, 5))
    page = visit(client, article.address)
    found = things(page)
    assert found["Article"]["headline"] == article.title
    assert found["MedicalWebPage"]["lastReviewed"] == "2026-11-05"
    assert found["MedicalWebPage"]["reviewedBy"]["@id"].endswith("/team/haziq/#person")
    assert "Reviewed by Haziq Rosman on 5 November 2026" in page.text
    assert [item["name"] for item in found["BreadcrumbList"]["itemListElement"]][-1] == article.title


def test_the_clinic_has_one_source_of_facts(client: FlaskClient) -> None:
    change_preferences({"phone": "+65 6999 0000", "hours": "Mon 9:00-10:00"}, by=make_user())
    page = visit(client, "/")
    clinic = things(page)["MedicalBusiness"]
    assert clinic["telephone"] == "+65 6999 0000"
    assert clinic["openingHoursSpecification"] == [
        {"@type": "OpeningHoursSpecification", "dayOfWeek": ["Monday"], "opens": "09:00", "closes": "10:00"}
    ]
    assert "+65 6999 0000" in page.text
    assert "Monday 9:00–10:00" in page.text


def test_each_page_names_its_own_address(client: FlaskClient) -> None:
    article = make_article()
    for path in ("/", "/articles/", article.address, "/book/", "/search/"):
        link = visit(client, path).one("link[rel=canonical]")
        assert link.attributes["href"] == f"http://127.0.0.1:8000{path}"


def test_the_share_picture_is_1200_by_630_and_follows_the_title(client: FlaskClient) -> None:
    article = make_article(title="Why hips matter " * 6, image_id=make_image().id)
    answer = client.get(f"/articles/{article.slug}/share.jpg")
    with Pillow.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (1200, 630)
    assert client.get(f"/articles/{article.slug}/share.jpg").data == answer.data
    assert client.get(f"/articles/{make_article(publish=False).slug}/share.jpg").status_code == 404


def test_a_long_article_has_a_table_of_contents_that_leads_to_its_headings(client: FlaskClient) -> None:
    body = "".join(f"<h2>Step {number}</h2><p>Do it.</p><h3>Why</h3>" for number in range(4))
    page = visit(client, make_article(body=body).address)
    links = page.tree.css(".contents a")
    assert [link.text() for link in links] == ["Step 0", "Step 1", "Step 2", "Step 3"]
    for link in links:
        assert page.one(link.attributes["href"] or "").tag == "h2"
    assert not visit(client, make_article().address).tree.css(".contents")


def test_an_author_has_a_page_with_what_they_wrote(client: FlaskClient) -> None:
    article = make_article(title="Hips")
    page = visit(client, "/team/lim-pei-shuang/")
    assert article.title in page.texts(".teaser-title")
    assert things(page)["Person"]["jobTitle"] == "Physiotherapist"
    visit(client, "/team/nobody/", status=404)


def test_an_unknown_address_offers_to_search_for_its_words(client: FlaskClient) -> None:
    page = visit(client, "/knee-pain/", status=404)
    assert page.one("#search").attributes["value"] == "knee pain"


def test_days_that_differ_stand_in_the_data_and_at_the_foot(client: FlaskClient, clock: MovableClock) -> None:
    days = "2026-11-23 closed Stocktaking\n2026-11-24 9:00-12:00"
    change_preferences({"special_days": days}, by=make_user())
    page = client.get("/").get_data(as_text=True)
    assert '"validFrom": "2026-11-23", "validThrough": "2026-11-23", "opens": "00:00", "closes": "00:00"' in page
    assert '"validFrom": "2026-11-24", "validThrough": "2026-11-24", "opens": "09:00", "closes": "12:00"' in page
    assert "<dt>23 November 2026</dt><dd>closed</dd>" in page
    clock.move(days=60)
    assert "specialOpeningHours" not in client.get("/").get_data(as_text=True)
