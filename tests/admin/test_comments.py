"""The moderator's queue."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.articles.lifecycle import retire_article
from clinic.comments.models import Comment, CommentState
from clinic.core.db import db
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_comment

SignIn = Callable[..., FlaskClient]


def names(page: Page) -> list[str]:
    return page.texts("tbody td strong")


def states() -> dict[str, str]:
    return dict(db.session.execute(sa.select(Comment.name, Comment.state)).tuples().all())


def three_waiting(clock: MovableClock) -> list[Comment]:
    article = make_article()
    made = []
    for name in ("First", "Second", "Third"):
        made.append(make_comment(article, name=name))
        clock.move(minutes=1)
    return made


def test_the_queue_opens_with_the_oldest_waiting_one_and_shows_what_a_decision_needs(
    sign_in: SignIn, clock: MovableClock
) -> None:
    moderator = sign_in("moderator")
    waiting = three_waiting(clock)
    make_comment(make_article(), state=CommentState.APPROVED, name="Decided")
    page = visit(moderator, "/admin/comments/")
    assert names(page) == ["First", "Second", "Third"]
    for words in (waiting[0].email, waiting[0].body, "Strong hips"):
        assert words in page.text
    assert names(visit(moderator, "/admin/comments/?tab=approved")) == ["Decided"]
    assert len(names(visit(moderator, "/admin/comments/?tab=all"))) == 4


@pytest.mark.parametrize(
    ("button", "state", "says"),
    [
        ("Approve", CommentState.APPROVED, "Approved: the comment of Second."),
        ("Reject", CommentState.REJECTED, "Rejected: the comment of Second."),
        ("Spam", CommentState.SPAM, "Marked as spam: the comment of Second."),
    ],
)
def test_each_row_has_its_buttons_which_need_no_script(
    sign_in: SignIn, clock: MovableClock, button: str, state: CommentState, says: str
) -> None:
    moderator = sign_in("moderator")
    three_waiting(clock)
    page = visit(moderator, "/admin/comments/").submit(button, within="tbody tr:nth-child(2)")
    assert page.status_text() == says
    assert states() == {"First": "pending", "Second": state, "Third": "pending"}
    assert names(page) == ["First", "Third"]


def test_an_approved_comment_is_read_at_once_and_can_be_taken_back(
    sign_in: SignIn, client: FlaskClient, clock: MovableClock
) -> None:
    moderator = sign_in("moderator")
    comment = three_waiting(clock)[0]
    address = visit(moderator, "/admin/comments/").one("tbody tr:nth-child(1) a").attributes["href"] or ""
    visit(moderator, "/admin/comments/").submit("Approve", within="tbody tr:nth-child(1)")
    assert comment.body in visit(client, address).text
    page = visit(moderator, "/admin/comments/?tab=approved")
    assert "Approve" not in " ".join(page.texts("tbody button"))
    assert page.submit("Reject", within="tbody").path.endswith("?tab=approved")
    assert comment.body not in visit(client, address).text


def test_ticked_comments_are_decided_together_without_a_script(sign_in: SignIn, clock: MovableClock) -> None:
    moderator = sign_in("moderator")
    first, second, _ = three_waiting(clock)
    page = visit(moderator, "/admin/comments/")
    ticks = page.tree.css("tbody input[type=checkbox]")
    assert {tick.attributes["form"] for tick in ticks} == {page.one("form.bulk").attributes["id"]}
    for button, state, says in (
        ("Mark selected as Spam", "spam", "Marked as spam: 2 comments."),
        ("Reject selected", "rejected", "Rejected: 2 comments."),
        ("Approve selected", "approved", "Approved: 2 comments."),
    ):
        answer = page.submit(button, rowid=[str(first.id), str(second.id), "x", "9" * 30])
        assert answer.status in (302, 303)
        assert visit(moderator, answer.response.headers["Location"]).status_text() == says
        assert states() == {"First": state, "Second": state, "Third": "pending"}


def test_nothing_ticked_says_so_and_changes_nothing(sign_in: SignIn, clock: MovableClock) -> None:
    moderator = sign_in("moderator")
    three_waiting(clock)
    answer = visit(moderator, "/admin/comments/").submit("Approve selected")
    assert "Select at least one comment first." in visit(moderator, answer.response.headers["Location"]).alert()
    assert set(states().values()) == {"pending"}


def test_a_bulk_action_never_leads_to_another_site(sign_in: SignIn, clock: MovableClock) -> None:
    moderator = sign_in("moderator")
    comment = three_waiting(clock)[0]
    for url in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = visit(moderator, "/admin/comments/?tab=all").submit(
            "Approve selected", rowid=[str(comment.id)], url=url
        )
        assert answer.response.headers["Location"].startswith("/admin/"), url


def test_an_unknown_verb_or_comment_changes_nothing(sign_in: SignIn, clock: MovableClock) -> None:
    moderator = sign_in("moderator")
    three_waiting(clock)
    page = visit(moderator, "/admin/comments/")
    for fields, status in (({"id": "987654"}, 404), ({"id": "x"}, 404), ({"id": "9" * 5000}, 404)):
        assert page.submit("Approve", within="tbody tr:nth-child(1)", **dict[str, Any](fields)).status == status
    token = page.values("Sign out")["csrf_token"]
    answer = moderator.post("/admin/comments/moderate/", data={"id": "1", "verb": "eat", "csrf_token": token})
    assert answer.status_code == 400
    assert set(states().values()) == {"pending"}


def test_search_finds_by_name_email_and_words(sign_in: SignIn, clock: MovableClock) -> None:
    moderator = sign_in("moderator")
    second = three_waiting(clock)[1]
    for words in ("Second", "sECond", second.email, second.body):
        assert names(visit(moderator, "/admin/comments/").submit("Search", search=words)) == ["Second"]
    assert "No results for" in visit(moderator, "/admin/comments/?search=nobody").text


def test_html_in_a_comment_is_shown_as_typed_and_a_retired_article_is_no_obstacle(sign_in: SignIn) -> None:
    article = make_article()
    make_comment(article, body="<script>alert(1)</script>", name="<b>Jo</b>")
    retire_article(article)
    page = visit(sign_in("moderator"), "/admin/comments/")
    assert "<script>alert(1)</script>" in page.text
    assert names(page) == ["<b>Jo</b>"]
