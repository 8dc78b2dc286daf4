"""Tests of operations on articles: write, publish, edit, retire, delete, and unique addresses."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.articles.addresses import RESERVED_SLUGS
from clinic.articles.errors import NotReady, SlugTaken
from clinic.articles.lifecycle import delete_article, publish_article, retire_article
from clinic.articles.models import Article, ArticleImage, ArticleState, Kind, Redirect, Tag
from clinic.articles.operations import edit_article, write_article
from clinic.articles.text import Text
from clinic.comments.models import Comment
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.core.text import slugify
from tests.conftest import MovableClock
from tests.factories import make_article, make_author, make_category, make_comment, make_image


def changed(article: Article, **fields: Any) -> Text:
    """Return the text of an article with some fields changed."""
    text = {
        name: getattr(article, name)
        for name in ("title", "summary", "body", "slug", "author_id", "category_id", "image_id")
    }
    return Text(**(text | fields))


def redirects() -> dict[str, int | None]:
    return dict(db.session.execute(sa.select(Redirect.path, Redirect.article_id)).tuples().all())


def test_a_new_article_is_a_draft_with_a_slug_of_its_title(app: Flask) -> None:
    article = write_article(Kind.POST, Text(title="Héalthy Hips & Knees!", body="<p>One two three.</p>"))
    assert (article.state, article.slug, article.words) == (ArticleState.DRAFT, "healthy-hips-knees", 3)
    assert article.published_at is None
    assert not article.is_public


def test_a_title_used_before_gets_a_number_and_a_title_without_letters_a_word(app: Flask) -> None:
    slugs = [write_article(Kind.POST, Text(title=title, body="")).slug for title in ("Hips", "Hips", "Hips", "!!!")]
    assert slugs == ["hips", "hips-2", "hips-3", "untitled"]


def test_a_long_title_gets_a_slug_that_fits_even_with_a_number(app: Flask) -> None:
    slugs = [write_article(Kind.POST, Text(title="strength " * 17, body="")).slug for _ in range(2)]
    assert len(set(slugs)) == 2
    assert all(len(slug) <= 80 for slug in slugs)


def test_a_slug_that_another_text_has_is_refused_for_articles_and_pages(app: Flask) -> None:
    make_article(slug="hips")
    for kind in Kind:
        with pytest.raises(SlugTaken, match="hips"):
            write_article(kind, Text(title="Other", body="", slug="hips"))
    other = make_article(slug="knees")
    with pytest.raises(SlugTaken):
        edit_article(other, changed(other, slug="hips"))
    assert db.session.get_one(Article, other.id).slug == "knees"


def test_addresses_of_the_site_itself_cannot_be_taken(app: Flask) -> None:
    for slug in sorted(RESERVED_SLUGS):
        if slugify(slug) == slug:  # the others have a dot, which no slug has
            with pytest.raises(SlugTaken, match=slug):
                write_article(Kind.PAGE, Text(title="Page", body="", slug=slug))
    assert write_article(Kind.PAGE, Text(title="Admin", body="")).slug == "admin-2"


def test_every_first_part_of_an_address_of_the_site_is_reserved(app: Flask) -> None:
    first_parts = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    ours = {part for part in first_parts if part and "<" not in part}
    assert ours - RESERVED_SLUGS == {"services", "team"}  # staff write these pages; what they list stands below them


def test_publishing_says_everything_that_is_missing(app: Flask) -> None:
    article = write_article(Kind.POST, Text(title="Hips", body="", image_id=make_image(alt="", credit="").id))
    with pytest.raises(NotReady) as error:
        publish_article(article)
    assert error.value.missing == [
        "a summary",
        "a text",
        "a category",
        "an author",
        "an alt text and a credit of its picture",
    ]
    assert db.session.get_one(Article, article.id).state == ArticleState.DRAFT


def test_a_page_needs_a_summary_and_a_text_only(app: Flask) -> None:
    page = write_article(Kind.PAGE, Text(title="About", summary="Who we are.", body="<p>We move.</p>"))
    assert publish_article(page).is_public


def test_publishing_again_keeps_the_first_date(app: Flask, clock: MovableClock) -> None:
    article = make_article()
    first = article.published_at
    clock.move(days=3)
    retire_article(article)
    assert publish_article(article).published_at == first


def test_a_time_in_the_future_makes_it_scheduled_until_the_clock_is_there(app: Flask, clock: MovableClock) -> None:
    article = make_article(at=clock.now + timedelta(days=1))
    assert (article.state_word, article.is_public) == ("scheduled", False)
    clock.move(days=1)
    assert (article.state_word, article.is_public) == ("published", True)


def test_a_published_article_cannot_lose_what_publishing_asked_for(app: Flask) -> None:
    article = make_article(slug="hips")
    for fields in ({"summary": ""}, {"body": "<p></p>"}, {"category_id": None}, {"author_id": None}):
        with pytest.raises(NotReady):
            edit_article(article, changed(article, slug="other", **fields))
    kept = db.session.get_one(Article, article.id)
    assert (kept.slug, bool(kept.summary), kept.category_id is None) == ("hips", True, False)
    assert redirects() == {}


def test_a_draft_may_lose_its_summary_and_its_slug_leaves_nothing(app: Flask) -> None:
    article = make_article(publish=False, slug="hips")
    edit_article(article, changed(article, slug="knees", summary=""))
    assert (article.slug, article.summary, redirects()) == ("knees", "", {})


def test_a_changed_slug_leaves_a_redirect_and_a_chain_is_one_hop(app: Flask) -> None:
    article = make_article(slug="one")
    for slug in ("two", "three", "four"):
        edit_article(article, changed(article, slug=slug))
    old = [f"/articles/{slug}/" for slug in ("one", "two", "three")]
    assert redirects() == dict.fromkeys(old, article.id)


def test_going_back_to_an_old_slug_leaves_no_redirect_to_itself(app: Flask) -> None:
    article = make_article(slug="one")
    edit_article(article, changed(article, slug="two"))
    edit_article(article, changed(article, slug="one"))
    assert redirects() == {"/articles/two/": article.id}


def test_an_old_slug_may_serve_another_article_which_may_move_on_in_turn(app: Flask) -> None:
    first = make_article(slug="hips")
    edit_article(first, changed(first, slug="hips-in-age"))
    second = make_article(slug="hips")
    edit_article(second, changed(second, slug="hips-in-youth"))
    assert redirects() == {"/articles/hips/": second.id}


def test_editing_without_a_slug_keeps_the_address(app: Flask) -> None:
    article = make_article(slug="hips")
    edit_article(article, changed(article, slug="", title="Another title"))
    assert (article.slug, article.title, redirects()) == ("hips", "Another title", {})


def test_scripts_and_handlers_never_reach_the_stored_body(app: Flask) -> None:
    body = '<p onclick="x()">Hi</p><script>alert(1)</script><a href="javascript:x()">y</a><iframe src="//z"></iframe>'
    stored = make_article(body=body).body
    assert "Hi" in stored
    assert not any(word in stored for word in ("script", "onclick", "iframe", "alert"))


def test_tags_are_shared_by_their_slug_and_teasers_leave_out_the_article_itself(app: Flask) -> None:
    other = make_article(tags=["Back pain"])
    article = make_article(tags=["back  PAIN", "Hips", "hips", "!"], teaser_ids=[other.id, other.id])
    assert sorted(tag.slug for tag in article.tags) == ["back-pain", "hips"]
    assert db.session.scalar(sa.select(sa.func.count(Tag.id))) == 2
    edit_article(article, changed(article, teaser_ids=[article.id, other.id]))
    assert [teaser.shown_id for teaser in article.teasers] == [other.id]


def test_picked_teasers_can_change_their_order(app: Flask) -> None:
    one, two, three = (make_article() for _ in range(3))
    article = make_article(teaser_ids=[one.id, two.id, three.id])
    edit_article(article, changed(article, teaser_ids=[three.id, one.id, two.id]))
    db.session.expire_all()
    assert [teaser.shown_id for teaser in article.teasers] == [three.id, one.id, two.id]


def test_pictures_of_the_body_are_noted_and_numbers_of_no_picture_are_not(app: Flask) -> None:
    image = make_image()
    numbers = (image.id, image.id, 987654, "x", "99999999999", "9" * 25, "9" * 5000)
    article = make_article(body="<p>Look</p>" + "".join(f'<figure data-image="{one}"></figure>' for one in numbers))
    noted = db.session.scalars(sa.select(ArticleImage.image_id).where(ArticleImage.article_id == article.id)).all()
    assert noted == [image.id]
    edit_article(article, changed(article, body="<p>Gone</p>"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ArticleImage)) == 0


def test_deleting_takes_comments_redirects_and_teasers_with_it_and_says_who_did_it(app: Flask) -> None:
    article = make_article(slug="one", tags=["Hips"])
    make_comment(article)
    edit_article(article, changed(article, slug="two"))
    other = make_article(teaser_ids=[article.id])
    delete_article(article)
    assert [db.session.scalar(sa.select(sa.func.count()).select_from(model)) for model in (Comment, Redirect)] == [0, 0]
    db.session.expire_all()
    assert other.teasers == []
    assert "deleted" in db.session.scalars(sa.select(AuditLine.verb)).all()


def test_categories_and_authors_are_made_once(app: Flask) -> None:
    assert make_category().id == make_category().id
    assert make_author().id == make_author().id
