"""Tests of revisions, conflicts, trash, successors and reviews: no text is lost."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.errors import ArticleChanged, NotReady, RedirectRefused
from clinic.articles.lifecycle import (
    TRASH_KEPT,
    publish_article,
    retire_article,
    sweep_trash,
    trash_article,
    unschedule_article,
    untrash_article,
)
from clinic.articles.models import Article, ArticleState, Revision
from clinic.articles.operations import edit_article
from clinic.articles.reviews import remind_of_reviews, sign_off_article
from clinic.articles.revisions import restore_revision, revision_of, revisions_of
from clinic.articles.text import Text
from clinic.core.clock import months_after
from clinic.core.db import Base, db
from clinic.core.signing import sign
from clinic.editing.previews import article_for_preview, make_preview_link, preview_links, revoke_preview_link
from clinic.outbox.models import Message
from tests.articles.test_operations import changed
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_author, make_comment, make_image, make_user

LOG = ("audit_line", "revision")


def rows(*without: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, without the excluded tables and the token that every change replaces."""
    db.session.rollback()
    return {
        table.name: sorted((tuple(row) for row in db.session.execute(sa.select(table))), key=str)
        for table in Base.metadata.sorted_tables
        if table.name not in (*without, "content_version")
    }


def versions(article: Article) -> list[int]:
    return [revision.version for revision in revisions_of(article)]


def test_each_save_is_kept_and_one_that_changes_nothing_is_none(app: Flask, clock: MovableClock) -> None:
    mei = make_user(name="Mei")
    article = make_article(title="One")
    clock.move(hours=1)
    edit_article(article, changed(article, title="Two"), by=mei)
    edit_article(article, changed(article), by=mei)
    assert (article.version, versions(article)) == (2, [2, 1])
    newest = revisions_of(article)[0]
    assert newest.by
    assert (newest.by.name, newest.at, newest.fields["title"]) == ("Mei", clock.now, "Two")


def test_an_article_from_before_revisions_keeps_its_first_text(app: Flask) -> None:
    article = make_article(title="One")
    with db.session.begin_nested():
        db.session.execute(sa.delete(Revision))
    db.session.commit()
    edit_article(article, changed(article, title="Two"))
    assert [revision.fields["title"] for revision in revisions_of(article)] == ["Two", "One"]


def test_restoring_makes_the_text_what_it_was_in_every_row(app: Flask, clock: MovableClock) -> None:
    image = make_image()
    article = make_article(
        title="One",
        slug="one",
        tags=["hips"],
        image_id=image.id,
        body=f'<p>A</p><figure data-image="{image.id}"></figure>',
    )
    before = rows(*LOG)
    edit_article(
        article, changed(article, title="Two", slug="two", tags=["knees"], image_id=None, body="<p>B</p>", summary="x")
    )
    assert rows(*LOG) != before
    first = revision_of(article, 1)
    assert first
    restore_revision(first)
    after = rows(*LOG)
    # The version counts on, the address in between leads here, and a tag stays for others to use.
    for table in before:
        if table not in ("article", "redirect", "tag", "relation"):
            assert after[table] == before[table], table
    assert Text.of(article).as_fields() == first.fields
    assert [row[1] for row in after["redirect"]] == ["/articles/two/"]
    assert (article.version, versions(article)) == (3, [3, 2, 1])


def test_restoring_leaves_out_what_is_gone_and_an_address_that_is_anothers_by_now(app: Flask) -> None:
    author = make_author("Dr Koh", "koh")
    article = make_article(slug="one", publish=False, author_id=author.id)
    edit_article(article, changed(article, slug="two", author_id=None))
    make_article(slug="one")
    db.session.delete(author)
    db.session.commit()
    first = revision_of(article, 1)
    assert first
    restore_revision(first)
    assert (article.slug, article.author_id) == ("two", None)


