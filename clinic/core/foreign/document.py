"""Converts HTML of other programs, or written by hand, before the sanitiser drops its attributes.

Word, LibreOffice, Google Docs, Pages, Excel and web mail use styles, classes and roles to mark what is deleted, hidden,
struck out, a list or a heading. The editor converts pasted HTML in the same way (tools/editor/src/clean.js). This
module handles all other input: the HTML view, a browser without JavaScript, a file. tests/journeys/paste tests both.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from clinic.core.links import hidden_by, unwrap_link, unwrap_text
from clinic.core.tree import Element, parse

_Meaning = Callable[[str, list[str]], list[str]]


@dataclass
class LeftOut:
    """Content of a document that was left out. `pictures` are their alt texts or file names, `hiding` the makers of
    links whose target is hidden."""

    deleted: int = 0
    comments: int = 0
    hidden: int = 0
    margins: int = 0
    frames: int = 0
    links: int = 0
    pictures: list[str] = field(default_factory=list)
    hiding: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """A sentence or two about what was left out; "" if nothing was."""
        names = ", ".join(f"“{name}”" for name in [name for name in self.pictures if name][:3])
        parts = [
            *_number(self.deleted, "deleted passage", "deleted passages"),
            *_number(self.comments, "comment", "comments"),
            *_number(self.hidden, "hidden passage", "hidden passages"),
            *_number(self.margins, "page header or footer", "page headers or footers"),
            *_number(self.frames, "embedded frame or player", "embedded frames or players"),
            *_number(self.links, "link that leads nowhere", "links that lead nowhere"),
            *(f"{one} ({names})" if names else one for one in _number(len(self.pictures), "picture", "pictures")),
        ]
        said = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
        makers = " and ".join(dict.fromkeys(self.hiding))
        return " ".join(
            filter(
                None,
                [
                    said and f"Left out: {said}.",
                    "Add pictures with the Picture tool." if self.pictures else "",
                    f"{makers} hides where {'a link leads' if len(self.hiding) == 1 else 'links lead'}:"
                    " set the address by hand."
                    if makers
                    else "",
                ],
            )
        )


def _number(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []


def read_document(html: str) -> tuple[str, LeftOut]:
    """Return a document as HTML in the form that articles use, not yet sanitised, and what was left out of it."""
    left = LeftOut()
    body = parse(_fragment(html))
    if body is None:
        return html, left
    is_office = bool(_OFFICE.search(html))
    _note_meanings(body, _sheets(html), is_office=is_office)
    _make_lists(body)
    _drop_side(body, left)
    _check_links(body, left)
    _make_struck(body)
    _make_marks(body)
    _mend_tables(body)
    _make_headings(body)
    _mend_lists(body)
    _make_paragraphs(body)
    _keep_directions(body)
    if is_office:
        _mend_spaces(body)
    return body.html(), left


# Meanings of attributes

_OFFICE = re.compile(
    r"urn:schemas-microsoft-com:office|<o:p\b|\bclass=[\"']?Mso|content=[\"']?(Microsoft|LibreOffice|OpenOffice|StarOffice)"
    r"|\bdata-listid=|\bSCXW\d",
    re.IGNORECASE,
)
_ZERO = r"0+(\.0*)?(px|pt|em|rem|%)?\s*(;|!|$)"
_STYLES = [
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"(^|;)\s*font-weight\s*:\s*(bold|bolder|[6-9]00)\b", "bold"),
        (r"(^|;)\s*font-weight\s*:\s*(normal|lighter|[1-4]00)\b", "plain"),
        (r"(^|;)\s*font-style\s*:\s*(italic|oblique)\b", "italic"),
        (r"(^|;)\s*font-style\s*:\s*normal\b", "upright"),
        (r"(^|;)\s*vertical-align\s*:\s*super\b", "sup"),
        (r"(^|;)\s*vertical-align\s*:\s*sub\b", "sub"),
        (r"(^|;)\s*(text-decoration(-line)?\s*:[^;]*\bline-through\b|text-line-through\s*:\s*(?!none))", "strike"),
        (
            rf"(^|;)\s*(display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|mso-hide\s*:\s*all|opacity\s*:\s*{_ZERO})",
            "hidden",
        ),
        (r"(^|;)\s*(max-height|height|width)\s*:\s*[01](px|pt)?\s*(;|!|$)(?=[\s\S]*overflow\s*:\s*hidden)", "hidden"),
        (r"overflow\s*:\s*hidden[\s\S]*;\s*(max-height|height|width)\s*:\s*[01](px|pt)?\s*(;|!|$)", "hidden"),
        (rf"(^|;)\s*font-size\s*:\s*{_ZERO}", "sizeless"),
        (r"(^|;)\s*font-size\s*:\s*0*\.?0*[1-9]", "sized"),
        (r"(^|;)\s*mso-list\s*:\s*ignore\b", "ignore"),
        (r"(^|;)\s*mso-element\s*:\s*(header|footer)\b", "margin"),
        (
            r"(^|;)\s*(mso-element\s*:\s*comment|mso-comment-author|mso-special-character\s*:\s*comment)",
            "comment",
        ),
        (r"(^|;)\s*mso-element\s*:\s*comment\s*(;|$)", "remark"),
        (r"(^|;)\s*direction\s*:\s*rtl\b", "rtl"),
    )
]
_LIST = re.compile(r"(?:^|;)\s*mso-list\s*:\s*(l\d+)?[^;]*\blevel(\d)", re.IGNORECASE)
_OUTLINE = re.compile(r"(?:^|;)\s*mso-outline-level\s*:\s*([1-6])", re.IGNORECASE)
_DELETED_TAGS = {"w:del", "w:movefrom", "text:deletion", "text:tracked-changes"}
_REMARK_TAGS = {"comment", "annotation", "w:comment", "office:annotation"}
_DELETED_CLASS = re.compile(r"\bmso(Del|MoveFrom)\b|TrackChange\w*Deletion|\bice-del\b", re.IGNORECASE)
_REMARK_CLASS = re.compile(
    r"\bMsoComment(Reference|Text|Subject)\b|\bmsocom(txt|anchor|off)\b"
    r"|\b(comment|annotation)[-_]?(anchor|ref|reference|marker)\b",
    re.IGNORECASE,
)
_WAS = "data-was"  # holds the words defined above, separated by spaces; the sanitiser drops it


def _style_words(style: str) -> list[str]:
    words = [word for pattern, word in _STYLES if pattern.search(style)]
    found = _LIST.search(style)
    if found:
        words += [f"level-{found[2]}", f"list-{found[1] or 'l'}"]
    found = _OUTLINE.search(style)
    return [*words, f"outline-{found[1]}"] if found else words


def _sheets(html: str) -> _Meaning:
    """Return a function from tag and classes to meanings. Pages and Google Docs export styles such as strikethrough in
    a style sheet."""
    rules: list[tuple[str, str, list[str]]] = []
    for sheet in re.findall(r"<style\b[^>]*>([\s\S]*?)</style\s*>", html, re.IGNORECASE):
        plain = re.sub(r"<!--|-->|/\*[\s\S]*?\*/", "", sheet)
        for selectors, style in re.findall(r"([^{}]+)\{([^{}]*)\}", plain):
            words = _style_words(style)
            for selector in selectors.split(",") if words else ():
                found = re.fullmatch(r"([a-z][a-z0-9]*)?\.([\w-]+)", selector.strip(), re.IGNORECASE)
                if found:
                    rules.append(((found[1] or "").lower(), found[2], words))
    return lambda tag, classes: [
        word for name, one, words in rules if one in classes and name in ("", tag) for word in words
    ]


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


def _note_meanings(body: Element, meaning_of: _Meaning, *, is_office: bool) -> None:
    for element in body.elements():
        given = element.attributes
        classes = given.get("class", "")
        words = [*_style_words(given.get("style", "")), *meaning_of(element.tag, classes.split())]
        words += ["hidden"] if "hidden" in given else []
        words += ["title"] if re.search(r"\bMsoTitle\b", classes) else []
        words += ["deleted"] if _DELETED_CLASS.search(classes) or element.tag in _DELETED_TAGS else []
        words += ["comment"] if _REMARK_CLASS.search(classes) or element.tag in _REMARK_TAGS else []
        is_tracked = re.match(r"mailto:|#", given.get("cite", ""), re.IGNORECASE)
        words += ["deleted"] if element.tag == "del" and (is_office or is_tracked) else []
        words += [given["role"]] if given.get("role") in {"columnheader", "rowheader", "heading"} else []
        if element.tag == "li":
            for name, word in (("data-aria-level", "level"), ("data-listid", "list"), ("data-aria-posinset", "place")):
                words += [f"{word}-{given[name]}"] if re.fullmatch(r"\d{1,6}", given.get(name, "")) else []
        elif re.fullmatch(r"\d", given.get("aria-level", "")):
            words.append(f"heading-{given['aria-level']}")
        if "lang" not in given and "xml:lang" in given:
            given["lang"] = given["xml:lang"]
        if "rtl" in words:
            given.setdefault("dir", "rtl")
        for name in ("dir", "lang"):
            value = sane_value(name, given.get(name, ""))
            given.pop(name, None)
            if value:
                given[name] = value
        given[_WAS] = " ".join(words)


def _is(element: Element, word: str) -> bool:
    return word in element.attributes.get(_WAS, "").split()


def _value(element: Element, name: str) -> str:
    return next((w[len(name) + 1 :] for w in element.attributes.get(_WAS, "").split() if w.startswith(f"{name}-")), "")


# Lists


def _make_lists(body: Element) -> None:
    """Build nested lists from Word's paragraphs that have a list level and begin with the bullet as text."""
    _flatten_web_lists(body)
    open_: list[tuple[Element, int, str]] = []  # the open lists, outermost first, each with its level and name
    for paragraph in body.elements("p", "h1", "h2", "h3", "h4", "h5", "h6"):
        if any(node.tag == "li" for node in paragraph.ancestors()):
            continue  # a paragraph inside a list item
        level = int(_value(paragraph, "level") or 0)
        if level == 0 or paragraph.tag != "p":
            open_ = []
            continue
        ignored = next((one for one in paragraph.elements() if _is(one, "ignore")), None)
        marker = ignored.text().strip() if ignored else ""
        tag = _value(paragraph, "kind") or ("ol" if _NUMBER.match(marker) else "ul")
        number = re.match(r"\(?(\d{1,6})", _value(paragraph, "start") or marker)
        start, name = int(number[1]) if number else 0, _value(paragraph, "list")
        if open_ and paragraph.previous() is not open_[0][0]:
            open_ = []
        skipped = None
        while open_ and open_[-1][1] > level:
            skipped = open_.pop()
        # From level 1 to 3 and back to 2: both 3 and 2 are one step below 1.
        if skipped and open_ and open_[-1][1] < level and skipped[0].tag == tag:
            open_.append((skipped[0], level, skipped[2]))
        if open_ and open_[-1][1] == level:
            last = open_[-1]
            if last[0].tag != tag or (level == 1 and (last[2] != name or (tag == "ol" and start == 1))):
                open_.pop()
        if not open_ or open_[-1][1] != level:
            made = Element(tag, _said(paragraph))
            if tag == "ol" and start > 1:
                made.attributes["start"] = str(start)
            if open_:
                open_[-1][0].children[-1].append(made)
            else:
                paragraph.put_before(made)
            open_.append((made, level, name))
        item = Element("li", _said(paragraph))
        item.append(*list(paragraph.children))
        open_[-1][0].append(item)
        paragraph.remove()


