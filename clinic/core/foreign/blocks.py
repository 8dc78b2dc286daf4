"""Blocks of a document: marks, tables, headings and paragraphs."""

from clinic.core.foreign.meanings import direction_and_language, means, value_of
from clinic.core.tree import Element

_BOX_TAGS = "p ul ol table h1 h2 h3 h4 h5 h6 div blockquote figure dl hr pre"
BOXES = frozenset(_BOX_TAGS.split())
_WITHIN_TEXT = {"s", "strike", "del", "span", "font", "a", "b", "strong", "i", "em", "u", "ins", "sub", "sup"}
_GONE_TAGS = """
    div article main header footer nav center address pre form fieldset details summary hgroup search dialog
"""
_GONE = frozenset(_GONE_TAGS.split())
_BLOCK_TAGS = """
    p h2 h3 h4 ul ol li blockquote table dl dt dd figure aside section hr caption thead tbody tr th td
"""
_BLOCKS = _GONE | frozenset(_BLOCK_TAGS.split())


def _holds_boxes(element: Element) -> bool:
    return bool(element.elements(*BOXES))


def make_struck(body: Element) -> None:
    """Keep struck-out text as <s>. An element that holds blocks gets an <s> inside each of them."""
    struck = [
        one for one in body.elements() if (one.tag in ("s", "strike", "del") or means(one, "strike")) and one.says()
    ]
    made: list[Element] = []

    def is_made(node: Element) -> bool:
        return any(node is one for one in made)

    for element in struck:
        if element.tag in _WITHIN_TEXT and not _holds_boxes(element):
            if element.closest(is_made) is None:
                made.append(element.wrap_children("s"))
        else:
            for text in [node for node in element.walk() if node.data.strip()]:
                if text.closest(is_made) is None:
                    text.wrap("s")
                    made.append(text.parent or text)
    for element in body.elements("s", "strike", "del"):
        if not is_made(element):
            element.unwrap()


def make_marks(body: Element) -> None:
    """Convert bold and italic styles to tags. Google Docs uses styles, and wraps everything in a <b> that is not
    bold."""
    for element in body.elements("b", "strong", "i", "em", "span", "font"):
        is_bold = means(element, "bold") and element.tag not in ("b", "strong")
        is_italic = means(element, "italic") and element.tag not in ("i", "em")
        if not _holds_boxes(element) and element.says():
            for tag, is_so in (
                ("strong", is_bold),
                ("em", is_italic),
                ("sup", means(element, "sup")),
                ("sub", means(element, "sub")),
            ):
                if is_so:
                    element.wrap_children(tag)
        is_plain = (element.tag in ("b", "strong") and means(element, "plain")) or (
            element.tag in ("i", "em") and means(element, "upright")
        )
        if is_plain or (element.tag in ("b", "strong", "i", "em") and _holds_boxes(element)):
            element.unwrap()


def mend_tables(body: Element) -> None:
    """Make header cells of the cells that stand in a table head or have the role of one."""
    for cell in body.elements("td"):
        is_head = cell.closest(lambda one: one.tag == "thead") is not None
        if is_head or means(cell, "columnheader") or means(cell, "rowheader"):
            cell.tag = "th"


def make_headings(body: Element) -> None:
    """Map headings to h2 to h4, as the page has its own h1. A document with several h1 moves down one level as a
    whole."""
    for element in body.elements("p", "div", "span"):
        outline = value_of(element, "outline")
        if element.says() and (outline or means(element, "heading")):
            element.tag = f"h{min(int(outline or value_of(element, 'heading') or 2), 6)}"
    titles = [one for one in body.elements("p") if means(one, "title")]
    first = body.elements("h1")
    step = 1 if len(first) > 1 or (first and titles) else 0
    for heading in body.elements("h1", "h2", "h3", "h4", "h5", "h6"):
        heading.tag = f"h{min(max(int(heading.tag[1]) + step, 2), 4)}"
    for title in titles:
        title.tag = "h2"
    for heading in body.elements("h2", "h3", "h4", "th"):
        for strong in heading.elements("strong", "b"):
            strong.unwrap()


def make_paragraphs(body: Element) -> None:
    """Turn unknown containers into paragraphs, so that the words of two do not run together."""
    for box in reversed(body.elements(*_GONE)):
        if any(child.tag in _BLOCKS for child in box.children):
            _wrap_runs(box)
            for child in box.children:
                child.attributes = direction_and_language(box) | child.attributes
            box.unwrap()
        elif box.says() and not _is_alone(box):
            box.tag = "p"
        else:
            box.unwrap()
    if any(child.tag in _BLOCKS for child in body.children):
        _wrap_runs(body)
    for holder in body.elements("li", "td", "th"):
        boxes = [child for child in holder.children if child.tag or child.says()]
        if boxes and boxes[0].tag == "p" and all(one.tag in ("ul", "ol") for one in boxes[1:]):
            for name, value in direction_and_language(boxes[0]).items():
                holder.attributes.setdefault(name, value)
            boxes[0].unwrap()


def _is_alone(box: Element) -> bool:
    """Return whether the container is the only one with text among its siblings."""
    siblings = box.parent.children if box.parent else []
    return not any(one is not box and (one.tag in _BLOCKS or one.says()) for one in siblings)


def _wrap_runs(parent: Element) -> None:
    run: Element | None = None
    for node in list(parent.children):
        if node.tag in _BLOCKS:
            run = None
        elif run is None and node.tag == "br":
            node.remove()
        elif run is not None or node.says():
            if run is None:
                run = Element("p", direction_and_language(parent))
                node.put_before(run)
            run.append(node)
