"""Feed, sitemap and the small files that robots ask for."""

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
    monkeypatch.setattr(queries, "SITEMAP_SIZE", 2)
    monkeypatch.setattr(views, "SITEMAP_SIZE", 2)
    for _ in range(5):
        make_article()
    tree = Xml.fromstring(client.get("/sitemap.xml").data)
    assert len(tree.findall(f"{MAP}sitemap")) == 3
    sizes = [len(Xml.fromstring(client.get(f"/sitemap-{number}.xml").data)) for number in (1, 2, 3)]
    assert sizes == [2 + len(views.FIXED) + 2, 2, 1]
    assert client.get("/sitemap-4.xml").status_code == 404


def test_the_small_files_are_there(client: FlaskClient) -> None:
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in client.get("/robots.txt").text
    assert client.get("/site.webmanifest").json["name"] == "Move Therapy"
    assert "Contact: mailto:" in client.get("/.well-known/security.txt").text
