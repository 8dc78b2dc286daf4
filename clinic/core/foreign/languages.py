"""Writing direction and language of the parts of a document."""

import re

from clinic.core.tree import Element

_SAYING_TAGS = "p h2 h3 h4 ul ol li blockquote table td th dl dt dd figcaption aside section caption"
_SAYING = frozenset(_SAYING_TAGS.split())
_USUAL = {"dir": "ltr", "lang": "en"}  # the values of the page around the text
_PHRASES = ("span", "font", "a", "strong", "em", "b", "i", "bdo", "s", "sub", "sup", "abbr", "cite", "bdi")


def sane_value(name: str, value: str) -> str | None:
    """Return a permitted value of dir or lang in its usual spelling ("ar-SA"), or None."""
    plain = value.strip().lower().replace("_", "-")
    if name == "dir":
        return plain if plain in ("ltr", "rtl", "auto") else None
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", plain):
        return None
    first, *others = plain.split("-")
    return "-".join([first, *({2: str.upper, 4: str.title}.get(len(one), str.lower)(one) for one in others)])


def _same(name: str, one: str, other: str) -> bool:
    return one.partition("-")[0] == other.partition("-")[0] if name == "lang" else one == other


def keep_directions(body: Element) -> None:
    """Keep dir and lang only where they differ from their surroundings. A phrase in another direction or language gets
    a <bdi>."""
    for name in ("dir", "lang"):
        if any(name in one.attributes for one in body.elements()):
            _keep(body, name)


def _keep(body: Element, name: str) -> None:
    def said(element: Element) -> str:
        found = element.closest(lambda one: name in one.attributes)
        return found.attributes[name] if found else ""

    wanted: dict[int, str] = {id(body): _USUAL[name]}
    blocks = body.elements(*_SAYING)
    for block in blocks:
        is_leaf = not block.elements(*_SAYING)
        values = {said(text) for text in block.walk() if is_leaf and re.search(r"[^\W\d_]", text.data)}
        wanted[id(block)] = (values.pop() if len(values) == 1 else "") or said(block) or _USUAL[name]

    def around(element: Element) -> str:
        return next(wanted[id(one)] for one in element.ancestors() if id(one) in wanted)

    for block in blocks:
        block.attributes.pop(name, None)
        if not _same(name, wanted[id(block)], around(block)):
            block.attributes[name] = wanted[id(block)]
    for phrase in body.elements(*_PHRASES):
        value = phrase.attributes.pop(name, "")
        if not value or not re.search(r"[^\W\d_]", phrase.text()) or _same(name, value, around(phrase)):
            continue
        inner = phrase.children[0] if len(phrase.children) == 1 else None
        isolated = phrase if phrase.tag == "bdi" else inner
        if isolated is None or isolated.tag != "bdi":
            isolated = phrase.wrap_children("bdi")
        isolated.attributes[name] = value
        wanted[id(isolated)] = value
