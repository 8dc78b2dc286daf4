"""Converts HTML of other programs, or written by hand, before the sanitiser drops its attributes.

Word, LibreOffice, Google Docs, Pages, Excel and web mail use styles, classes and roles to mark what is deleted, hidden,
struck out, a list or a heading. The editor converts pasted HTML in the same way (tools/editor/src/clean.js). This
module handles all other input: the HTML view, a browser without JavaScript, a file. tests/journeys/paste tests both.
"""

import re
from collections.abc import Iterable

from clinic.core.foreign.blocks import make_headings, make_marks, make_paragraphs, make_struck, mend_tables
from clinic.core.foreign.languages import keep_directions
from clinic.core.foreign.left_out import LeftOut
from clinic.core.foreign.lists import make_lists, mend_lists
from clinic.core.foreign.meanings import OFFICE, note_meanings, sheets
from clinic.core.foreign.remarks import drop_side
from clinic.core.links import hidden_by, unwrap_link, unwrap_text
from clinic.core.tree import Element, parse


def read_document(html: str) -> tuple[str, LeftOut]:
    """Return a document as HTML in the form that articles use, not yet sanitised, and what was left out of it."""
    left = LeftOut()
    body = parse(_fragment(html))
    if body is None:
        return html, left
    is_office = bool(OFFICE.search(html))
    note_meanings(body, sheets(html), is_office=is_office)
    make_lists(body)
    drop_side(body, left)
    _check_links(body, left)
    make_struck(body)
    make_marks(body)
    mend_tables(body)
    make_headings(body)
    mend_lists(body)
    make_paragraphs(body)
    keep_directions(body)
    if is_office:
        _mend_spaces(body)
    return body.html(), left


# Meanings of attributes


def _fragment(html: str) -> str:
    """Return the part that the clipboard marks as copied, wrapped in a list or table if it was a part of one."""
    found = re.search(r"<!--\s*StartFragment\s*-->([\s\S]*)<!--\s*EndFragment\s*-->", html, re.IGNORECASE)
    inner = found[1] if found else html
    first = re.match(r"(?:\s|<!--[\s\S]*?-->)*<([a-z]\w*)", inner, re.IGNORECASE)
    name = first[1].lower() if first else ""
    if name in {"col", "colgroup", "caption", "thead", "tbody", "tfoot", "tr"}:
        return f"<table>{inner}</table>"
    if name in {"td", "th"}:
        return f"<table><tr>{inner}</tr></table>"
    if name == "li":
        lists = re.findall(r"<([ou]l)\b", html[: found.start()], re.IGNORECASE) if found else []
        tag = lists[-1].lower() if lists else "ul"
        return f"<{tag}>{inner}</{tag}>"
    return inner


# Lists


# Content outside the running text


# Links


def _check_links(body: Element, left: LeftOut) -> None:
    for link in body.elements("a"):
        given = link.attributes.get("href", "").strip()
        if given:
            meant = unwrap_link(given)
            if not meant or re.match(r"file:", meant, re.IGNORECASE):
                left.links += link.says()
                link.unwrap()
                continue
            link.attributes["href"] = meant
            left.hiding += filter(None, [hidden_by(meant)])
        else:
            link.unwrap()  # an anchor that others link to
    for text in list(body.walk()):
        if "://" in text.data:
            text.data = unwrap_text(text.data)


# Inline formatting


# Blocks


# Direction and language


def _mend_spaces(body: Element) -> None:
    """Replace the non-breaking spaces that Word writes for plain ones. Those between a number and its unit stay."""
    for text in body.walk():
        if text.data:
            text.data = re.sub(r"(?<!\d)\xa0|\xa0(?![^\W\d_])", " ", text.data)
    for block in reversed(body.elements("p", "h2", "h3", "h4", "li", "ul", "ol", "td", "th")):
        _trim(block.children)
        if block.tag not in ("td", "th") and not block.says() and not block.elements("figure", "table", "hr"):
            block.remove()


def _trim(children: Iterable[Element]) -> None:
    nodes = list(children)
    for node, strip in [(nodes[0], str.lstrip), (nodes[-1], str.rstrip)] if nodes else []:
        while node.children:
            node = node.children[0 if strip is str.lstrip else -1]
        node.data = strip(node.data)
