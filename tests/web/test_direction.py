"""Each text that people write has its own text direction: on pages, in the panel and in emails."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from selectolax.lexbor import LexborNode

from clinic.articles.models import Kind
from clinic.comments.models import CommentState
from clinic.core.db import db
from clinic.leads.operations import add_note
from clinic.outbox.models import Message
from clinic.preferences import change_preferences
from tests.browse import Page, visit
from tests.factories import (
    make_article,
    make_author,
    make_booking,
    make_category,
    make_comment,
    make_services,
    make_user,
)

SignIn = Callable[..., FlaskClient]
ARABIC, HEBREW = "ألم الظهر بعد الجلوس", "כאבי גב תחתון"


def undirected(page: Page, words: str) -> list[str]:
    """Return the elements directly around the words that inherit their direction: no `dir` on or near them, no
    <bdi>."""
    found = []
    for node in page.tree.css("body *"):
        if words not in (node.text(deep=False) or "") or node.tag in ("option", "title", "script", "mark"):
            continue
        one: LexborNode | None = node
        is_directed = False
        while one is not None and one.tag not in ("main", "section", "article", "div", "body", "tr", "form"):
            is_directed = is_directed or "dir" in one.attributes or one.tag == "bdi"
            is_directed = is_directed or "hidden" in (one.attributes.get("class") or "")
            one = one.parent
        if not is_directed:
            found.append((node.html or "")[:160])
    return found


@pytest.mark.parametrize("words", [ARABIC, HEBREW])
def test_every_text_of_an_article_has_its_own_direction(client: FlaskClient, words: str) -> None:
    body = (
        f"<h2>{words}</h2><p>{words}</p><p>In English.</p><ul><li>{words}</li><li>English</li></ul>"
        f"<blockquote><p>{words}</p></blockquote><table><caption>{words}</caption><tr><th>{words}</th><td>1</td></tr></table>"
        f"<dl><dt>{words}</dt><dd>{words}</dd></dl>"
    )
    author, category = make_author(name=words, slug="amal"), make_category(name=words, slug="alam")
    article = make_article(
        title=words, summary=words, body=body, tags=[words], author_id=author.id, category_id=category.id
    )
    make_comment(article, name=words, body=f"{words}\n\n{words}", state=CommentState.APPROVED)
    other = make_article(title="In English", body="<p>Nothing else.</p>", category_id=category.id)
    for path in (article.address, other.address, "/", "/articles/", author.address, category.address):
        assert undirected(visit(client, path), words) == [], path
    page = visit(client, article.address)
    assert page.one("h1").attributes["dir"] == "auto"
    assert page.one(".comment-name").attributes["dir"] == "auto"
    assert {node.attributes.get("dir") for node in page.tree.css(".comment p")} == {"auto"}
    for holder in ("ul", "blockquote", "table", "dl"):
        assert page.one(f".prose > {holder}").attributes["dir"] == "rtl", holder
    assert {node.attributes.get("dir") for node in page.tree.css(".prose > p")[:2]} == {"auto"}


def test_a_body_without_such_letters_is_as_it_was_written(client: FlaskClient) -> None:
    article = make_article(body="<h2>Why</h2><p>Hips carry us.</p><ul><li>One</li></ul>")
    assert not visit(client, article.address).tree.css(".prose [dir]")


def test_pages_services_and_the_clinic_itself_too(client: FlaskClient) -> None:
    make_services()
    make_article(kind=Kind.PAGE, title=ARABIC, summary=ARABIC, slug="contact", body=f"<p>{ARABIC}</p>")
    db.session.execute(sa.text("UPDATE service SET summary = :words"), {"words": ARABIC})
    db.session.commit()
    change_preferences({"name": ARABIC, "tagline": ARABIC}, by=make_user())
    for path in ("/", "/contact/", "/services/pilates-1-to-1/", "/book/"):
        assert undirected(visit(client, path), ARABIC) == [], path


def test_what_is_typed_has_its_own_direction_and_html_runs_from_left_to_right(
    sign_in: SignIn, client: FlaskClient
) -> None:
    article = make_article()
    page = visit(client, article.address)
    for selector in ("#comment-name", "#comment-body", "#trial-name"):
        assert page.one(selector).attributes["dir"] == "auto", selector
    assert visit(client, "/search/").one("#search").attributes["dir"] == "auto"
    form = visit(sign_in("editor"), f"/admin/articles/edit/?id={article.id}")
    assert [form.one(f"#{name}").attributes["dir"] for name in ("title", "summary", "body")] == ["auto", "auto", "ltr"]


def test_the_panel_shows_names_titles_and_notes_in_their_own_direction(sign_in: SignIn) -> None:
    owner, user = sign_in("owner"), make_user()
    article = make_article(title=ARABIC, summary=ARABIC, tags=[ARABIC], body=f"<p>{ARABIC}</p>")
    make_comment(article, name=ARABIC, body=ARABIC)
    make_user(name=ARABIC)
    lead = make_booking(name=ARABIC, article=article).lead
    add_note(lead, ARABIC, by=user)
    paths = (
        "/admin/articles/",
        "/admin/comments/",
        "/admin/leads/",
        f"/admin/leads/details/?id={lead.id}",
        "/admin/leads/board/",
        "/admin/bookings/",
        "/admin/today/",
        "/admin/",
        "/admin/search/?q=" + ARABIC.split()[0],
        "/admin/outbox/",
        "/admin/activity/",
        "/admin/tags/",
        "/admin/people/",
        f"/admin/articles/edit/?id={article.id}",
        f"/admin/articles/check/?id={article.id}",
        f"/admin/articles/preview/?id={article.id}",
        f"/admin/articles/revisions/?id={article.id}&version=1",
    )
    left = {path: found for path in paths if (found := undirected(visit(owner, path), ARABIC))}
    assert left == {}


def test_a_mail_to_the_moderator_shows_the_comment_in_its_own_direction(client: FlaskClient) -> None:
    make_comment(make_article(title=ARABIC), name=ARABIC, body=ARABIC)
    message = db.session.scalars(sa.select(Message).where(Message.kind == "comment_waits")).one()
    assert f'<strong dir="auto">{ARABIC}</strong>' in message.html
    assert f"<bdi>“{ARABIC}”</bdi>" in message.html
    assert f">{ARABIC}</blockquote>" in message.html
    assert '<blockquote dir="auto"' in message.html
