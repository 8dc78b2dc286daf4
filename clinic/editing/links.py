"""Links of emails that ask whether an article is still correct."""

from datetime import timedelta

from flask import (
    abort,
    render_template,
)

from clinic.articles.emails import STILL_CORRECT
from clinic.articles.models import Article
from clinic.articles.reviews import sign_off_article
from clinic.core.db import db
from clinic.web.filters import local_now
from clinic.web.links import MailLink


class StillCorrectLink(MailLink):
    """Link that asks if an article is still correct, and records the review."""

    purpose = STILL_CORRECT
    lives = timedelta(days=120)

    def show(self, value: str) -> str:
        """Show the article, unless the review has already been recorded."""
        return render_template("articles/still_correct.html", article=_due_article(value), is_done=False)

    def act(self, value: str) -> str:
        """Record the review."""
        found = _due_article(value)
        if found is not None:
            sign_off_article(found, on=local_now().date())
        return render_template("articles/still_correct.html", article=found, is_done=found is not None)


def _due_article(value: str) -> Article | None:
    """Return the article of a link, or None if that review has already been recorded."""
    id_, _, due_on = value.partition(" ")
    found = db.session.get(Article, int(id_)) or abort(404)
    return found if str(found.review_due_on) == due_on else None
