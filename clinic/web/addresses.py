"""One address for each page: what is written with slashes too many leads to it for good."""

import re
from urllib.parse import quote

from flask import Flask, Response, redirect, request

SAFE_METHODS = ("GET", "HEAD")
SAFE = "/:@!$&'()*+,;=~-._"  # what a path may hold as it is (RFC 3986)


def in_address(path: str | bytes) -> str:
    """A path as it stands in an address: what has another meaning there is escaped."""
    return quote(path, safe=SAFE)


def init_addresses(app: Flask) -> None:
    """Lead from /about// and //about/ to /about/, before anything looks the path up.

    The new address begins with one slash and names no host, so it cannot lead to another site, nor to itself.
    """
    app.add_template_filter(in_address)

    @app.before_request
    def one_slash() -> Response | None:
        path = request.environ["PATH_INFO"].encode("latin-1")  # request.path has lost what it begins with
        if b"//" not in path or request.method not in SAFE_METHODS:
            return None
        query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
        return redirect(f"{in_address(re.sub(b'/+', b'/', path))}{query}", 308)  # type: ignore[return-value]
