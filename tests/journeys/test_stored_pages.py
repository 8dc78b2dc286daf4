"""Stored pages through gunicorn: no request after a change gets an old page from any process."""

import re
import threading
import time
from collections.abc import Iterator

import pytest

from clinic.articles.models import Kind
from clinic.articles.operations import edit_article
from clinic.reading.article_queries import article_with_slug
from tests.articles.test_operations import changed
from tests.journeys.site import PLACES, Site, ask, at_once, site_on


@pytest.fixture(scope="module", params=PLACES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(request.param, request, tmp_path_factory.mktemp("stored")) as site:
        site.start_web()
        yield site


def edit(site: Site, number: int) -> None:
    with site.app.app_context():
        article = article_with_slug(Kind.POST, site.article.split("/")[2])
        assert article
        edit_article(article, changed(article, title=f"Edition {number}", slug=article.slug))


def edition(site: Site) -> int:
    answer = ask(site.port, site.article)
    assert answer.status == 200
    found = re.search(r"<h1[^>]*>Edition (\d+)", answer.text)
    return int(found[1]) if found else 0


def test_none_of_twenty_requests_after_each_of_twenty_changes_is_old(site: Site) -> None:
    for number in range(100, 120):
        edit(site, number)
        assert set(at_once([lambda: edition(site)] * 20)) == {number}


def test_while_many_read_nobody_sees_what_was_old_when_they_asked(site: Site) -> None:
    done = [200]
    edit(site, 200)
    is_over = threading.Event()
    seen_editions: list[int] = []
    old: list[tuple[int, int]] = []

    def read() -> None:
        while not is_over.is_set():
            known = done[0]
            seen = edition(site)
            seen_editions.append(seen)
            if seen < known:
                old.append((seen, known))

    def write() -> None:
        deadline = time.monotonic() + 60
        try:
            # Run until there were enough of both, however the machine divides its time.
            while (len(seen_editions) < 200 or done[0] < 210) and time.monotonic() < deadline:
                edit(site, done[0] + 1)
                done[0] += 1
        finally:
            is_over.set()

    at_once([read, read, read, read, write])
    assert old == []
    assert len(seen_editions) >= 200
    assert done[0] >= 210
