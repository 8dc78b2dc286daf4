"""The comment form of an article."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.articles.lifecycle import retire_article
from clinic.articles.models import Article
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment
from clinic.core.db import db
from clinic.outbox.models import Message
from tests.browse import Page, check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_comment, make_user

REMARK: dict[str, Any] = {"body": "Thank you.\n\nIt helped me.", "name": "Jo Lim", "email": "jo.lim@example.org"}


def write(client: FlaskClient, article: Article, **changed: str | None) -> Page:
    return visit(client, article.address).submit("Post comment", **(REMARK | changed))


def comments() -> list[Comment]:
    return list(db.session.scalars(sa.select(Comment).order_by(Comment.id)))


def test_a_comment_awaits_moderation_and_the_moderator_is_told(client: FlaskClient) -> None:
    article = make_article()
    page = write(client, article)
    assert "awaits moderation" in page.status_text()
    assert "Jo Lim" not in page.text
    (comment,) = comments()
    assert (comment.state, comment.name, comment.body) == (CommentState.PENDING, "Jo Lim", REMARK["body"])
    (message,) = db.session.scalars(sa.select(Message))
    assert (message.kind, message.to) == ("comment_waits", "moderator@example.org")
    assert "It helped me." in message.text


@pytest.mark.parametrize("state", [CommentState.PENDING, CommentState.REJECTED, CommentState.SPAM])
def test_what_was_not_approved_is_on_no_page(client: FlaskClient, state: CommentState) -> None:
    article = make_article(tags=["hips"])
    make_comment(article, state=state, body="Hidden words", name="Nobody")
    for path in (article.address, f"{article.address}?comment=received", "/", "/articles/", "/articles/tag/hips/"):
        page = visit(client, path)
        assert "Hidden words" not in page.html
        assert "Nobody" not in page.html


def test_an_approved_comment_is_there_at_the_next_request_and_gone_when_rejected(client: FlaskClient) -> None:
    article, moderator = make_article(), make_user()
    comment = make_comment(article, body="Shown words", name="Jo")
    moderate_comment(comment, CommentState.APPROVED, by=moderator)
    page = visit(client, article.address)
    assert page.texts(".comment-name") == ["Jo"]
    assert "Shown words" in page.text
    assert page.texts("#comments-title") == ["1 comment"]
    moderate_comment(comment, CommentState.REJECTED, by=moderator)
    assert "Shown words" not in visit(client, article.address).html


def test_comments_stand_oldest_first_under_their_own_article(client: FlaskClient, clock: MovableClock) -> None:
    article, other = make_article(), make_article()
    for name in ("First", "Second"):
        make_comment(article, state=CommentState.APPROVED, name=name)
        clock.move(minutes=1)
    make_comment(other, state=CommentState.APPROVED, name="Elsewhere")
    assert visit(client, article.address).texts(".comment-name") == ["First", "Second"]


def test_the_same_comment_sent_again_is_one_comment_and_one_mail(client: FlaskClient) -> None:
    article = make_article()
    for email in (REMARK["email"], REMARK["email"], REMARK["email"].upper()):
        assert "awaits moderation" in write(client, article, email=email).status_text()
    assert len(comments()) == 1
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 1
    write(client, make_article())
    write(client, article, body="Another remark")
    write(client, article, email="other@example.org")
    assert len(comments()) == 4


def test_a_decided_comment_sent_again_stays_decided(client: FlaskClient) -> None:
    article = make_article()
    write(client, article)
    moderate_comment(comments()[0], CommentState.SPAM, by=make_user())
    assert "awaits moderation" in write(client, article).status_text()
    db.session.expire_all()
    assert [comment.state for comment in comments()] == [CommentState.SPAM]


def test_the_email_is_on_no_page_in_any_state(client: FlaskClient) -> None:
    article, moderator = make_article(), make_user()
    page = write(client, article)
    html = page.one("#comments").html
    assert html
    assert "example.org" not in html
    for state in (CommentState.APPROVED, CommentState.REJECTED):
        moderate_comment(comments()[0], state, by=moderator)
        for path in (article.address, "/", "/articles/"):
            assert REMARK["email"] not in visit(client, path).html


def test_more_than_two_links_are_refused_and_the_text_is_kept(client: FlaskClient) -> None:
    article = make_article()
    body = "See https://a.example, www.b.example and <a href=x>c</a>."
    page = write(client, article, body=body)
    assert page.status == 422
    assert "at most 2 links" in page.alert()
    assert {name: page.values("Post comment")[name] for name in REMARK} == REMARK | {"body": body}
    assert comments() == []
    check(page)
    assert "awaits moderation" in write(client, article, body="https://a.example and www.b.example").status_text()


def test_html_is_shown_as_it_was_typed(client: FlaskClient) -> None:
    article = make_article()
    write(client, article, body="<script>alert(1)</script>\n<b>bold</b> & more", name="Jo & “Lim”")
    moderate_comment(comments()[0], CommentState.APPROVED, by=make_user())
    make_comment(article, state=CommentState.APPROVED, name="<i>Jo</i>")
    page = visit(client, article.address)
    assert not page.tree.css(".comment script, .comment b, .comment i")
    for words in ("<script>alert(1)</script>", "<b>bold</b> & more", "Jo & “Lim”", "<i>Jo</i>"):
        assert words in page.text


def test_line_breaks_of_a_comment_become_paragraphs(client: FlaskClient) -> None:
    article = make_article()
    make_comment(article, body="One\ntwo\n\nthree", state=CommentState.APPROVED)
    page = visit(client, article.address)
    assert page.texts(".comment p") == ["One two", "three"]
    assert len(page.tree.css(".comment br")) == 1


def test_an_empty_form_says_what_to_do_in_each_field_and_each_line_leads_there(client: FlaskClient) -> None:
    page = visit(client, make_article().address).submit("Post comment")
    assert page.status == 422
    links = page.tree.css("#write-a-comment [role=alert] a")
    assert [page.one(link.attributes["href"] or "").attributes["name"] for link in links] == ["body", "name", "email"]
    assert len(page.tree.css("#write-a-comment [aria-invalid=true]")) == 3
    check(page)


REFUSED: tuple[dict[str, str], ...] = (
    {"body": "  \n\t "},
    {"name": " \u200b "},
    {"name": "<b>Jo</b>"},
    {"name": "see www.shop.example"},
    {"email": "jo@"},
    {"email": "a@b"},
    {"body": "x" * 5001},
    {"name": "x" * 121},
    {"email": f"{'x' * 250}@example.org"},
    {"website": "https://robot.example"},
)


def test_what_is_missing_wrong_or_too_long_is_refused(client: FlaskClient) -> None:
    article = make_article()
    for changed in REFUSED:
        page = write(client, article, **changed)
        assert page.status == 422, changed
        assert page.alert()
    assert comments() == []


def test_text_keeps_emoji_and_loses_control_characters(client: FlaskClient) -> None:
    write(client, make_article(), body="Good \x00\u202e👩\u200d⚕️ tip", name="Zoë\x07 \u202eLim")
    assert [(one.body, one.name) for one in comments()] == [("Good 👩\u200d⚕️ tip", "Zoë Lim")]


def test_articles_that_readers_do_not_see_take_no_comments(client: FlaskClient, clock: MovableClock) -> None:
    hidden = {
        make_article(publish=False): 404,
        make_article(at=clock.now + timedelta(days=1)): 404,
        retire_article(make_article()): 410,
    }
    for article, status in hidden.items():
        assert client.post(f"{article.address}comments", data=REMARK).status_code == status
    assert client.post("/articles/no-such/comments", data=REMARK).status_code == 404
    assert comments() == []


def test_another_site_cannot_post_for_a_reader_but_a_plain_client_may(client: FlaskClient) -> None:
    address = f"{make_article().address}comments"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post(address, data=REMARK, headers=headers).status_code == 403
    assert comments() == []
    assert client.post(address, data=REMARK).status_code == 303
    assert client.get(address).status_code == 405
