"""The site behind deploy/nginx.conf, in a real nginx with two real web machines."""

import gzip
import http.client
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from clinic.articles.models import Kind
from clinic.articles.operations import edit_article
from clinic.core.db import db
from clinic.media.operations import replace_image
from clinic.reading.article_queries import article_with_slug
from clinic.web.assets import asset_url
from clinic.web.headers import HEADERS
from tests.articles.test_operations import changed
from tests.cluster.cluster import WEB, Cluster, instance_of, running_cluster
from tests.factories import make_image, picture_bytes
from tests.journeys.site import Answer, ask, at_once
from tests.nginx import Nginx

pytestmark = pytest.mark.nginx
ALWAYS = {name.lower(): value for name, value in HEADERS.items()}
OF_A_SERVER = {"server", "date", "connection", "keep-alive", "etag", "last-modified", "accept-ranges", "x-request-id"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("nginx")) as site:
        yield site


@pytest.fixture(scope="module")
def pictures(site: Cluster) -> tuple[str, str]:
    """Return the address of an image, and of one that was replaced."""
    with site.app.app_context():
        first, second = make_image(), make_image()
        replace_image(second, picture_bytes(), filename="two.jpg")
        db.session.refresh(second)
        return first.url(), second.url()


@pytest.fixture
def away(site: Cluster) -> Iterator[None]:
    """No web machine answers; nginx still sends the files that it serves itself."""
    for name in WEB:
        site.kill(name)
    yield
    for name in WEB:
        site.start_machine(name)
    site.be_found_again()


