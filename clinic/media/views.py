"""Where pictures are served from."""

from flask import Blueprint, redirect, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from clinic.core.settings import settings
from clinic.media.models import folder_of
from clinic.media.queries import image_with_key

bp = Blueprint("media", __name__)


@bp.get("/media/<key>/<name>")
def file(key: str, name: str) -> Response:
    """One file of a picture. Key and version (`?v=2`, left out for the first) never serve other content, so browsers
    may keep it for ever. A version that was replaced leads to the present one."""
    asked = request.args.get("v", "1")
    version = int(asked) if asked.isdecimal() and len(asked) < 7 else 0
    try:
        response = send_from_directory(settings().media_root, f"{folder_of(key, version)}/{name}", max_age=31536000)
    except NotFound:
        image = image_with_key(key)
        if image is None or image.version == version:
            raise
        width = name.partition(".")[0]
        return redirect(image.url(int(width) if width.isdecimal() and len(width) < 7 else 1600))
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
