"""Image files over HTTP."""

import logging
from datetime import timedelta

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from clinic.core import clock
from clinic.media.errors import StoreAway
from clinic.media.files import files
from clinic.media.models import folder_of
from clinic.media.places import Opened, content_type
from clinic.media.queries import image_with_key
from clinic.web.error_pages import error_page
from clinic.web.logs import logged_path

log = logging.getLogger(__name__)
bp = Blueprint("media", __name__)
YEAR = 31536000  # seconds


@bp.get("/media/<key>/<name>")
def file(key: str, name: str) -> BaseResponse:
    """Send one file of an image. Key and version (`?v=2`, omitted for the first) never change their content, so
    browsers may cache the file for ever. A replaced version redirects to the current one."""
    if key.startswith(".") or name.startswith("."):  # still being written
        raise NotFound
    asked = request.args.get("v", "1")
    version = int(asked) if asked.isdecimal() and len(asked) < 7 else 0
    try:
        response = sent(files().open(f"{folder_of(key, version)}/{name}"), content_type(name), YEAR)
    except FileNotFoundError:
        image = image_with_key(key)
        if image is None or image.version == version:
            raise NotFound from None
        width = name.partition(".")[0]
        return redirect(image.url(int(width) if width.isdecimal() and len(width) < 7 else 1600))
    response.cache_control.immutable = True
    return response


def sent(opened: Opened, kind: str, max_age: int) -> Response:
    """Return a streamed response with a file. Range and conditional requests are supported."""
    body = wrap_file(request.environ, opened.stream)
    response = Response(body, mimetype=kind, direct_passthrough=True)
    response.content_length = opened.size
    response.last_modified = opened.modified
    response.set_etag(opened.etag)
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.expires = clock.now() + timedelta(seconds=max_age)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=opened.size)
    except RequestedRangeNotSatisfiable:
        opened.stream.close()
        raise
    return response


@bp.app_errorhandler(StoreAway)
def store_away(error: StoreAway) -> Response:
    """Answer 503 with a plain sentence. Pages themselves work without their pictures."""
    log.error("media storage is unreachable", extra={"path": logged_path(), "error": str(error)})
    response = error_page(503, error.advice)
    response.headers["Retry-After"] = "30"
    return response