# Matches "1.", "a)", "(iv)" and "1.1", also in other scripts, but not the "o" and "§" that are bullets.
_NUMBER = re.compile(
    r"[(\[]?(\d+(\.\d+)*|[a-z]{1,4}|[^\W\d_]|[一二三四五六七八九十]+)[.)\]、．）]|\d+(\.\d+)*$",
    re.IGNORECASE,
)


def _said(element: Element) -> dict[str, str]:
    return {name: element.attributes[name] for name in ("dir", "lang") if name in element.attributes}


def _flatten_web_lists(body: Element) -> None:
    """Turn the lists of Word on the web back into paragraphs with a level: it writes a separate list for each item."""
    for item in body.elements("li"):
        list_ = item.parent
        if not _value(item, "level") or list_ is None or list_.tag not in ("ol", "ul") or item.elements("ul", "ol"):
            continue
        start = _value(item, "place") or list_.attributes.get("start", "1")
        paragraph = Element("p", {_WAS: f"{item.attributes[_WAS]} kind-{list_.tag} start-{start}", **_said(item)})
        list_.put_before(paragraph)
        paragraph.append(*list(item.children))
        item.remove()
        if not [child for child in list_.children if child.tag]:
            wrapper = list_.parent
            list_.remove()
            kinds = [_value(child, "kind") for child in wrapper.children if child.tag] if wrapper else []
            if wrapper and wrapper.tag == "div" and all(kinds):
                wrapper.unwrap()


