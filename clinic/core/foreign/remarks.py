"""Parts beside the text of a document: comments, deleted passages, hidden text."""

import re
from collections.abc import Callable

from clinic.core.foreign.left_out import LeftOut
from clinic.core.foreign.meanings import means
from clinic.core.tree import Element

_REMARK_LINK = re.compile(
    r"#_?(?:mso)?(?:cmnt|com|anchor|comment|annotation)(_?(?:ref|anchor))?[_-]?\d+$", re.IGNORECASE
)


def _drop(body: Element, test: Callable[[Element], bool], *, counts: Callable[[Element], bool] = Element.says) -> int:
    count = 0
    for element in body.elements():
        if test(element) and (element.parent is body or body in element.ancestors()):
            count += counts(element)
            element.remove()
    return count


def drop_side(body: Element, left: LeftOut) -> None:
    """Remove comments, deleted and hidden passages, pictures and frames, and count them in `left`."""
    _drop_remarks(body, left)
    left.margins += _drop(body, lambda one: means(one, "margin"))
    left.deleted += _drop(body, lambda one: means(one, "deleted"))
    left.hidden += _drop(
        body,
        lambda one: (
            means(one, "hidden")
            or (means(one, "sizeless") and not any(means(inner, "sized") for inner in one.elements()))
        ),
    )
    for picture in body.elements("img"):
        if not any(re.fullmatch("[01]", picture.attributes.get(name, "")) for name in ("width", "height")):
            left.pictures.append(_name_of(picture))
        picture.remove()
    frames = {"iframe", "object", "embed", "audio", "video"}
    left.frames += _drop(body, lambda one: one.tag in frames, counts=lambda _: True)
    _drop(body, lambda one: means(one, "ignore"))


def _drop_remarks(body: Element, left: LeftOut) -> None:
    """Remove comments. A program marks a comment at its place and writes its text at the end, or does only one of the
    two."""
    anchors: list[Element] = []
    notes: list[Element] = []
    for link in body.elements("a"):
        found = _REMARK_LINK.match(link.attributes.get("href", ""))
        if found:
            (notes if found[1] or "msoanchor" in found[0].lower() else anchors).append(link)
    marked = sum(means(element, "remark") for element in body.elements())
    number = max(len(anchors), len(notes), marked)
    for link in notes:
        block = link.closest(lambda one: one.tag in ("div", "aside", "li", "dd"))
        if block is None or not block.text().strip().startswith(link.text().strip()):
            block = link.closest(lambda one: one.tag == "p") or link
        block.remove()
    for link in anchors:
        mark = link.closest(lambda one: one.tag == "sup")
        link.remove()
        if mark is not None and not mark.says():
            mark.remove()
    others = _drop(body, lambda one: means(one, "comment") or means(one, "remark"))
    left.comments += number or others


def _name_of(picture: Element) -> str:
    source = picture.attributes.get("src", "")
    name = "" if source.lower().startswith("data:") else re.split(r"[?#]", source)[0].rpartition("/")[2]
    return (picture.attributes.get("alt") or name).strip()[:60]
