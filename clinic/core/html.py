"""What staff write: sanitised when it is saved, and read back as plain text where that is needed."""

import nh3
from selectolax.lexbor import LexborHTMLParser

from clinic.core.characters import harmless_html

ALLOWED_CLASSES = {"aside": {"pull-call", "callout", "disclaimer"}, "section": {"sources"}}
ALLOWED_ATTRIBUTES = {
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
    figure figcaption aside section abbr sub sup dl dt dd
"""
ALLOWED_TAGS = set(_TAGS.split())

_cleaner = nh3.Cleaner(
    tags=ALLOWED_TAGS,
    attributes=ALLOWED_ATTRIBUTES,
    allowed_classes=ALLOWED_CLASSES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)


def sanitise(html: str) -> str:
    """The same text with only the markup that an article may carry, and no character that breaks a format or deceives.

    A second pass changes nothing.
    """
    cleaned = _cleaner.clean(harmless_html(html))
    harmless = harmless_html(cleaned)  # references such as &#11; are characters by now
    if harmless != cleaned:  # without one, an address may name a scheme that it did not name before
        harmless = _cleaner.clean(harmless)
    return harmless.strip()


def plain_text(html: str) -> str:
    """The words of some HTML, one space between them."""
    body = LexborHTMLParser(html).body
    return " ".join(body.text(separator=" ").split()) if body else ""