def test_a_published_text_is_not_restored_to_one_that_is_not_ready(app: Flask) -> None:
    article = make_article(publish=False, summary="")
    edit_article(article, changed(article, summary="Now there is one."))
    publish_article(article)
    first = revision_of(article, 1)
    assert first
    with pytest.raises(NotReady):
        restore_revision(first)
    db.session.expire_all()
    assert article.summary == "Now there is one."


def test_the_second_to_save_is_told_and_nothing_is_written(app: Flask) -> None:
    article = make_article(title="One")
    edit_article(article, changed(article, title="Mei's"), base=1)
    with pytest.raises(ArticleChanged) as error:
        edit_article(article, changed(article, title="Mine"), base=1)
    assert error.value.now == 2
    db.session.expire_all()
    assert (article.title, versions(article)) == ("Mei's", [2, 1])
    edit_article(article, changed(article, title="Mine"), base=2)
    assert article.title == "Mine"


def test_the_trash_hides_everywhere_and_gives_back_every_row(client: FlaskClient, clock: MovableClock) -> None:
    other = make_article(title="Other")
    article = make_article(title="Strong hips", slug="hips", tags=["hips"], teaser_ids=[other.id])
    make_comment(article)
    before = rows("audit_line")
    trash_article(article)
    clock.move(hours=1)
    visit(client, "/articles/hips/", status=404)
    for path in ("/", "/articles/", "/articles/tag/hips/", "/search/?q=hips", other.address):
        assert "Strong hips" not in visit(client, path).text, path
    for path in ("/feed.xml", "/sitemap.xml"):
        assert "hips/" not in client.get(path).text, path
    untrash_article(article)
    assert rows("audit_line") == before
    visit(client, "/articles/hips/")
    untrash_article(article)  # repeating it is harmless
    assert rows("audit_line") == before


def test_the_trash_is_emptied_after_its_time_and_not_before(app: Flask, clock: MovableClock) -> None:
    kept, trashed = make_article(), make_article()
    trash_article(trashed)
    clock.move(days=TRASH_KEPT.days, seconds=-1)
    sweep_trash()
    assert db.session.scalar(sa.select(sa.func.count(Article.id))) == 2
    clock.move(seconds=2)
    sweep_trash()
    assert db.session.scalars(sa.select(Article.id)).all() == [kept.id]


def test_a_scheduled_post_appears_by_itself_everywhere_at_once(client: FlaskClient, clock: MovableClock) -> None:
    article = make_article(title="Strong hips", slug="hips", tags=["hips"], at=clock.now + timedelta(seconds=60))
    elsewhere = ("/articles/", "/search/?q=hips", "/feed.xml", "/sitemap.xml")
    clock.move(seconds=59)
    visit(client, article.address, status=404)
    assert not any("hips/" in client.get(path).text for path in elsewhere)
    clock.move(seconds=1)
    visit(client, article.address)
    assert all("hips/" in client.get(path).text for path in elsewhere)


def test_a_scheduled_post_can_become_a_draft_again_and_a_published_one_cannot(app: Flask, clock: MovableClock) -> None:
    scheduled, published = make_article(at=clock.now + timedelta(days=1)), make_article()
    for article in (scheduled, published):
        unschedule_article(article)
    assert (scheduled.state, scheduled.published_at) == (ArticleState.DRAFT, None)
    assert published.is_public


def test_publishing_a_scheduled_one_without_a_time_shows_it_now(app: Flask, clock: MovableClock) -> None:
    article = make_article(at=clock.now + timedelta(days=1))
    publish_article(article)
    assert article.published_at == clock.now


def test_readers_of_a_text_that_was_taken_down_are_led_on(client: FlaskClient) -> None:
    first, second, third = (make_article(slug=slug) for slug in ("one", "two", "three"))
    retire_article(first, because="Old", successor=second)
    assert client.get("/articles/one/").headers["Location"] == "/articles/two/"
    retire_article(second, successor=third)
    assert client.get("/articles/one/").headers["Location"] == "/articles/three/", "one hop"
    with pytest.raises(RedirectRefused, match="circle"):
        retire_article(third, successor=first)
    retire_article(third, because="Old")
    visit(client, "/articles/one/", status=410)
    publish_article(first)
    visit(client, "/articles/one/")


