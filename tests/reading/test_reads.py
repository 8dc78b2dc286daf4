"""Tests of read counts: no identifiers, and no write while reading."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lifecycle import delete_article
from clinic.articles.models import Article, ReadCount
from clinic.articles.operations import edit_article
from clinic.core.db import db
from clinic.reading.reads import ReadCounter, add_reads
from tests.articles.test_operations import changed
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article

BROWSER = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"}


def flush(app: Flask) -> None:
    counter: ReadCounter = app.extensions["clinic.reads"]
    counter.flush()
    db.session.rollback()


def reads() -> dict[tuple[str, str], int]:
    """Return the counts by slug and day."""
    rows = db.session.execute(sa.select(Article.slug, ReadCount.day, ReadCount.reads).join(Article)).all()
    return {(row.slug, row.day.isoformat()): row.reads for row in rows}


def test_reads_are_added_up_by_day_of_the_clinic(app: Flask, client: FlaskClient, clock: MovableClock) -> None:
    clock.now = clock.now.replace(hour=15, minute=59)  # 23:59 in Singapore
    article = make_article()
    for _ in range(3):
        assert client.get(article.address, headers=BROWSER).status_code == 200
    flush(app)
    client.get(article.address, headers=BROWSER)
    clock.move(minutes=1)
    client.get(article.address, headers=BROWSER)
    flush(app)
    flush(app)
    assert reads() == {(article.slug, "2026-11-20"): 4, (article.slug, "2026-11-21"): 1}


def test_reading_writes_nothing_to_the_database_before_the_flush(app: Flask, client: FlaskClient) -> None:
    article = make_article()
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client.get(article.address, headers=BROWSER)
    assert statements
    assert not [one for one in statements if one.split()[0] in ("INSERT", "UPDATE", "DELETE") or "IMMEDIATE" in one]
    assert reads() == {}
    flush(app)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": ""},
        BROWSER | {"Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_robots_and_prefetches_are_not_readers(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get(make_article().address, headers=headers).status_code == 200
    flush(app)
    assert reads() == {}


def test_staff_are_not_readers(app: Flask, client: FlaskClient) -> None:
    article = make_article()
    client.set_cookie("clinic_staff", "x")
    assert client.get(article.address, headers=BROWSER).status_code == 200
    flush(app)
    assert reads() == {}


def test_neither_head_nor_a_missing_article_nor_another_page_counts(app: Flask, client: FlaskClient) -> None:
    article = make_article()
    client.head(article.address, headers=BROWSER)
    client.get("/articles/nowhere/", headers=BROWSER)
    client.get("/articles/", headers=BROWSER)
    flush(app)
    assert reads() == {}


def test_counts_are_kept_while_the_database_is_away(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make_article()
    client.get(article.address, headers=BROWSER)

    def away(*_: object) -> None:
        raise sa.exc.OperationalError("", {}, Exception())

    with monkeypatch.context() as patched:
        patched.setattr("clinic.reading.reads.add_reads", away)
        flush(app)
    client.get(article.address, headers=BROWSER)
    flush(app)
    assert list(reads().values()) == [2]


def test_an_article_that_was_renamed_or_deleted_before_the_flush_loses_no_other_count(
    app: Flask, client: FlaskClient
) -> None:
    renamed, deleted, kept = make_article(slug="old"), make_article(), make_article()
    for article in (renamed, deleted, kept):
        client.get(article.address, headers=BROWSER)
    delete_article(deleted)
    edit_article(renamed, changed(renamed, slug="new"))
    flush(app)
    assert [slug for slug, _ in reads()] == [kept.slug]


def test_home_shows_what_was_read_most_in_the_last_four_weeks(client: FlaskClient, clock: MovableClock) -> None:
    articles = [make_article(title=f"Text {number}") for number in range(8)]
    today = clock.now.date()
    add_reads({(articles[0].slug, today): 2, (articles[1].slug, today): 9, (articles[7].slug, today): 50})
    add_reads({(articles[2].slug, today - timedelta(days=40)): 900})
    page = visit(client, "/")
    section = "section[aria-labelledby=most-read-title] .teaser-title"
    assert page.texts(section) == ["Text 1", "Text 0"], "the newest are shown above, and old reads are old"
    assert page.texts("section[aria-labelledby=newest-title] .teaser-title") == ["Text 7", "Text 6", "Text 5"]
