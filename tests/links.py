"""For each purpose of a signed link: something that it is about, made anew. Returns the value that the link signs."""

from collections.abc import Callable
from datetime import date

from tests.factories import make_article, make_author, make_comment


def _still_correct() -> str:
    article = make_article(reviewer_id=make_author().id, reviewed_on=date(2025, 11, 20))
    return f"{article.id} {article.review_due_on}"


def _approve_comment() -> str:
    return str(make_comment(make_article()).id)


SAMPLES: dict[str, Callable[[], str]] = {
    "approve-comment": _approve_comment,
    "still-correct": _still_correct,
}