def test_an_old_address_leads_to_where_the_readers_of_a_retired_text_go(client: FlaskClient) -> None:
    first, second = make_article(slug="one"), make_article(slug="two")
    edit_article(first, changed(first, slug="uno"))
    retire_article(first, successor=second)
    assert client.get("/articles/one/").headers["Location"] == "/articles/two/"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_one(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


def test_a_review_knows_its_words_and_when_it_is_due(app: Flask) -> None:
    reviewer = make_author()
    article = make_article(reviewer_id=reviewer.id, reviewed_on=date(2026, 11, 2))
    assert (article.review_due_on, article.is_changed_since_review) == (date(2027, 11, 2), False)
    same = {"reviewer_id": reviewer.id, "reviewed_on": date(2026, 11, 2)}
    edit_article(article, changed(article, body="<p>Other words.</p>", **same))
    assert article.is_changed_since_review
    sign_off_article(article, on=date(2026, 12, 1))
    assert (article.review_due_on, article.is_changed_since_review) == (date(2027, 12, 1), False)
    edit_article(article, changed(article, reviewer_id=None, reviewed_on=None))
    assert (article.review_due_on, article.signed_off) == (None, "")


def test_one_mail_for_each_due_review_and_its_link_asks_before_it_acts(
    client: FlaskClient, clock: MovableClock
) -> None:
    article = make_article(reviewer_id=make_author().id, reviewed_on=date(2025, 11, 20), title="Strong hips")
    make_article(reviewer_id=make_author().id, reviewed_on=date(2026, 1, 1))
    today = date(2026, 11, 20)
    remind_of_reviews(today - timedelta(days=1))
    remind_of_reviews(today)
    remind_of_reviews(today + timedelta(days=1))
    message = db.session.scalars(sa.select(Message).where(Message.kind == "review_due")).one()
    assert "Strong hips" in message.subject
    (url,) = message.secrets.values()
    path = url.partition("/link/still-correct/")[2]
    before = rows()
    for method in ("get", "head", "options"):
        getattr(client, method)(f"/link/still-correct/{path}")
    assert rows() == before
    page = visit(client, f"/link/still-correct/{path}")
    done = page.submit("Still correct")
    assert "reviewed today" in done.status_text()
    db.session.expire_all()
    assert article.reviewed_on == today
    assert visit(client, f"/link/still-correct/{path}").texts("h1") == ["This review is already recorded"]
    visit(client, f"/link/still-correct/{sign('another purpose', '1 2026-11-20')}/", status=404)
    clock.move(days=121)
    visit(client, f"/link/still-correct/{path}", status=410)


def test_a_preview_link_shows_a_draft_until_it_ends_or_is_revoked(client: FlaskClient, clock: MovableClock) -> None:
    user = make_user()
    article = make_article(publish=False, title="Not yet")
    first, second = (make_preview_link(article, by=user) for _ in range(2))
    answer = client.get(f"/preview/{first}/")
    assert answer.status_code == 200
    assert (answer.headers["X-Robots-Tag"], answer.headers["Cache-Control"]) == ("noindex, nofollow", "no-store")
    page = visit(client, f"/preview/{first}/")
    assert page.texts("h1") == ["Not yet"]
    assert page.tree.css("meta[name=robots][content=noindex]")
    revoke_preview_link(preview_links(article)[1], by=user)
    visit(client, f"/preview/{first}/", status=404)
    visit(client, f"/preview/{second}/")
    clock.move(days=8)
    visit(client, f"/preview/{second}/", status=404)
    assert article_for_preview("made up") is None


def test_a_preview_link_ends_with_the_sign_in_of_who_made_it(client: FlaskClient) -> None:
    article, editor = make_article(publish=False), make_user()
    secret = make_preview_link(article, by=editor)
    for is_active, status in ((True, 200), (False, 404), (True, 200)):
        editor.active = is_active
        db.session.commit()
        visit(client, f"/preview/{secret}/", status=status)
