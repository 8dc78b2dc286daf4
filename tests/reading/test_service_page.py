"""The page of one service."""

import json

from flask.testing import FlaskClient

from clinic.core.db import atomic
from tests.browse import visit
from tests.factories import make_services


def test_it_says_what_it_is_and_its_form_is_set_to_it(client: FlaskClient) -> None:
    move, pilates = make_services()
    with atomic():
        pilates.body = "<h2>What it is for</h2><p>Strength.</p>"
    page = visit(client, pilates.address)
    assert page.texts("h1") == ["Pilates 1-to-1"]
    assert "Strength." in page.text
    assert page.values("Book my trial")["service"] == "pilates-1-to-1"
    assert page.one(f'a[href="{move.address}"]').text() == move.name
    graph = json.loads(page.one("script[type='application/ld+json']").text())["@graph"]
    assert graph[0]["name"] == page.texts("h1")[0]


def test_home_and_sitemap_lead_to_it(client: FlaskClient) -> None:
    for service in make_services():
        assert visit(client, "/").tree.css(f'.service a[href="{service.address}"]')
        assert f"http://127.0.0.1:8000{service.address}<" in client.get("/sitemap.xml").text


def test_an_unknown_one_and_one_that_is_not_offered_are_not_found(client: FlaskClient) -> None:
    service = make_services()[0]
    with atomic():
        service.is_active = False
    for path in (service.address, "/services/nothing/"):
        assert visit(client, path, status=404).texts("h1") == ["We cannot find that page"]
