"""Gzip compression of pages that the page store does not compress."""

import gzip

from flask import Flask, Response, request, session

from clinic.web.pages.store import is_storing

SMALLEST = 1000  # bytes; a smaller answer needs as many packets uncompressed
LEVEL = 5  # above it, one percent less size costs twice the time


def init_compress(app: Flask) -> None:
    """Compress text answers, except pages of a session.

    Such a page holds a CSRF token beside words that a visitor chose (a search, a typed name), so its compressed length
    could leak the token letter by letter (BREACH). Visitors have no session, and a stored page holds no secret.
    """

    @app.after_request
    def compress(response: Response) -> Response:
        if is_storing() and response.status_code == 200:
            return response  # the page store compresses it in every encoding
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
        and not response.is_streamed  # the sitemap is generated, and a file is read, during sending
        and not response.direct_passthrough
        and not {"Content-Encoding", "Set-Cookie"} & set(response.headers.keys())
        and len(response.get_data()) >= SMALLEST
    )
