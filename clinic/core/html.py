"""The HTML that staff write: sanitised on saving, and converted to plain text."""

import re
from html import unescape

import nh3
from selectolax.lexbor import LexborHTMLParser

from clinic.core.characters import harmless_html
from clinic.core.foreign.document import read_document
from clinic.core.foreign.languages import sane_value
from clinic.core.foreign.left_out import LeftOut
from clinic.core.links import unwrap_link

ALLOWED_CLASSES = {"aside": {"pull-call", "callout", "disclaimer"}, "section": {"sources"}}
ALLOWED_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "figure": {"data-image", "data-alt", "data-credit", "data-source", "data-licence", "data-video"},
    "section": {"data-part"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "abbr": {"title"},
    "h2": {"id"},
    "h3": {"id"},
}
_TAGS = """
    p h2 h3 h4 ul ol li strong em b i blockquote cite a br hr table caption thead tbody tr th td
    figure figcaption aside section abbr sub sup s bdi dl dt dd
"""
ALLOWED_TAGS = set(_TAGS.split())


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "data-source":
        return unwrap_link(value) or value
    return sane_value(name, value) if name in ("dir", "lang") else value


_cleaner = nh3.Cleaner(
    tags=ALLOWED_TAGS,
    attributes=ALLOWED_ATTRIBUTES,
    attribute_filter=_kept,
    allowed_classes=ALLOWED_CLASSES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)


_LIST_IN_LIST = re.compile(r"(</li>|<[ou]l[^>]*>)\s*<[ou]l\b")  # as Google Docs writes nested lists


def sanitise(html: str) -> str:
    """Return the HTML with only the markup that an article may carry, and without harmful characters.

    Idempotent: a second pass changes nothing.
    """
    return _sanitised(html)[0]


def left_out(html: str) -> LeftOut:
    """Return a summary of what `sanitise` removes from a text."""
    return _sanitised(html)[1]


def _sanitised(html: str) -> tuple[str, LeftOut]:
    typed = harmless_html(html).strip()
    clean = _cleaned(typed)
    if clean == typed and not _LIST_IN_LIST.search(clean) and not _has_wrapped_link(clean):
        return clean, LeftOut()
    # The text has more markup than we keep, so read the meaning of its styles and classes first.
    read, left = read_document(typed)
    return _cleaned(read), left


def _cleaned(html: str) -> str:
    cleaned = _cleaner.clean(html)
    harmless = harmless_html(cleaned)  # references such as &#11; are characters by now
    if harmless != cleaned:  # without a removed character, an address may name a different scheme
        harmless = _cleaner.clean(harmless)
    return harmless.strip()


def _has_wrapped_link(html: str) -> bool:
    addresses = re.findall(r"https?://[^\s<>\"']+", html, re.IGNORECASE)
    return any(unwrap_link(address) != address for address in map(unescape, addresses))


def plain_text(html: str) -> str:
    """Return the text of some HTML with all white space collapsed to single spaces."""
    body = LexborHTMLParser(html).body
    return " ".join(body.text(separator=" ").split()) if body else ""
