"""Decisions of the moderator, once and repeated."""

import sqlalchemy as sa
from flask import Flask

from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment
from clinic.comments.queries import approved_comments, comments_by_id, count_pending
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from tests.conftest import MovableClock
from tests.factories import make_article, make_comment, make_user


def test_a_decision_keeps_who_and_when_and_again_is_harmless(app: Flask, clock: MovableClock) -> None:
    comment, first, second = make_comment(make_article()), make_user(), make_user()
    assert moderate_comment(comment, CommentState.APPROVED, by=first)
    decided_at = clock.now
    clock.move(hours=1)
    assert not moderate_comment(comment, CommentState.APPROVED, by=second)
    db.session.refresh(comment)
    assert (comment.state, comment.moderated_at, comment.moderated_by_id) == (
        CommentState.APPROVED,
        decided_at,
        first.id,
    )
    assert db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor_id.is_not(None))).all() == ["approved"]


def test_a_decision_can_be_changed(app: Flask) -> None:
    comment, moderator = make_comment(make_article()), make_user()
    for state in (CommentState.SPAM, CommentState.APPROVED, CommentState.REJECTED):
        assert moderate_comment(comment, state, by=moderator)
        db.session.refresh(comment)
        assert comment.state == state


def test_only_approved_ones_of_this_article_are_read_oldest_first(app: Flask, clock: MovableClock) -> None:
    article, moderator = make_article(), make_user()
    wanted = []
    for state in [CommentState.APPROVED, *CommentState]:
        comment = make_comment(article, state=state, by=moderator)
        wanted += [comment.id] if state == CommentState.APPROVED else []
        clock.move(minutes=1)
    make_comment(make_article(), state=CommentState.APPROVED, by=moderator)
    assert [comment.id for comment in approved_comments(article.id)] == wanted
    assert count_pending() == 1


def test_unknown_ids_are_left_out(app: Flask) -> None:
    comment = make_comment(make_article())
    assert [one.id for one in comments_by_id([comment.id, 987654])] == [comment.id]
    assert comments_by_id([]) == []


def test_a_comment_stays_when_its_moderator_is_gone(app: Flask) -> None:
    moderator = make_user()
    comment = make_comment(make_article(), state=CommentState.APPROVED, by=moderator)
    with atomic():
        db.session.delete(moderator)
    assert db.session.get_one(Comment, comment.id).moderated_by_id is None
