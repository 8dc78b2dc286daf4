"""Rendering of a stored body: images and videos inserted, headings with ids."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from clinic.core.characters import has_rtl, starts_rtl
from clinic.core.html import plain_text
from clinic.core.settings import settings
from clinic.core.text import slugify
from clinic.media.models import Image


def image_ids(body: str) -> list[int]:
    """Return the numbers of the images in a body, in order, each once."""
    figures = LexborHTMLParser(body).css("figure[data-image]")
    ids = (_image_id(figure) for figure in figures)
    return list(dict.fromkeys(id_ for id_ in ids if id_))


def _image_id(figure: LexborNode) -> int | None:
    number = figure.attributes.get("data-image") or ""
    return int(number) if number.isdecimal() and len(number) < 10 else None


def indexed_text(summary: str, body: str) -> str:
    """Return the text of an article that is searched besides its title and headings."""
    return f"{summary} {plain_text(body)}"


def heading_text(body: str) -> str:
    """Return the words of all headings of a body."""
    return " ".join(heading.text().strip() for heading in LexborHTMLParser(body).css("h2, h3, h4"))


@dataclass(frozen=True)
class Entry:
    """Line of a table of contents: the id of a heading and its text."""

    id: str
    text: str


FEWEST_FOR_CONTENTS = 4
TRIAL_FORM = "section[data-part=trial-form]"
FORM_MARK = "<trial-form></trial-form>"  # an element that never appears in a sanitised body


def contents_of(body: str) -> list[Entry]:
    """Return the main headings of a long body, or nothing for a short one. The ids are those of render_body."""
    parser = LexborHTMLParser(f"<main>{body}</main>")
    taken: set[str] = set()
    entries = []
    for heading in parser.css("h2, h3"):
        _give_id(heading, taken)
        if heading.tag == "h2":
            entries.append(Entry(heading.attributes["id"] or "", heading.text().strip()))
    return entries if len(entries) >= FEWEST_FOR_CONTENTS else []


def heading_ids(body: str) -> set[str]:
    """Return the ids that render_body gives to headings: the targets of links such as "#sources"."""
    taken: set[str] = set()
    for heading in LexborHTMLParser(f"<main>{body}</main>").css("h2, h3"):
        _give_id(heading, taken)
    return taken


VIDEO = re.compile(r"(youtube):([\w-]{6,20})|(vimeo):(\d{6,12})", re.ASCII)


@dataclass(frozen=True)
class Parts:
    """The HTML of what a body only names: `figure(image, caption, alt=…, credit=…, source=…, licence=…)`, each None for
    the picture's own, and `video(site, id, caption)`."""

    figure: Callable[..., str]
    video: Callable[[str, str, str], str]


@dataclass(frozen=True)
class Rendered:
    """A rendered body in two halves. The trial form stands between them, if the body has one."""

    start: Markup
    end: Markup
    has_trial_form: bool
    has_video: bool
    contents: tuple[Entry, ...]

    def with_form(self, form: str) -> Markup:
        """Return the whole body with the form, or with its replacement, inserted."""
        return self.start + Markup(form) + self.end if self.has_trial_form else self.start  # noqa: S704


def render_body(body: str, images: Mapping[int, Image], parts: Parts) -> Rendered:
    """Render a body with its images and videos. Missing images are left out."""
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
        here = place.attributes
        html = parts.figure(
            image,
            caption.inner_html or "" if caption else "",
            alt=(here["data-alt"] or "") if "data-alt" in here else None,
            credit=here.get("data-credit"),
            source=web_address(here.get("data-source")),
            licence=here.get("data-licence"),
        )
        _put(place, html)
    for place in parser.css("figure[data-video]"):
        video = VIDEO.fullmatch(place.attributes.get("data-video") or "")
        caption = place.css_first("figcaption")
        words = caption.text().strip() if caption else ""
        site, id_ = (one for one in video.groups() if one) if video else ("", "")
        _put(place, parts.video(site, id_, words) if video else "")
    _direct(parser)
    for number, place in enumerate(parser.css(TRIAL_FORM)):
        _put(place, FORM_MARK if number == 0 else "")
    for link in parser.css('a[href^="/"]'):  # the printed page shows the whole address
        link.attrs["data-address"] = f"{settings().site_url}{link.attributes.get('href')}"
    root = parser.css_first("main")
    assert root is not None
    html = root.inner_html or ""
    # The body was already sanitised when it was saved.
    start, mark, end = map(Markup, html.partition(FORM_MARK))
    return Rendered(start, end, bool(mark), "data-embed" in html, tuple(contents_of(body)))


def web_address(text: str | None) -> str | None:
    """Return a link to another site, or an empty string for anything else."""
    return text if text and re.fullmatch(r"https?://[^\s\"'<>]+", text) else None


# Elements with a direction of their own. A line of text decides by its first letter, a block by its first line.
LINES = "p, h2, h3, h4, li, th, td, caption, dt, dd, figcaption"
HOLDERS = "ul, ol, dl, table, blockquote, aside"


def _direct(parser: LexborHTMLParser) -> None:
    """Add dir="auto" to each block, if the body has right-to-left letters."""
    body = parser.body
    if body is None or not has_rtl(body.text()):
        return
    for place in parser.css(HOLDERS):
        if "dir" not in place.attributes and starts_rtl(place.text()):
            place.attrs["dir"] = "rtl"
    for place in parser.css(LINES):
        if "dir" not in place.attributes:
            place.attrs["dir"] = "auto"


def _put(place: LexborNode, html: str) -> None:
    """Replace a node by the first element of some HTML, or remove it."""
    body = LexborHTMLParser(html).body
    part = body.css_first("*:not(body)") if body else None
    if part is None:
        place.decompose()
    else:
        place.replace_with(part)


def _give_id(heading: LexborNode, taken: set[str]) -> None:
    base = heading.attributes.get("id") or slugify(heading.text()) or "section"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    heading.attrs["id"] = name
