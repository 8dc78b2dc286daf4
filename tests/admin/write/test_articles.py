"""The editor's screens: articles and pages from the first draft to the last."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.articles.models import Article, ArticleState, Kind, Redirect
from clinic.comments.models import Comment
from clinic.core import clock
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.media.models import Image
from tests.browse import Page, check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_author, make_category, make_comment, make_image

SignIn = Callable[..., FlaskClient]


def edit(client: FlaskClient, article: Article) -> Page:
    screen = "articles" if article.kind == Kind.POST else "pages"
    return visit(client, f"/admin/{screen}/edit/?id={article.id}")


def only_article() -> Article:
    db.session.expire_all()
    return db.session.scalars(sa.select(Article)).one()


def test_an_editor_writes_an_article_with_all_its_fields_and_publishes_it(sign_in: SignIn, client: FlaskClient) -> None:
    other, image = make_article(title="Knees"), make_image(alt="A woman lifts her hip")
    category, author, reviewer = make_category(), make_author(), make_author("Dr Koh", "koh")
    page = visit(sign_in("editor"), "/admin/articles/new/").submit(
        "Publish",
        title="Strong hips",
        slug="hips",
        summary="Why they matter.",
        body=f'<h2>Why</h2><p>Hips carry us.</p><figure data-image="{image.id}"></figure>',
        category_id=str(category.id),
        author_id=str(author.id),
        reviewer_id=str(reviewer.id),
        reviewed_on="2026-11-02",
        image_id=str(image.id),
        tag_words="Hips, Strength, hips",
        teaser_ids=[str(other.id)],
    )
    assert page.status_text() == "Saved and published."
    kept = page.values("Save")
    assert (sorted(kept["tag_words"].split(", ")), kept["teaser_ids"], kept["image_id"]) == (
        ["Strength", "hips"],
        [str(other.id)],
        str(image.id),
    )
    public = visit(client, "/articles/hips/")
    for words in ("Strong hips", "Why they matter.", "Hips carry us.", "Reviewed by Dr Koh on 2 November 2026"):
        assert words in public.text
    assert len(public.tree.css("figure")) == 2
    assert public.texts(".teaser-title") == ["Knees"]
    assert set(db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor_id.is_not(None)))) == {
        "signed in",
        "wrote",
        "published",
    }


def test_a_draft_is_saved_without_showing_it_and_published_later(sign_in: SignIn, client: FlaskClient) -> None:
    editor, category, author = sign_in("editor"), make_category(), make_author()
    page = visit(editor, "/admin/articles/new/").submit("Save", title="Strong hips")
    assert "It is not published yet" in page.status_text()
    visit(client, "/articles/strong-hips/", status=404)
    page = page.submit(
        "Publish", summary="Why.", body="<p>Hips.</p>", category_id=str(category.id), author_id=str(author.id)
    )
    assert page.status_text() == "Saved and published."
    visit(client, "/articles/strong-hips/")
    assert "Publish" not in page.texts("button")


def test_publishing_too_early_keeps_the_text_and_says_what_is_missing(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), "/admin/articles/new/").submit("Publish", title="Hips", body="<p>Hips.</p>")
    assert "add a summary, a category and an author" in page.alert()
    article = only_article()
    assert (article.state, article.body) == (ArticleState.DRAFT, "<p>Hips.</p>")


def test_a_published_article_cannot_lose_its_summary_and_the_form_keeps_the_rest(
    sign_in: SignIn, client: FlaskClient
) -> None:
    article = make_article(title="Hips", summary="Why.")
    page = edit(sign_in("editor"), article).submit("Save", title="Better hips", summary="", tag_words="New tag")
    assert page.status == 422
    assert "a summary" in page.alert()
    assert page.values("Save")["title"] == "Better hips"
    assert page.values("Save")["tag_words"] == "New tag"
    check(page)
    assert "Why." in visit(client, article.address).text


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"title": ""}, "Enter a title"),
    ({"title": "   "}, "Enter a title"),
    ({"title": "x" * 161}, "Title"),
    ({"slug": "Not A Slug"}, "lowercase letters, digits and hyphens"),
    ({"slug": "taken"}, "in use by “"),
    ({"slug": "login"}, "by the site"),
    ({"summary": "x" * 321}, "Summary"),
    ({"reviewed_on": "31.12.2026"}, "Reviewed on"),
    ({"category_id": "987654"}, "Category"),
    ({"image_id": "987654"}, "Picture"),
    ({"teaser_ids": ["987654"]}, "You may also like"),
)


def test_a_form_with_errors_is_422_and_keeps_everything_typed(sign_in: SignIn) -> None:
    make_article(slug="taken")
    form = visit(sign_in("editor"), "/admin/articles/new/")
    good = {
        "title": "Strong <hips> & “knees”",
        "slug": "strong-hips",
        "summary": "Why & how.",
        "body": '<p class="x">One</p>\n\n  <h2>Two &amp; three</h2>\n',
        "tag_words": "one, two",
        "reviewed_on": "2026-11-02",
        "category_id": str(make_category().id),
        "author_id": str(make_author().id),
    }
    for fields, words in WRONG:
        page = form.submit("Save", **(good | fields))
        assert page.status == 422, fields
        assert words in page.alert()
        check(page)
        kept = page.values("Save")
        for name, value in (good | fields).items():
            if value != "987654" and value != ["987654"]:
                assert kept[name] == (value.strip() if name == "title" else value), name
    assert db.session.scalar(sa.select(sa.func.count(Article.id))) == 1


def test_a_changed_slug_leads_readers_on_and_an_error_changes_nothing(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article, other = sign_in("editor"), make_article(slug="hips"), make_article(slug="knees")
    page = edit(editor, article).submit("Save", slug="knees", title="Changed")
    assert (page.status, page.values("Save")["slug"]) == (422, "knees")
    db.session.expire_all()
    assert (article.slug, article.title != "Changed") == ("hips", True)
    assert edit(editor, article).submit("Save", slug="strong-hips").status_text() == "Saved and published."
    assert client.get("/articles/hips/").headers["Location"] == "/articles/strong-hips/"
    assert db.session.scalars(sa.select(Redirect.article_id)).all() == [article.id]
    assert other.slug == "knees"


def test_taking_down_answers_gone_and_publishing_again_brings_it_back(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article = sign_in("editor"), make_article(title="Hips")
    page = edit(editor, article).submit("Unpublish")
    assert "Enter a reason" in page.alert()
    page = page.submit("Unpublish", reason="Out of date")
    assert "Unpublished" in page.status_text()
    visit(client, article.address, status=410)
    assert "Hips" in visit(editor, "/admin/articles/?tab=retired").text
    assert page.submit("Publish").status_text() == "Saved and published."
    visit(client, article.address)


def test_deleting_asks_first_and_again_before_the_comments_go_with_it(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article = sign_in("editor"), make_article(title="Strong hips")
    make_comment(article)
    address = article.address
    link = edit(editor, article).one("a.danger").attributes["href"] or ""
    page = visit(editor, link)
    assert (page.texts("h1"), "Strong hips" in page.text) == (["Delete this article?"], True)
    assert db.session.get(Article, article.id)
    assert "Moved to the trash" in page.submit("Delete").status_text()
    visit(client, address, status=404)
    visit(editor, link, status=404)
    assert "Strong hips" not in visit(editor, "/admin/articles/").text
    trash = visit(editor, "/admin/articles/?tab=trash")
    purge = visit(editor, trash.one("tbody a.danger").attributes["href"] or "")
    assert purge.texts("h1") == ["Delete this article permanently?"]
    assert purge.submit("Delete permanently").status_text() == "Deleted permanently."
    assert db.session.scalar(sa.select(sa.func.count(Comment.id))) == 0


def test_nothing_is_deleted_from_the_list_without_asking(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    rows: dict[str, Any] = {"articles": make_article(), "pages": make_article(kind=Kind.PAGE), "media": make_image()}
    for screen, row in rows.items():
        page = visit(editor, f"/admin/{screen}/")
        assert not any("Delete" in words for words in page.texts("button"))
        data = {"action": "delete", "rowid": str(row.id), "csrf_token": page.values("Sign out")["csrf_token"]}
        editor.post(f"/admin/{screen}/action/", data=data)
        db.session.expire_all()
        assert db.session.get(type(row), row.id)


def test_the_list_tells_states_apart_and_has_tabs(sign_in: SignIn, clock: MovableClock) -> None:
    editor = sign_in("editor")
    make_article(title="A draft", publish=False)
    make_article(title="A scheduled one", at=clock.now.replace(year=2027))
    make_article(title="A published one")
    make_article(title="A page", kind=Kind.PAGE)
    everything = visit(editor, "/admin/articles/")
    assert sorted(everything.texts("tbody .state")) == ["draft", "published", "scheduled"]
    assert "A page" not in everything.text
    assert visit(editor, "/admin/articles/?tab=draft").texts("tbody td[data-label=Title]") == ["A draft"]


def test_an_old_picture_stays_chosen_among_many_newer_ones(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), make_article(image_id=make_image().id)
    row = {
        "filename": "x.jpg",
        "width": 1,
        "height": 1,
        "extension": "jpg",
        "colour": "#ffffff",
        "alt": "x",
        "credit": "x",
        "uploaded_at": clock.now(),
    }
    with atomic():
        db.session.execute(sa.insert(Image), [row | {"key": f"key-{number}"} for number in range(400)])
    image_id = article.image_id
    edit(editor, article).submit("Save", title="Better hips")
    db.session.expire_all()
    assert (article.title, article.image_id) == ("Better hips", image_id)


def test_scripts_in_a_body_are_gone_once_it_is_saved(sign_in: SignIn, client: FlaskClient) -> None:
    article = make_article()
    body = '<p onclick="x()">Fine</p><script>alert(1)</script><img src=x onerror=alert(1)>'
    edit(sign_in("editor"), article).submit("Save", body=body)
    page = visit(client, article.address)
    assert "Fine" in page.text
    assert "alert(1)" not in page.html


def test_a_page_is_written_published_renamed_and_deleted(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    page = visit(editor, "/admin/pages/new/").submit(
        "Publish", title="About us", slug="about", summary="Who we are.", body="<p>We move.</p>"
    )
    assert page.status_text() == "Saved and published."
    assert "We move." in visit(client, "/about/").text
    assert page.submit("Save", slug="about-us").status_text() == "Saved and published."
    assert client.get("/about/").headers["Location"] == "/about-us/"
    assert page.submit("Unpublish", reason="Moved").status_text().startswith("Unpublished")
    visit(client, "/about-us/", status=410)


def test_each_screen_opens_its_own_kind_only(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    article, page = make_article(), make_article(kind=Kind.PAGE)
    for path in ("edit", "delete"):
        visit(editor, f"/admin/pages/{path}/?id={article.id}", status=404)
        visit(editor, f"/admin/articles/{path}/?id={page.id}", status=404)


def test_what_the_html_of_a_text_loses_is_said_when_it_is_saved(sign_in: SignIn) -> None:
    body = (
        '<p>Take <span class="msoDel"><del>800 mg</del></span>a walk.<img src="https://other.example/bed.png"></p>'
        "<p style='display:none'>secret</p>"
    )
    page = visit(sign_in("editor"), "/admin/articles/new/").submit("Save", title="Walks", body=body)
    assert page.status_text() == (
        "Saved. It is not published yet. Left out: 1 deleted passage, 1 hidden passage and 1 picture (“bed.png”)."
        " Add pictures with the Picture tool."
    )
    assert only_article().body == "<p>Take a walk.</p>"
