"""Return addresses: each page carries the address of the list it was opened from, with tab, search, sort and page."""

import re

from flask import request

MOST_CHARACTERS = 900
# A path of the panel and nothing else: no host, no backslash that browsers read as a slash, no way up.
PANEL_PATH = re.compile(r"/admin/(?!/)[^\\\s#]*")
# Browsers read an encoded dot as a dot (https://url.spec.whatwg.org/#double-dot-path-segment), and proxies may decode
# the others.
ENCODED = re.compile(r"%(?:2e|2f|5c|25)", re.IGNORECASE)


def here() -> str:
    """Return the address of this page, to be sent along as `back`."""
    address = request.full_path.rstrip("?")
    return address if is_panel_path(address) else request.path


def is_panel_path(address: str) -> bool:
    """Return True if an address is a page of the panel and cannot lead elsewhere."""
    path = address.partition("?")[0]
    is_short = len(address) <= MOST_CHARACTERS
    is_plain = ".." not in path and "//" not in path and not ENCODED.search(path)
    return is_short and is_plain and PANEL_PATH.fullmatch(address) is not None


def way_back(default: str) -> str:
    """Return the `back` address from the form or the query string, or the fallback if it leaves the panel."""
    asked = request.form.get("back") or request.args.get("back", "")
    return asked if is_panel_path(asked) else default
