"""Error pages. They need neither database nor sign-in: name and phone of the clinic are the last known ones."""

import logging
import re
from collections.abc import Sequence
from typing import Any

from flask import Flask, Request, Response, current_app, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from clinic.core.limits import TooMany
from clinic.web.logs import logged_path

log = logging.getLogger(__name__)

TEXTS = {
    400: ("We could not read that request", "The data sent to us is incomplete or damaged. Go back and try again."),
    403: (
        "You cannot open this page",
        "Your account has no permission for it. Ask the owner of the site if you need it.",
    ),
    404: ("We cannot find that page", "The address may be misspelt, or the page may have moved."),
    405: ("That does not work on this page", "The page does not accept this kind of request. Go back and try again."),
    410: ("This article is no longer available", "We have removed it. Another article may help you."),
    413: ("That is too large", "You sent more than we can accept. Shorten the text or choose a smaller file."),
    415: ("We cannot read this kind of data", "Please use the form on the page."),
    429: ("Please wait a moment", "We received too many requests from you in a short time."),
    500: ("Something went wrong on our side", "We have recorded the error. Please try again in a few minutes."),
    503: ("The site is unavailable for a moment", "Nothing you sent has been saved. Please try again in a minute."),
}


# Path segments that name a kind of page and not its topic. ENDINGS are file extensions of old sites.
KINDS_OF_PAGE = frozenset({"articles", "article", "blog", "post", "posts", "category", "tag", "news", "page", "index"})
ENDINGS = re.compile(r"\.(html?|php|aspx?)$", re.IGNORECASE)


def words_of_path(path: str) -> str:
    """Return the search words in an unknown path; "" for a file, such as a picture or a script."""
    path = ENDINGS.sub("", path.rstrip("/"))
    if "." in path:
        return ""
    words = [word for word in re.findall(r"[^\W_]+", path) if not word.isdecimal()]
    return " ".join([word for word in words if word.lower() not in KINDS_OF_PAGE][-6:])


TYPED_BY = "typed_by"  # field of the panel's forms that holds the person the form was rendered for
SECRET_FIELD = re.compile(r"passw|secret|token|code$", re.IGNORECASE)


def error_page(code: int, advice: str | None = None, *, words: str = "", hits: Sequence[Any] = ()) -> Response:
    """Return the error page for a status code. Scripts of the panel get the sentence as JSON.

    `words` fill the search field of a 404 page; `hits` are articles that match them.
    """
    title, text = TEXTS.get(code, TEXTS[500 if code >= 500 else 400])
    if request.path.startswith("/admin/") and request.path.endswith(".json"):
        response = jsonify(error=advice or text)
        response.status_code = code
    else:
        page = render_template(
            "errors/error.html",
            code=code,
            title=title,
            text=advice or text,
            request_id=g.get("request_id"),
            clinic=current_app.extensions.get("clinic.last_facts"),
            words=words,
            hits=hits,
        )
        response = make_response(page, code)
    response.headers["Cache-Control"] = "no-store"
    return response


def keeps_typed(request: Request) -> bool:
    """Return whether a refused form of the panel holds typed text that would be lost."""
    is_form = request.path.startswith("/admin/") and not request.path.endswith(".json") and "csrf_token" in request.form
    carried = ("csrf_token", "id", "url", TYPED_BY)
    typed = (value.strip() for name, value in request.form.items() if name not in carried)
    return is_form and any(typed)


def kept_page(*, is_signed_in: bool = False, is_of_another: bool = False) -> Response:
    """Return a page with what was typed in a refused form of the panel, to be sent again after signing in.

    `is_signed_in`: only a fresh proof of identity is missing. `is_of_another`: somebody else has signed in since, so
    the form is not sent in their name. Secrets are left out, because another person may be at the screen by now.
    """
    fields = [(name, value) for name, values in request.form.lists() for value in values if name != "csrf_token"]
    page = render_template(
        "security/kept.html",
        typed=[(name, value) for name, value in fields if not SECRET_FIELD.search(name)],
        lost_files=bool(request.files),
        lost_secrets=any(value for name, value in fields if SECRET_FIELD.search(name)),
        is_signed_in=is_signed_in,
        is_of_another=is_of_another,
    )
    response = make_response(page, 403 if is_of_another else 401)
    response.headers["Cache-Control"] = "no-store"
    return response


def init_errors(app: Flask) -> None:
    """Register the error handlers."""

    @app.errorhandler(CSRFError)
    def stale_token(error: CSRFError) -> Response:
        if keeps_typed(request):
            return kept_page()
        return error_page(
            400,
            "You have signed out or in again since you opened this page. Go back, reload the page and try again.",
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return error.get_response()  # type: ignore[return-value]
        own_words = error.description if error.code == 403 and "another website" in (error.description or "") else None
        response = error_page(error.code or 500, own_words)
        if allow := dict(error.get_headers()).get("Allow"):
            response.headers["Allow"] = allow
        return response

    @app.errorhandler(TooMany)
    def too_many(error: TooMany) -> Response:
        response = error_page(429, error.advice)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Response:
        log.error("the database does not answer", extra={"path": logged_path()}, exc_info=error)
        response = error_page(503)
        response.headers["Retry-After"] = "30"
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected error", extra={"path": logged_path()}, exc_info=error)
        return error_page(500)
