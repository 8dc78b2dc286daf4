"""Canonical paths: repeated slashes are redirected permanently."""

import re
from urllib.parse import quote

from flask import Flask, Response, request

from clinic.web.answers import moved_to

SAFE_METHODS = ("GET", "HEAD")
SAFE = "/:@!$&'()*+,;=~-._"  # characters that need no escaping in a path (RFC 3986)


def in_address(path: str | bytes) -> str:
    """Return a path with escapes for characters that have another meaning in a URL."""
    return quote(path, safe=SAFE)


def init_addresses(app: Flask) -> None:
    """Redirect /about// and //about/ to /about/ before routing.

    The new path begins with one slash and names no host, so it cannot lead to another site or to itself.
    """
    app.add_template_filter(in_address)

    @app.before_request
    def one_slash() -> Response | None:
        path = request.environ["PATH_INFO"].encode("latin-1")  # request.path drops leading slashes
        if b"//" not in path or request.method not in SAFE_METHODS:
            return None
        query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
        return moved_to(f"{in_address(re.sub(b'/+', b'/', path))}{query}", 308)
