"""One stored page, as it is sent to those who accept br, zstd, gzip, or none of them."""

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

SMALLEST = 1000  # bytes; below that the packet is no fuller
ENCODE: dict[str, Callable[[bytes], bytes]] = {  # best first; each step up costs twice the time for a percent or two
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=6),
    "zstd": lambda body: zstandard.ZstdCompressor(level=9).compress(body),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
OF_304 = {"cache-control", "content-security-policy", "strict-transport-security"}


@dataclass
class Page:
    """One page as it is sent, in each encoding that somebody has asked for. `until` is in Unix seconds."""

    version: str
    until: float
    headers: list[tuple[str, str]]
    body: bytes
    again: Callable[[Environ], None] | None = None  # what the view would have done besides
    answers: dict[str, "Answer"] = field(default_factory=dict)

    def answer(self, encoding: str) -> "Answer":
        """In this encoding, made when it is first asked for; two threads that both make it make the same."""
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
        """Bytes, as good as they need to be known: the text, and a third of it for its encodings."""
        return len(self.body) * 4 // 3 + 1000


@dataclass(frozen=True)
class Answer:
    """A page in one encoding: headers of the whole answer and of a 304."""

    tag: str
    full: list[tuple[str, str]]
    short: list[tuple[str, str]]
    body: bytes


@lru_cache(maxsize=256)
def encoding_for(accepted: str) -> str:
    """The best encoding that is accepted, or "" (RFC 9110, 12.5.3)."""
    accept = parse_accept_header(accepted, Accept)
    wanted = [name for name in ENCODE if accept.quality(name) > 0]
    return max(wanted, key=accept.quality, default="")


def matches(if_none_match: str | None, tag: str) -> bool:
    """Weak comparison, as RFC 9110, 13.1.2 asks for."""
    return if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match)
