"""Where pictures are served from."""

from flask import Blueprint, Response, send_from_directory

from clinic.core.settings import settings

bp = Blueprint("media", __name__)


@bp.get("/media/<key>/<name>")
def file(key: str, name: str) -> Response:
    """One file of a picture. A key never serves other content, so browsers may keep it for ever."""
    response = send_from_directory(settings().media_root, f"{key}/{name}", max_age=31536000)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
