"""Public pages travel as gzip to those who accept it."""

import gzip

from flask import Flask, Response, request, session

from clinic.web.pages.store import is_storing

SMALLEST = 1000  # bytes; below that the packet is no fuller
LEVEL = 5  # beyond it each percent less costs twice the time


def init_compress(app: Flask) -> None:
    """Compress text after each request, but never a page of a session.

    Such a page holds a token beside words that a visitor chose (a search, a typed name), and the compressed length
    would give the token away letter by letter (BREACH). Visitors have no session; a stored page has nothing secret.
    """

    @app.after_request
    def compress(response: Response) -> Response:
        if is_storing() and response.status_code == 200:
            return response  # the store keeps it in every encoding
        if request.method == "HEAD" or session or not _is_plain_text(response):
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") > 0:
            response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response


def _is_plain_text(response: Response) -> bool:
    kind = response.mimetype or ""
    return (
        (kind.startswith("text/") or kind.endswith("xml"))
        and not response.is_streamed  # the sitemap is made while it is sent, a file is read while it is sent
        and not response.direct_passthrough
        and not {"Content-Encoding", "Set-Cookie"} & set(response.headers.keys())
        and len(response.get_data()) >= SMALLEST
    )
