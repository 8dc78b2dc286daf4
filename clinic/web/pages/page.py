"""One stored page and its encodings: br, zstd, gzip, or none."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import brotli
import zstandard
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

Environ = dict[str, Any]
Key = tuple[str, str, str]  # host, path, query

SMALLEST = 1000  # bytes; a smaller page needs as many packets uncompressed
ENCODE: dict[str, Callable[[bytes], bytes]] = {  # best first; one more level costs twice the time for a percent or two
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=6),
    "zstd": lambda body: zstandard.ZstdCompressor(level=9).compress(body),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
OF_304 = {"cache-control", "content-security-policy", "strict-transport-security"}


@dataclass
class Page:
    """A stored page, with each encoding that was requested so far. `until` is in Unix seconds."""

    version: str
    until: float
    headers: list[tuple[str, str]]
    body: bytes
    again: Callable[[Environ], None] | None = None  # side effect of the view, to repeat
    answers: dict[str, "Answer"] = field(default_factory=dict)

    def answer(self, encoding: str) -> "Answer":
        """Return the page in an encoding, compressed on first use. Two threads may compress the same page."""
        if encoding not in self.answers:
            body = ENCODE[encoding](self.body) if encoding else self.body
            tag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}{encoding and "-"}{encoding}"'
            common = [*self.headers, ("Vary", "Accept-Encoding"), ("ETag", tag)]
            full = [*common, ("Content-Length", str(len(body)))]
            if encoding:
                full.append(("Content-Encoding", encoding))
            short = [(name, value) for name, value in common if name.lower() in OF_304 | {"vary", "etag"}]
            self.answers[encoding] = Answer(tag, full, short, body)
        return self.answers[encoding]

    @property
    def size(self) -> int:
        """Approximate memory in bytes: the text, and a third of it for the encodings."""
        return len(self.body) * 4 // 3 + 1000


@dataclass(frozen=True)
class Answer:
    """A page in one encoding, with the headers of the full response and of a 304."""

    tag: str
    full: list[tuple[str, str]]
    short: list[tuple[str, str]]
    body: bytes


@lru_cache(maxsize=256)
def encoding_for(accepted: str) -> str:
    """Return the best accepted encoding, or "" (RFC 9110 § 12.5.3)."""
    accept = parse_accept_header(accepted, Accept)
    wanted = [name for name in ENCODE if accept.quality(name) > 0]
    return max(wanted, key=accept.quality, default="")


def matches(if_none_match: str | None, tag: str) -> bool:
    """Compare If-None-Match with an ETag, weakly (RFC 9110 § 13.1.2)."""
    return if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match)
