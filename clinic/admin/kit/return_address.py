"""The way back: pages carry the address of the list they were reached from, with its tab, search, sort and page."""

import re

from flask import request

MOST_CHARACTERS = 900
# A path of the panel and nothing else: no host, no backslash that browsers read as a slash, no way up.
PANEL_PATH = re.compile(r"/admin/(?!/)[^\\\s#]*")
# Browsers read an encoded dot as a dot (https://url.spec.whatwg.org/#double-dot-path-segment), and proxies may decode
# the others.
ENCODED = re.compile(r"%(?:2e|2f|5c|25)", re.IGNORECASE)


def here() -> str:
    """The address of this page, to be carried along as `back`."""
    address = request.full_path.rstrip("?")
    return address if is_panel_path(address) else request.path


def is_panel_path(address: str) -> bool:
    """Whether an address leads to a page of the panel and nowhere else."""
    path = address.partition("?")[0]
    is_short = len(address) <= MOST_CHARACTERS
    is_plain = ".." not in path and "//" not in path and not ENCODED.search(path)
    return is_short and is_plain and PANEL_PATH.fullmatch(address) is not None


def way_back(default: str) -> str:
    """Where `back`, in the form or in the address, leads; another place than the panel is passed over."""
    asked = request.form.get("back") or request.args.get("back", "")
    return asked if is_panel_path(asked) else default
