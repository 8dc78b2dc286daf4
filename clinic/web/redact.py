"""Redaction of log lines: secrets in our URLs, network addresses, email addresses, phone numbers."""

import ipaddress
import re
from difflib import get_close_matches

HIDDEN = "…"
# Path segments that are followed by a secret. tests/web/test_logs.py compares them with the routes.
BEFORE_SECRETS = frozenset(
    {"link", "preview", "reset", "calendar", "wan-signin", "wan-register", "wan-verify", "tf-setup"}
)
SECRET_PATH = re.compile(rf"/({'|'.join(sorted(BEFORE_SECRETS))})(/|%2f)[^\s\"'<>]+", re.IGNORECASE)
EMAIL = re.compile(r"[^\s\"'<>@=:,;()\[\]{}]+@[\w-]+(?:\.[\w-]+)+")
NUMBER = re.compile(r"\+\d[\d ()-]{6,}\d")
V4 = r"\d{1,3}(?:\.\d{1,3}){3}"
V6 = rf"(?:[0-9a-f]{{0,4}}:){{2,7}}{V4}|[0-9a-f]{{0,4}}(?::[0-9a-f]{{0,4}}){{2,7}}"
NETWORK = re.compile(rf"(?<![\w.:])(?:{V4}|{V6})(?!\w)", re.IGNORECASE)
TOKEN = re.compile(r"[A-Za-z0-9_.~-]{20,}")
LONGEST_WORD = 15  # longest word with digits that is not taken for a token, such as "2025" or "covid19"


def redacted(text: str) -> str:
    """Return a log line with everything hidden that may be secret or identify a person."""
    text = SECRET_PATH.sub(rf"/\1/{HIDDEN}", text)
    text = EMAIL.sub("[email]", text)
    text = NUMBER.sub("[number]", text)
    text = NETWORK.sub(_without_network, text)
    return TOKEN.sub(lambda match: HIDDEN if _has_random_part(match[0]) else match[0], text)


def readable_path(path: str) -> str:
    """Return an unknown path with every segment hidden that may belong to a misspelt secret link."""
    kept: list[str] = []
    for part in path.split("/"):
        if part in BEFORE_SECRETS:
            return "/".join([*kept, part, HIDDEN])
        if _is_like_a_link(part.casefold()):
            return "/".join([*kept, HIDDEN])
        kept.append(part if _is_words(part) else HIDDEN)
    return "/".join(kept)


def _is_like_a_link(part: str) -> bool:
    """Return whether a path segment resembles one of BEFORE_SECRETS: misspelt, or joined with its neighbours."""
    is_within = any(word in part for word in BEFORE_SECRETS)
    return is_within or bool(get_close_matches(part, BEFORE_SECRETS, n=1, cutoff=0.7))


def _is_words(part: str) -> bool:
    """Return whether a path segment is plain lower-case words, like a slug, or too short for a secret."""
    if "@" in part or len(part) > 100:
        return False
    return len(part) < 12 or (part == part.lower() and not _has_random_part(part))


def _has_random_part(text: str) -> bool:
    return any(len(word) > LONGEST_WORD and not word.isalpha() for word in re.split(r"[-_.~+ ]", text))


def _without_network(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "[address]"
