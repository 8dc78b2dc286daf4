"""Host header check in production: the site only answers to the names in SITE_URL and ALLOWED_HOSTS.

Requests with made-up names would have each page rendered again and fill the page store with copies. Requests from this
machine may use its own names, and monitoring may ask for the health endpoints under any name.
"""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from clinic.core.settings import Settings

Environ = dict[str, Any]
WATCHED = ("/healthz", "/readyz")
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
TEXT = b"This site does not answer to that name. If the site is yours, name it in SITE_URL or ALLOWED_HOSTS.\n"


class KnownHosts:
    """WSGI middleware that refuses unknown names, before anything reads the Host header."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self._inner = inner
        site = urlsplit(settings.site_url)
        self._names = {site.netloc.lower(), *settings.allowed_hosts}
        self._is_trial = is_loopback(name_of_host(site.netloc))

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass requests with a known name on, with that name in its canonical spelling; answer others with 400."""
        host = environ.get("HTTP_HOST", "").lower()
        short = host.removesuffix(DEFAULT_PORTS.get(environ.get("wsgi.url_scheme", ""), "")).removesuffix(".")
        if short in self._names:
            environ["HTTP_HOST"] = short
        elif environ.get("PATH_INFO") not in WATCHED and not self._is_of_this_machine(name_of_host(host), environ):
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(TEXT)))]
            start_response("400 BAD REQUEST", [*headers, ("Cache-Control", "no-store")])
            return [TEXT]
        return self._inner(environ, start_response)

    def _is_of_this_machine(self, name: str, environ: Environ) -> bool:
        """Return whether a request came directly to this machine, under a loopback name or the address it arrived
        at."""
        if is_loopback(name):
            return self._is_trial or came_directly(environ)
        return self._is_trial and name != "" and name == _local_address(environ)


def came_directly(environ: Environ) -> bool:
    """Return whether a request was sent by a program on this machine and not forwarded by a proxy."""
    return is_loopback(environ.get("REMOTE_ADDR") or "") and not any(name in environ for name in FORWARDED)


def is_loopback(name: str) -> bool:
    """Return whether a name or address is a loopback one."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def name_of_host(host: str) -> str:
    """Return a Host header without port and IPv6 brackets; "" if it cannot be parsed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _local_address(environ: Environ) -> str:
    sock = environ.get("gunicorn.socket")
    return str(sock.getsockname()[0]) if sock else ""