def _mend_lists(body: Element) -> None:
    """Move a list that is a direct child of a list into the item before it."""
    for inner in body.elements("ul", "ol"):
        if inner.parent is not None and inner.parent.tag in ("ul", "ol"):
            item = inner.previous()
            if item is not None and item.tag == "li":
                item.append(inner)
            else:
                inner.unwrap()


# Content outside the running text

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


def _drop_side(body: Element, left: LeftOut) -> None:
    _drop_remarks(body, left)
    left.margins += _drop(body, lambda one: _is(one, "margin"))
    left.deleted += _drop(body, lambda one: _is(one, "deleted"))
    left.hidden += _drop(
        body,
        lambda one: (
            _is(one, "hidden") or (_is(one, "sizeless") and not any(_is(inner, "sized") for inner in one.elements()))
        ),
    )
    for picture in body.elements("img"):
        if not any(re.fullmatch("[01]", picture.attributes.get(name, "")) for name in ("width", "height")):
            left.pictures.append(_name_of(picture))
        picture.remove()
    frames = {"iframe", "object", "embed", "audio", "video"}
    left.frames += _drop(body, lambda one: one.tag in frames, counts=lambda _: True)
    _drop(body, lambda one: _is(one, "ignore"))


def _drop_remarks(body: Element, left: LeftOut) -> None:
    """Remove comments. A program marks a comment at its place and writes its text at the end, or does only one of the
    two."""
    anchors: list[Element] = []
    notes: list[Element] = []
    for link in body.elements("a"):
        found = _REMARK_LINK.match(link.attributes.get("href", ""))
        if found:
            (notes if found[1] or "msoanchor" in found[0].lower() else anchors).append(link)
    marked = sum(_is(element, "remark") for element in body.elements())
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
    others = _drop(body, lambda one: _is(one, "comment") or _is(one, "remark"))
    left.comments += number or others


