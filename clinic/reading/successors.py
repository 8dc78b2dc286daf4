"""Redirects of retired articles to the articles that replace them."""

from flask import (
    Response,
)
from werkzeug.exceptions import Gone, NotFound

from clinic.articles.models import Article, ArticleState
from clinic.web.answers import moved_to

MOST_SUCCESSORS = 10


def redirect_to_successor(article: Article) -> Response:
    """Return the article at an address, or the successor that an editor chose for it.

    Raises Gone for a retired article, and NotFound for one that is unpublished or in the trash.
    """
    shown: Article | None = article
    for _ in range(MOST_SUCCESSORS):
        if shown and shown.is_public:
            return moved_to(shown.address)
        shown = shown.successor if shown and shown.state == ArticleState.RETIRED and not shown.trashed_at else None
    raise Gone if article.state == ArticleState.RETIRED and not article.trashed_at else NotFound
