"""Emails about articles, one function per message."""

from clinic.articles.models import Article
from clinic.core import signing
from clinic.outbox import operations as outbox
from clinic.preferences import preferences

STILL_CORRECT = "still-correct"


def review_due(article: Article) -> None:
    """Email the person responsible for reviews: one message per due date, with a link to confirm the review."""
    value = f"{article.id} {article.review_due_on}"
    outbox.enqueue(
        "review_due",
        to=preferences().review_email,
        once_key=f"review_due:{value}",
        article=article,
        confirm_url=signing.link_url(STILL_CORRECT, value),
    )
