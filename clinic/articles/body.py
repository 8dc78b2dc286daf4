"""From a stored body to what readers see: pictures put in, headings given ids."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from clinic.core.text import slugify
from clinic.media.models import Image


def image_ids(body: str) -> list[int]:
    """The pictures that a body shows, in order, each once."""
    figures = LexborHTMLParser(body).css("figure[data-image]")
    ids = (_image_id(figure) for figure in figures)
    return list(dict.fromkeys(id_ for id_ in ids if id_))


def _image_id(figure: LexborNode) -> int | None:
    number = figure.attributes.get("data-image") or ""
    return int(number) if number.isdecimal() and len(number) < 10 else None


def heading_text(body: str) -> str:
    """The words of all headings of a body."""
    return " ".join(heading.text().strip() for heading in LexborHTMLParser(body).css("h2, h3, h4"))


@dataclass(frozen=True)
class Entry:
    """One line of a table of contents: where it leads (an id on the page) and what it says."""

    id: str
    text: str


FEWEST_FOR_CONTENTS = 4


def contents_of(body: str) -> list[Entry]:
    """The main headings of a long body; nothing for a short one. The ids are those that render_body gives."""
    parser = LexborHTMLParser(f"<main>{body}</main>")
    taken: set[str] = set()
    entries = []
    for heading in parser.css("h2, h3"):
        _give_id(heading, taken)
        if heading.tag == "h2":
            entries.append(Entry(heading.attributes["id"] or "", heading.text().strip()))
    return entries if len(entries) >= FEWEST_FOR_CONTENTS else []


def render_body(body: str, images: Mapping[int, Image], figure: Callable[[Image, str], str]) -> str:
    """The body with each figure's picture in it. `figure(image, caption)` gives the HTML of one.

    A picture that is gone leaves nothing behind.
    """
    parser = LexborHTMLParser(f"<main>{body}</main>")
    taken: set[str] = set()
    for heading in parser.css("h2, h3"):
        _give_id(heading, taken)
    for place in parser.css("figure[data-image]"):
        image = images.get(_image_id(place) or 0)
        caption = place.css_first("figcaption")
        if image is None:
            place.decompose()
            continue
        part = LexborHTMLParser(figure(image, caption.inner_html or "" if caption else "")).css_first("figure")
        assert part is not None
        place.replace_with(part)
    root = parser.css_first("main")
    assert root is not None
    return root.inner_html or ""


def _give_id(heading: LexborNode, taken: set[str]) -> None:
    base = heading.attributes.get("id") or slugify(heading.text()) or "section"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    heading.attrs["id"] = name  # type: ignore[index]
