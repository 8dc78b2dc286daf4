"""Factories for signed links: for each purpose a function that creates the subject of a link and returns the value to
sign."""

from collections.abc import Callable
from datetime import date

from clinic.visits.operations import cancel_visit
from tests.factories import make_article, make_author, make_booking, make_comment, make_visit


def _still_correct() -> str:
    article = make_article(reviewer_id=make_author().id, reviewed_on=date(2025, 11, 20))
    return f"{article.id} {article.review_due_on}"


def _approve_comment() -> str:
    return str(make_comment(make_article()).id)


def _visit() -> str:
    return str(make_visit().booking_id)


def _cancelled() -> str:
    visit = make_visit()
    cancel_visit(visit)
    return f"{visit.booking_id} {visit.sequence}"


SAMPLES: dict[str, Callable[[], str]] = {
    "approve-comment": _approve_comment,
    "cancel-visit": _visit,
    "my-data": lambda: str(make_booking().lead_id),
    "other-time": _visit,
    "still-correct": _still_correct,
    "times": lambda: str(make_booking().id),
    "undo-cancel": _cancelled,
    "unsubscribe": lambda: str(make_booking().lead_id),
}
