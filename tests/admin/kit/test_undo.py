"""Tests of Undo: it works once, and reports a change that somebody else has made since."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment
from clinic.core.db import db
from clinic.leads.models import Lead, Stage
from clinic.leads.operations import change_stage
from tests.browse import Page, visit
from tests.factories import make_article, make_booking, make_comment, make_user

SignIn = Callable[..., FlaskClient]


def states() -> dict[str, str]:
    db.session.expire_all()
    return dict(db.session.execute(sa.select(Comment.name, Comment.state)).tuples().all())


def three(*, approved: bool = False) -> list[Comment]:
    article = make_article()
    waiting = [make_comment(article, name=name) for name in ("First", "Second")]
    third = make_comment(article, name="Third", state=CommentState.APPROVED if approved else CommentState.PENDING)
    return [*waiting, third]


def spammed(moderator: FlaskClient, comments: list[Comment], query: str = "?tab=all") -> Page:
    page = visit(moderator, f"/admin/comments/{query}").submit(
        "Mark selected as Spam", rowid=[str(one.id) for one in comments]
    )
    return visit(moderator, page.response.headers["Location"])


def test_a_decision_about_one_comment_is_undone_and_the_view_stays(sign_in: SignIn) -> None:
    moderator = sign_in("moderator")
    three()
    page = visit(moderator, "/admin/comments/?tab=pending&search=o").submit("Approve", within="tbody tr:nth-child(1)")
    assert page.path == "/admin/comments/?tab=pending&search=o"
    assert page.status_text().startswith("Approved: the comment of ")
    back = page.submit("Undo")
    assert back.status_text() == "Undone: 1 comment restored."
    assert back.path == "/admin/comments/?tab=pending&search=o"
    assert set(states().values()) == {"pending"}
    assert db.session.scalars(sa.select(Comment.moderated_by_id)).all() == [None] * 3


def test_many_comments_go_back_to_the_state_that_each_had(sign_in: SignIn) -> None:
    moderator = sign_in("moderator")
    page = spammed(moderator, three(approved=True))
    assert set(states().values()) == {"spam"}
    assert page.submit("Undo").status_text() == "Undone: 3 comments restored."
    assert states() == {"First": "pending", "Second": "pending", "Third": "approved"}


def test_undone_twice_it_changes_nothing_more(sign_in: SignIn) -> None:
    moderator = sign_in("moderator")
    page = spammed(moderator, three())
    page.submit("Undo")
    assert "nothing to undo" in page.submit("Undo").status_text()
    assert set(states().values()) == {"pending"}


def test_what_somebody_else_has_decided_since_stays_and_is_said(sign_in: SignIn) -> None:
    moderator, comments = sign_in("moderator"), three()
    page = spammed(moderator, comments)
    colleague = make_user()
    moderate_comment(comments[1], CommentState.APPROVED, by=colleague)
    moderate_comment(comments[2], CommentState.APPROVED, by=colleague)
    moderate_comment(comments[2], CommentState.SPAM, by=colleague)
    after = page.submit("Undo")
    assert "somebody else has moderated 2 comments since then." in after.alert()
    assert after.status_text() == "Undone: 1 comment restored."
    assert states() == {"First": "pending", "Second": "approved", "Third": "spam"}


def test_a_decision_that_changes_nothing_has_no_undo(sign_in: SignIn) -> None:
    moderator, comments = sign_in("moderator"), three()
    page = visit(moderator, "/admin/comments/")
    moderate_comment(comments[0], CommentState.APPROVED, by=make_user())
    assert "Undo" not in page.submit("Approve", within="tbody tr:nth-child(1)").texts("button")


@pytest.mark.slow
def test_two_hundred_comments_fit_into_the_cookie(sign_in: SignIn) -> None:
    moderator, article = sign_in("moderator"), make_article()
    made = [make_comment(article, name=f"Jo {number}") for number in range(200)]
    page = visit(moderator, "/admin/comments/")
    answer = page.submit("Mark selected as Spam", rowid=[str(one.id) for one in made])
    assert len(answer.response.headers["Set-Cookie"]) < 4000
    shown = visit(moderator, answer.response.headers["Location"])
    assert shown.submit("Undo").status_text() == "Undone: 200 comments restored."


def test_nonsense_in_an_undo_changes_nothing(sign_in: SignIn) -> None:
    moderator = sign_in("moderator")
    page = spammed(moderator, three())
    assert page.submit("Undo", of="eaten").status == 400
    assert "nothing to undo" in page.submit("Undo", pending="x,-1,," + "9" * 50).status_text()
    for back in ("https://evil.example/", "//evil.example/", "/admin/../logout", "/admin//evil", "javascript:1"):
        assert page.submit("Undo", back=back, follow=False).response.headers["Location"] == "/admin/comments/"


def test_a_stage_is_undone_on_the_page_of_the_lead(sign_in: SignIn) -> None:
    desk, lead = sign_in("desk"), make_booking().lead
    page = visit(desk, f"/admin/leads/details/?id={lead.id}").submit("Change", stage="lost")
    after = page.submit("Undo")
    assert after.status_text() == "Undone. The stage is new again."
    assert after.texts(".history li")[0].endswith("Stage changed back to new")
    assert db.session.get_one(Lead, lead.id).stage == Stage.NEW
    assert "nothing to undo" in page.submit("Undo").status_text()


def test_a_stage_that_somebody_has_changed_since_stays(sign_in: SignIn) -> None:
    desk, lead = sign_in("desk"), make_booking().lead
    page = visit(desk, f"/admin/leads/details/?id={lead.id}").submit("Change", stage="lost")
    change_stage(lead, Stage.ATTENDED, by=make_user())
    assert "somebody else has changed the stage since then." in page.submit("Undo").alert()
    db.session.expire_all()
    assert db.session.get_one(Lead, lead.id).stage == Stage.ATTENDED
    assert page.submit("Undo", before="married").status == 400


def test_what_the_same_person_has_decided_anew_stays_too(sign_in: SignIn) -> None:
    moderator, comments = sign_in("moderator"), three()
    page = spammed(moderator, comments[:1])
    visit(moderator, "/admin/comments/?tab=spam").submit("Approve", within="tbody")
    assert "somebody else has moderated 1 comment since then." in page.submit("Undo").alert()
    assert states()["First"] == "approved"