def _name_of(picture: Element) -> str:
    source = picture.attributes.get("src", "")
    name = "" if source.lower().startswith("data:") else re.split(r"[?#]", source)[0].rpartition("/")[2]
    return (picture.attributes.get("alt") or name).strip()[:60]


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

_BOX_TAGS = "p ul ol table h1 h2 h3 h4 h5 h6 div blockquote figure dl hr pre"
_BOXES = frozenset(_BOX_TAGS.split())
_WITHIN_TEXT = {"s", "strike", "del", "span", "font", "a", "b", "strong", "i", "em", "u", "ins", "sub", "sup"}


def _holds_boxes(element: Element) -> bool:
    return bool(element.elements(*_BOXES))


def _make_struck(body: Element) -> None:
    """Keep struck-out text as <s>. An element that holds blocks gets an <s> inside each of them."""
    struck = [
        one for one in body.elements() if (one.tag in ("s", "strike", "del") or _is(one, "strike")) and one.says()
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


def _make_marks(body: Element) -> None:
    """Convert bold and italic styles to tags. Google Docs uses styles, and wraps everything in a <b> that is not
    bold."""
    for element in body.elements("b", "strong", "i", "em", "span", "font"):
        is_bold = _is(element, "bold") and element.tag not in ("b", "strong")
        is_italic = _is(element, "italic") and element.tag not in ("i", "em")
        if not _holds_boxes(element) and element.says():
            for tag, is_so in (
                ("strong", is_bold),
                ("em", is_italic),
                ("sup", _is(element, "sup")),
                ("sub", _is(element, "sub")),
            ):
                if is_so:
                    element.wrap_children(tag)
        is_plain = (element.tag in ("b", "strong") and _is(element, "plain")) or (
            element.tag in ("i", "em") and _is(element, "upright")
        )
        if is_plain or (element.tag in ("b", "strong", "i", "em") and _holds_boxes(element)):
            element.unwrap()


def _mend_tables(body: Element) -> None:
    for cell in body.elements("td"):
        is_head = cell.closest(lambda one: one.tag == "thead") is not None
        if is_head or _is(cell, "columnheader") or _is(cell, "rowheader"):
            cell.tag = "th"


def _make_headings(body: Element) -> None:
    """Map headings to h2 to h4, as the page has its own h1. A document with several h1 moves down one level as a
    whole."""
    for element in body.elements("p", "div", "span"):
        outline = _value(element, "outline")
        if element.says() and (outline or _is(element, "heading")):
            element.tag = f"h{min(int(outline or _value(element, 'heading') or 2), 6)}"
    titles = [one for one in body.elements("p") if _is(one, "title")]
    first = body.elements("h1")
    step = 1 if len(first) > 1 or (first and titles) else 0
    for heading in body.elements("h1", "h2", "h3", "h4", "h5", "h6"):
        heading.tag = f"h{min(max(int(heading.tag[1]) + step, 2), 4)}"
    for title in titles:
        title.tag = "h2"
    for heading in body.elements("h2", "h3", "h4", "th"):
        for strong in heading.elements("strong", "b"):
            strong.unwrap()


# Blocks

_GONE_TAGS = """
    div article main header footer nav center address pre form fieldset details summary hgroup search dialog
"""
_GONE = frozenset(_GONE_TAGS.split())
_BLOCK_TAGS = """
    p h2 h3 h4 ul ol li blockquote table dl dt dd figure aside section hr caption thead tbody tr th td
"""
_BLOCKS = _GONE | frozenset(_BLOCK_TAGS.split())


def _make_paragraphs(body: Element) -> None:
    """Turn unknown containers into paragraphs, so that the words of two do not run together."""
    for box in reversed(body.elements(*_GONE)):
        if any(child.tag in _BLOCKS for child in box.children):
            _wrap_runs(box)
            for child in box.children:
                child.attributes = _said(box) | child.attributes
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
            for name, value in _said(boxes[0]).items():
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
                run = Element("p", _said(parent))
                node.put_before(run)
            run.append(node)


# Direction and language

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


def _keep_directions(body: Element) -> None:
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
