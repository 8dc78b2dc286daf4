"""Addresses that lead elsewhere now, or nowhere."""

from flask import (
    Response,
    request,
)
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Gone, NotFound

from clinic.articles.finding import articles_about
from clinic.articles.redirects import redirect_from
from clinic.reading.blueprint import bp
from clinic.reading.successors import redirect_to_successor
from clinic.web.answers import moved_to
from clinic.web.error_pages import error_page, words_of_path

MOST_HITS = 5


@bp.app_errorhandler(404)
def not_found(error: NotFound) -> Response:
    """Redirect an old address to the new one, or answer 404. Without a database nothing is looked up."""
    if request.method not in ("GET", "HEAD"):
        return error_page(404)
    try:
        old = redirect_from(request.path)
        if old is None:
            return _not_here(404)
        return redirect_to_successor(old.article) if old.article else moved_to(old.target)
    except Gone:
        return _not_here(410)
    except NotFound:
        return _not_here(404)
    except SQLAlchemyError:
        return error_page(404)


@bp.app_errorhandler(410)
def gone(error: Gone) -> Response:
    """Answer 410 for a retired article, with other articles on the words of its address."""
    return _not_here(410)


def _not_here(code: int) -> Response:
    words = words_of_path(request.path)
    try:
        hits = articles_about(words, MOST_HITS) if words else []
    except SQLAlchemyError:
        hits = []
    return error_page(code, words=words, hits=hits)
