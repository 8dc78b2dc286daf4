"""Feed, sitemap and the small files that robots request."""

from datetime import timedelta
from xml.etree import ElementTree as Xml

import pytest
from flask.testing import FlaskClient

from clinic.core import clock as time
from clinic.discovery import queries, views
from tests.factories import make_article, make_image

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_the_feed_has_the_whole_text_with_full_addresses_and_stable_ids(client: FlaskClient) -> None:
    image = make_image()
    article = make_article(
        title="Knees & stairs", body=f'<p>See <a href="/book/">us</a>.</p><figure data-image="{image.id}"></figure>'
    )
    make_article(publish=False, title="Secret")
    tree = Xml.fromstring(client.get("/feed.xml").data)
    entries = tree.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Knees & stairs"]
    content = entries[0].findtext(f"{ATOM}content") or ""
    assert 'href="http://127.0.0.1:8000/book/"' in content
    assert 'src="http://127.0.0.1:8000/media/' in content
    assert '"/media' not in content
    assert entries[0].findtext(f"{ATOM}id") == f"tag:127.0.0.1,2026:article-{article.id}"


def test_the_sitemap_lists_what_is_public_with_its_last_change(client: FlaskClient) -> None:
    article = make_article()
    make_article(publish=False)
    make_article(at=time.now() + timedelta(days=1))
    tree = Xml.fromstring(client.get("/sitemap.xml").data)
    places = [url.findtext(f"{MAP}loc") for url in tree]
    assert places[-1] == f"http://127.0.0.1:8000{article.address}"
    people = ["/team/lim-pei-shuang/", "/articles/category/back-pain/"]
    assert places[:-1] == [f"http://127.0.0.1:8000{path}" for path in (*views.FIXED, *people)]
    assert tree[-1].findtext(f"{MAP}lastmod") is not None


def test_a_large_sitemap_is_an_index_of_files(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [make_article() for _ in range(5)]
    size = articles[-1].id // 2 + 1  # two ranges of ids
    monkeypatch.setattr(queries, "PART_SIZE", size)
    tree = Xml.fromstring(client.get("/sitemap.xml").data)
    places = [part.findtext(f"{MAP}loc") for part in tree.findall(f"{MAP}sitemap")]
    assert places == [f"http://127.0.0.1:8000/sitemap-{number}.xml" for number in (1, 2)]
    parts = [client.get(f"/sitemap-{number}.xml").text for number in (1, 2)]
    for article in articles:
        assert [part.count(f"{article.address}</loc>") for part in parts] == [article.id < size, article.id >= size]
    assert [part.count("<loc>http://127.0.0.1:8000/book/</loc>") for part in parts] == [1, 0]
    assert [client.get(f"/sitemap-{number}.xml").status_code for number in (0, 3)] == [404, 404]


def test_no_file_of_a_sitemap_is_too_long() -> None:
    most_fixed = len(views.FIXED) + 20 + 200 + 100  # services, authors, categories
    assert queries.PART_SIZE + most_fixed <= 50_000


def test_the_small_files_are_there(client: FlaskClient) -> None:
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in client.get("/robots.txt").text
    assert client.get("/site.webmanifest").get_json()["name"] == "Move Therapy"
    assert "Contact: mailto:" in client.get("/.well-known/security.txt").text