def fetch(port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[Answer, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    content = response.read()
    names = [name.lower() for name, _ in response.getheaders()]
    assert len(names) == len(set(names)), f"a header twice: {names}"
    text = content.decode("utf-8", "replace")
    connection.close()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text), content


def addresses(site: Cluster) -> list[str]:
    with site.app.app_context():
        return [asset_url(name) for name in ("site.css", "trial.js", "favicon.svg", "icon-192.png", "figtree.woff2")]


def edit(site: Cluster, title: str) -> None:
    with site.app.app_context():
        article = article_with_slug(Kind.POST, site.article.split("/")[2])
        assert article
        edit_article(article, changed(article, title=title, slug=article.slug))


def test_nginx_takes_the_file_without_a_warning(site: Cluster) -> None:
    said = site.nginx.check()
    assert "test is successful" in said
    assert "warn" not in said


FORMLESS = "/articles/"  # an article has a form with a time stamp, which differs between processes


def test_a_page_is_the_same_as_from_a_machine_itself(site: Cluster) -> None:
    for accept in ("identity", "gzip", "br"):
        through, there = (
            fetch(port, FORMLESS, Accept_Encoding=accept, Host=f"127.0.0.1:{site.port}")
            for port in (site.port, site.port_of("web one"))
        )
        assert through[1] == there[1]
        assert {name: value for name, value in through[0].headers.items() if name not in OF_A_SERVER} == {
            name: value for name, value in there[0].headers.items() if name not in OF_A_SERVER
        }
        assert through[0].headers["server"] == "nginx", "without its version"


def test_of_twenty_requests_at_once_after_each_change_none_is_old(site: Cluster) -> None:
    for number in range(20):
        edit(site, f"Edition {number}")
        read = at_once([lambda: ask(site.port, site.article).text] * 20)
        assert [text[:2000] for text in read if f">Edition {number}</h1>" not in text] == []


def test_who_has_the_page_is_told_so(site: Cluster) -> None:
    answer, content = fetch(site.port, FORMLESS, If_None_Match=ask(site.port, FORMLESS).headers["etag"])
    assert (answer.status, content) == (304, b"")


def test_pages_of_a_session_are_not_compressed(site: Cluster) -> None:
    answer, content = fetch(site.port, "/login", Accept_Encoding="gzip")
    assert answer.headers["set-cookie"]
    assert b"</html>" in content


@pytest.mark.usefixtures("away")
def test_files_come_from_the_disk_for_ever_and_compressed(site: Cluster) -> None:
    for path in addresses(site):
        answer, content = fetch(site.port, path, Accept_Encoding="gzip, br")
        assert answer.status == 200, path
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert ALWAYS.items() <= answer.headers.items(), path
        is_text = path.endswith((".css", ".js", ".svg"))
        assert (answer.headers.get("content-encoding") == "gzip") == is_text, path
        assert (answer.headers.get("vary") == "Accept-Encoding") == is_text, path
        if is_text:
            assert gzip.decompress(content) == fetch(site.port, path)[1]


def test_files_have_the_headers_that_the_app_gives_them(site: Cluster, pictures: tuple[str, str]) -> None:
    for path in (*addresses(site), *pictures):
        through, there = (fetch(port, path, Accept_Encoding="gzip") for port in (site.port, site.port_of("web two")))
        assert through[0].status == there[0].status == 200
        assert through[1] == there[1], path
        differing = OF_A_SERVER | ({"content-disposition", "expires", "vary"} if path in pictures else set())
        assert {name: value for name, value in through[0].headers.items() if name not in differing} == {
            name: value for name, value in there[0].headers.items() if name not in differing
        }, path


@pytest.mark.usefixtures("away")
def test_pictures_come_from_the_disk_in_each_version(site: Cluster, pictures: tuple[str, str]) -> None:
    for path in pictures:
        answer, content = fetch(site.port, path)
        assert answer.status == 200, path
        assert content.startswith(b"\xff\xd8"), "a JPEG"
        assert answer.headers["content-type"] == "image/jpeg"
        assert ALWAYS.items() <= answer.headers.items()


def test_what_is_not_on_the_disk_is_asked_of_the_app(site: Cluster, pictures: tuple[str, str]) -> None:
    first, replaced = pictures
    assert "?v=2" in replaced
    moved = fetch(site.port, replaced.replace("?v=2", "?v=7"))[0]
    assert (moved.status, moved.headers["location"]) == (302, replaced)
    for path in (f"{first}?v=7", f"{first}?v=x", f"{first}?v=1%2f..", "/media/0/1.jpg", "/assets/site-0000000000.css"):
        answer = fetch(site.port, path)[0]
        assert answer.status in (302, 404), path
        assert answer.headers["x-request-id"], "the app's own answer"
    for path in ("/assets/../settings.env", "/assets/..%2fsettings.env", "/media/../clinic.sqlite3", "/settings.env"):
        assert fetch(site.port, path)[0].status == 404, path


def test_a_file_that_only_one_machine_has_is_found_there(site: Cluster) -> None:
    path = instance_of("web two", site.folder) / "assets" / "later-0123456789.css"
    path.write_text("p{}")
    site.kill("web two")
    site.start_machine("web two")
    site.be_found_again()
    try:
        assert {fetch(site.port, f"/assets/{path.name}")[0].status for _ in range(6)} == {200}
    finally:
        path.unlink()


@pytest.mark.usefixtures("away")
def test_when_no_machine_answers_a_page_says_so(site: Cluster) -> None:
    for method, path in (("GET", "/"), ("GET", site.article), ("POST", "/book/"), ("HEAD", "/"), ("GET", "/admin/")):
        answer, content = fetch(site.port, path, method, b"name=Tan" if method == "POST" else None)
        assert answer.status == 503, f"{method} {path}"
        assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("30", "no-store")
        assert ALWAYS.items() <= answer.headers.items()
        assert (b"<h1>The site is unavailable for a moment</h1>" in content) == (method != "HEAD")
    style = re.search(r'href="([^"]+\.css)"', fetch(site.port, "/")[0].text)
    assert style
    answer = fetch(site.port, style[1])[0]
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "retry-after" not in answer.headers


def test_when_one_machine_is_away_nobody_notices(site: Cluster) -> None:
    for name in WEB:
        site.kill(name)
        statuses = [ask(site.port, site.article).status for _ in range(20)]
        booked = [site.book(email=f"p{n}.{name[-3:]}@example.org", mobile=f"81{len(name)}{n:05}") for n in range(4)]
        site.start_machine(name)
        site.be_found_again()
        assert set(statuses) == {200}
        assert booked[1:] == [303] * 3


def test_what_is_too_large_is_refused_with_a_page(site: Cluster) -> None:
    answer = fetch(site.port, "/book/", "POST", b"x" * (1024 * 1024 + 1))[0]
    assert answer.status == 413
    assert "<h1>That is too large</h1>" in answer.text
    assert ALWAYS.items() <= answer.headers.items()
    assert "retry-after" not in answer.headers
    of_app = fetch(site.port, "/admin/media/new/", "POST", b"x" * (1024 * 1024 + 1))[0]
    assert (of_app.status, "x-request-id" in of_app.headers) == (413, True), "nginx lets it pass; nobody is signed in"
    of_nginx = fetch(site.port, "/admin/media/new/", "POST", b"x" * (25 * 1024 * 1024 + 1))[0]
    assert (of_nginx.status, "x-request-id" in of_nginx.headers) == (413, False)


def test_nothing_is_written_about_visitors(site: Cluster) -> None:
    ask(site.port, f"{site.article}?from=hidden")
    fetch(site.port, "/book/", "POST", b"x" * (1024 * 1024 + 1))
    written = "".join(path.read_text() for path in site.nginx.folder.glob("*.log"))
    assert "hidden" not in written
    assert "client:" not in written


def test_who_keeps_pages_for_a_second_sees_changes_after_it(site: Cluster) -> None:
    ports = (site.port_of("web one"), site.port_of("web two"))
    nginx = Nginx(ports, instance_of("web one", site.folder), is_caching=True)
    assert "warn" not in nginx.check()
    nginx.start()
    try:
        edit(site, "Before")
        assert "Before</h1>" in ask(nginx.port, site.article).text
        edit(site, "After")
        time.sleep(2)
        assert "After</h1>" in ask(nginx.port, site.article).text
        for path in ("/healthz", "/login", "/admin/", "/nothing/"):  # no-store: each request reaches the app
            ids = {fetch(nginx.port, path)[0].headers["x-request-id"] for _ in range(3)}
            assert len(ids) == 3, path
        cookies: dict[str, Any] = {"Cookie": "clinic_staff=x"}
        ids = {fetch(nginx.port, site.article, **cookies)[0].headers["x-request-id"] for _ in range(3)}
        assert len(ids) == 3, "staff are not served from what is kept"
        visitor = fetch(nginx.port, site.article)[0]
        assert visitor.headers.get("x-request-id") not in ids, "nor is theirs kept for visitors"
    finally:
        nginx.stop()
