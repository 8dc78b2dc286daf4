"""The page store: pages are rendered once, are current after every change, and are the same for everyone."""

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import sqlalchemy as sa
import zstandard
from flask import Flask, request, request_started, session
from flask.testing import FlaskClient

from clinic.app import create_app
from clinic.articles.lifecycle import retire_article, sweep_trash, trash_article
from clinic.articles.models import Article
from clinic.articles.operations import edit_article
from clinic.comments.models import CommentState
from clinic.comments.operations import moderate_comment, post_comment
from clinic.core import content_version
from clinic.core.db import atomic, db
from clinic.core.settings import load_settings
from clinic.media.operations import Description, describe_image
from clinic.preferences import change_preferences
from clinic.web.pages import store as page_store
from clinic.web.pages.store import PageStore
from clinic.worker import work_once
from tests.articles.test_operations import changed
from tests.conftest import Client, MovableClock
from tests.factories import make_article, make_booking, make_comment, make_image, make_services, make_user
from tests.services import Redis

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "gzip": gzip.decompress,
    "": lambda body: body,
}


@pytest.fixture(autouse=True)
def _clock(clock: MovableClock) -> None:
    """Stop the clock, because a page might otherwise expire in the middle of a test."""


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Record the paths that reach the app."""
    paths: list[str] = []

    def note(_app: Flask, **_: object) -> None:
        paths.append(request.path)

    with request_started.connected_to(note, app):
        yield paths


def store_of(app: Flask) -> PageStore:
    store = app.wsgi_app.application  # type: ignore[attr-defined]
    assert isinstance(store, PageStore)
    return store


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_a_page_is_made_once_and_costs_no_statement_after(app: Flask, client: FlaskClient) -> None:
    path = make_article().address
    with counted(app) as made:
        first = client.get(path)
        statements: list[str] = []
        sa.event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        again = client.get(path)
    assert made == [path]
    assert statements == []
    assert again.data == first.data
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert again.headers["Vary"] == "Accept-Encoding"
    assert "Content-Security-Policy" in again.headers
    assert "X-Request-ID" in first.headers
    assert not {"Set-Cookie", "X-Request-ID"} & set(again.headers.keys())


def an_edit(article: Article) -> str:
    edit_article(article, changed(article, title="Another title"), by=make_user())
    return "Another title"


def a_comment(article: Article) -> str:
    comment = make_comment(article, body="It helped me a lot.")
    moderate_comment(comment, CommentState.APPROVED, by=make_user())
    return "It helped me a lot."


def a_preference(article: Article) -> str:
    change_preferences({"name": "The Other Clinic"}, by=make_user())
    return "The Other Clinic"


def a_service(article: Article) -> str:
    make_services()
    return "Pilates 1-to-1"


def another_article(article: Article) -> str:
    make_article(title="A newer one", category_id=article.category_id)
    return "A newer one"


@pytest.mark.parametrize("change", [an_edit, a_comment, a_preference, a_service, another_article])
def test_one_request_after_a_change_nobody_sees_the_old_page(
    app: Flask, client: FlaskClient, change: Callable[[Article], str]
) -> None:
    article = make_article()
    path = article.address
    text(client, path)
    assert change(article) in text(client, path)


def test_what_was_taken_away_is_gone_at_once(app: Flask, client: FlaskClient) -> None:
    article, other = make_article(), make_article()
    comment = make_comment(article, body="Nonsense")
    moderate_comment(comment, CommentState.APPROVED, by=make_user())
    assert "Nonsense" in text(client, article.address)
    moderate_comment(comment, CommentState.REJECTED, by=make_user())
    assert "Nonsense" not in text(client, article.address)
    assert other.title in text(client, "/articles/")
    trash_article(other, by=make_user())
    assert other.title not in text(client, "/articles/")
    retire_article(article, because="It was wrong.")
    assert client.get(article.address).status_code == 410


def test_the_words_of_a_picture_change_at_once(app: Flask, client: FlaskClient) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    text(client, article.address)
    describe_image(image, Description(alt="A knee, seen from the side", credit="Photo: Mei Tan"), by=make_user())
    assert "A knee, seen from the side" in text(client, article.address)


def test_a_scheduled_article_shows_when_it_is_due(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    article = make_article(title="Later today", at=clock.now + timedelta(seconds=61))
    for path in ("/", "/articles/", "/feed.xml"):
        assert "Later today" not in text(client, path)
    assert client.get(article.address).status_code == 404
    clock.move(seconds=60)
    assert "Later today" not in text(client, "/articles/")
    clock.move(seconds=1)
    for path in ("/", "/articles/", "/feed.xml"):
        assert "Later today" in text(client, path)
    assert client.get(article.address).status_code == 200


def test_home_says_open_from_the_first_minute_on(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    change_preferences({"hours": "Mon-Sun 10:07-11:00"}, by=make_user())
    clock.now = clock.now.replace(minute=6, second=30)
    assert "Open now" not in text(client, "/")
    clock.move(seconds=30)
    assert "Open now" in text(client, "/")


def test_what_readers_do_not_see_leaves_the_pages_stored(app: Flask, client: FlaskClient) -> None:
    make_services()
    article = make_article()
    path = article.address
    text(client, path)
    make_booking()
    post_comment(article_id=article.id, article_title=article.title, name="Ann", email="ann@example.org", body="Hm.")
    make_user()
    with counted(app) as made:
        text(client, path)
    assert made == []


def test_a_worker_without_work_changes_nothing(app: Flask) -> None:
    make_image()
    make_article()
    work_once(app)
    before = content_version.current()
    work_once(app)
    sweep_trash()
    with atomic():
        db.session.execute(sa.update(Article).where(Article.id == -1).values(title="Nobody's"))
    assert content_version.current() == before


def test_what_was_undone_was_no_change(app: Flask) -> None:
    article = make_article()
    before = content_version.current()
    with pytest.raises(RuntimeError), atomic():
        article.title = "Never"
        db.session.flush()
        raise RuntimeError
    assert content_version.current() == before


def test_a_change_while_a_page_is_made_is_not_missed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make_article(title="Before")
    path, id_ = article.address, article.id

    def change_meanwhile(_began: object) -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE article SET title = 'After' WHERE id = :id"), {"id": id_})
            connection.execute(sa.text("UPDATE content_version SET token = 'meanwhile'"))

    monkeypatch.setattr(store_of(app), "_due", change_meanwhile)
    assert "Before" in text(client, path)
    monkeypatch.undo()
    assert "After" in text(client, path)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip", ""])
def test_each_encoding_is_the_same_page_with_an_etag_of_its_own(app: Flask, client: FlaskClient, encoding: str) -> None:
    path = make_article().address
    plain = client.get(path)
    answer = client.get(path, headers={"Accept-Encoding": encoding})
    assert answer.headers.get("Content-Encoding", "") == encoding
    assert DECODE[encoding](answer.data) == plain.data
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert (answer.headers["ETag"] == plain.headers["ETag"]) is (encoding == "")
    for tag in (answer.headers["ETag"], f'"x", W/{answer.headers["ETag"]}', "*"):
        same = client.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": tag})
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["ETag"] == answer.headers["ETag"]
        assert same.headers["Vary"] == "Accept-Encoding"
    head = client.head(path, headers={"Accept-Encoding": encoding})
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, zstd", "zstd"),
        ("identity", ""),
        ("nonsense;;q=x", ""),
        ("*", "br"),
    ],
)
def test_the_best_accepted_encoding_is_taken(app: Flask, client: FlaskClient, accepted: str, encoding: str) -> None:
    answer = client.get(make_article().address, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding", "") == encoding


def test_staff_and_unknown_questions_go_past_the_store(app: Flask, client: FlaskClient) -> None:
    path = make_article().address
    with counted(app) as made:
        for query in ("", "?comment=received", "?page=1", "?x=1"):
            for _ in range(2):
                client.get(f"{path}{query}")
        client.set_cookie("clinic_staff", "x")
        client.get(path)
    assert made == [path] * (1 + 2 + 2 + 2 + 1)


def test_the_marks_of_letters_and_advertisements_make_no_other_page(app: Flask, client: FlaskClient) -> None:
    path = make_article().address
    with counted(app) as made:
        pages = {client.get(f"{path}{query}").data for query in ("", "?utm_source=letter", "?gclid=1&utm_medium=x")}
        client.get("/articles/?page=1&fbclid=2")
        client.get("/articles/?page=1")
    assert made == [path, "/articles/"]
    assert len(pages) == 1


def test_hosts_do_not_share_pages(app: Flask, client: FlaskClient) -> None:
    with counted(app) as made:
        client.get("/articles/", headers={"Host": "one.example"})
        client.get("/articles/", headers={"Host": "two.example"})
    assert len(made) == 2


def test_of_many_who_ask_at_once_one_makes_the_page(app: Flask) -> None:
    path = make_article().address
    start = threading.Barrier(8)

    def ask(_: int) -> bytes:
        start.wait(5)
        with app.app_context():
            return bytes(app.test_client().get(path).data)

    with counted(app) as made, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert made == [path]


def test_the_memory_is_bounded_and_what_is_read_stays(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [make_article().address for _ in range(6)]
    text(client, paths[0])
    monkeypatch.setattr(page_store, "MOST_BYTES", 4 * len(client.get(paths[0]).data) * 4 // 3)
    for path in paths[1:]:
        text(client, path)
        text(client, paths[0])
    with counted(app) as made:
        text(client, paths[0])
        text(client, paths[1])
    assert made == [paths[1]]


def other_machine(app: Flask, folder: Path, **environ: str) -> Flask:
    """Another app on the same database, like another machine."""
    url = app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg", "postgresql")
    values = {"CLINIC_ENV": "test", "RATE_LIMITS": "off", "DATABASE_URL": url} | environ
    other = create_app(load_settings(values, folder))
    other.test_client_class = Client
    return other


def test_a_change_on_one_machine_shows_on_the_other_at_once(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    other = other_machine(app, tmp_path).test_client()
    article = make_article()
    path = article.address
    for number in range(5):
        edit_article(article, changed(article, title=f"Title {number}"), by=make_user())
        assert f"Title {number}" in text(other, path)
        assert f"Title {number}" in text(client, path)


@pytest.mark.redis
def test_with_redis_machines_share_what_one_has_made(app: Flask, redis_server: Redis, tmp_path: Path) -> None:
    one, two = (other_machine(app, tmp_path / name, REDIS_URL=redis_server.url) for name in "ab")
    article = make_article()
    reader = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    with counted(two) as made:
        first = one.test_client().get(article.address, headers=reader)
        second = two.test_client().get(article.address, headers=reader)
        assert made == []
        assert second.data == first.data
        assert two.extensions["clinic.reads"]._counts.total() == 1, "a page made elsewhere is read here"
        edit_article(article, changed(article, title="New"), by=make_user())
        assert "New" in two.test_client().get(article.address).get_data(as_text=True)
    assert made == [article.address]


@pytest.mark.redis
def test_without_redis_each_machine_makes_its_own(app: Flask, tmp_path: Path) -> None:
    server = Redis()
    machine = other_machine(app, tmp_path, REDIS_URL=server.url)
    path = make_article().address
    with counted(machine) as made:
        text(machine.test_client(), path)
        server.stop()
        text(machine.test_client(), path)
        text(machine.test_client(), make_article().address)
        text(machine.test_client(), path)
    assert made[0] == path
    assert len(made) == 3


def test_while_the_database_is_away_stored_pages_are_answered_until_they_end(
    app: Flask, client: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_article().address
    text(client, path)

    def away() -> object:
        raise OSError

    monkeypatch.setattr(store_of(app)._version, "_ask", away)
    with counted(app) as made:
        text(client, path)
        assert made == []
        clock.move(minutes=10)
        text(client, path)
    assert made == [path]


def test_a_page_is_sent_and_not_kept_when_the_database_goes_away_after_it_was_made(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_article().address

    def away(_began: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("terminating connection"))

    monkeypatch.setattr(store_of(app), "_due", away)
    with counted(app) as made:
        for _ in range(2):
            assert client.get(path).status_code == 200
    assert made == [path, path]


def test_a_page_ends_with_the_clinics_day(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    clock.now = clock.now.replace(hour=15, minute=59)  # 23:59 in Singapore
    path = make_article().address
    with counted(app) as made:
        text(client, path)
        clock.move(seconds=59)
        text(client, path)
        clock.move(seconds=1)
        text(client, path)
    assert made == [path, path]


@pytest.mark.parametrize("cookie", ["remember_token=x", "clinic_staff =x", "a=b; clinic_staff=x"])
def test_who_may_be_signed_in_is_answered_past_the_store(app: Flask, cookie: str) -> None:
    path = make_article().address
    with counted(app) as made:
        for _ in range(2):
            app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
    assert made == [path, path]


def test_a_page_that_sets_a_cookie_is_not_kept(app: Flask, client: FlaskClient) -> None:
    path = make_article().address

    def sign(_app: Flask, **_: object) -> None:
        session["seen"] = "once"

    with request_started.connected_to(sign, app):
        first = client.get(path)
    assert "clinic_staff" in first.headers["Set-Cookie"]
    assert "Set-Cookie" not in app.test_client().get(path).headers


def test_where_the_app_is_mounted_is_no_part_of_a_stored_page(app: Flask, client: FlaskClient) -> None:
    path = make_article().address
    client.get(path, environ_overrides={"SCRIPT_NAME": "//evil.example"})
    assert "evil.example" not in text(app.test_client(), path)


@pytest.mark.parametrize("query", ["&", "&&", "utm_source=x&&", "page=1", "page=1&page=2", "page=1&gclid=x"])
def test_a_query_that_says_the_same_is_the_same_page(app: Flask, client: FlaskClient, query: str) -> None:
    make_article()
    plain = "/articles/?page=1" if "page" in query else "/articles/"
    with counted(app) as made:
        assert text(client, plain) == text(client, f"/articles/?{query}")
    assert len(made) == 1
