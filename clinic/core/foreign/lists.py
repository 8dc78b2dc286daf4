"""Lists of other programs, made into lists of HTML."""

import re

from clinic.core.foreign.meanings import WAS, direction_and_language, means, value_of
from clinic.core.tree import Element

# Matches "1.", "a)", "(iv)" and "1.1", also in other scripts, but not the "o" and "§" that are bullets.
_NUMBER = re.compile(
    r"[(\[]?(\d+(\.\d+)*|[a-z]{1,4}|[^\W\d_]|[一二三四五六七八九十]+)[.)\]、．）]|\d+(\.\d+)*$",
    re.IGNORECASE,
)


def make_lists(body: Element) -> None:
    """Build nested lists from Word's paragraphs that have a list level and begin with the bullet as text."""
    _flatten_web_lists(body)
    open_: list[tuple[Element, int, str]] = []  # the open lists, outermost first, each with its level and name
    for paragraph in body.elements("p", "h1", "h2", "h3", "h4", "h5", "h6"):
        if any(node.tag == "li" for node in paragraph.ancestors()):
            continue  # a paragraph inside a list item
        level = int(value_of(paragraph, "level") or 0)
        if level == 0 or paragraph.tag != "p":
            open_ = []
            continue
        ignored = next((one for one in paragraph.elements() if means(one, "ignore")), None)
        marker = ignored.text().strip() if ignored else ""
        tag = value_of(paragraph, "kind") or ("ol" if _NUMBER.match(marker) else "ul")
        number = re.match(r"\(?(\d{1,6})", value_of(paragraph, "start") or marker)
        start, name = int(number[1]) if number else 0, value_of(paragraph, "list")
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
            made = Element(tag, direction_and_language(paragraph))
            if tag == "ol" and start > 1:
                made.attributes["start"] = str(start)
            if open_:
                open_[-1][0].children[-1].append(made)
            else:
                paragraph.put_before(made)
            open_.append((made, level, name))
        item = Element("li", direction_and_language(paragraph))
        item.append(*list(paragraph.children))
        open_[-1][0].append(item)
        paragraph.remove()


def _flatten_web_lists(body: Element) -> None:
    """Turn the lists of Word on the web back into paragraphs with a level: it writes a separate list for each item."""
    for item in body.elements("li"):
        list_ = item.parent
        if not value_of(item, "level") or list_ is None or list_.tag not in ("ol", "ul") or item.elements("ul", "ol"):
            continue
        start = value_of(item, "place") or list_.attributes.get("start", "1")
        paragraph = Element(
            "p", {WAS: f"{item.attributes[WAS]} kind-{list_.tag} start-{start}", **direction_and_language(item)}
        )
        list_.put_before(paragraph)
        paragraph.append(*list(item.children))
        item.remove()
        if not [child for child in list_.children if child.tag]:
            wrapper = list_.parent
            list_.remove()
            kinds = [value_of(child, "kind") for child in wrapper.children if child.tag] if wrapper else []
            if wrapper and wrapper.tag == "div" and all(kinds):
                wrapper.unwrap()


def mend_lists(body: Element) -> None:
    """Move a list that is a direct child of a list into the item before it."""
    for inner in body.elements("ul", "ol"):
        if inner.parent is not None and inner.parent.tag in ("ul", "ol"):
            item = inner.previous()
            if item is not None and item.tag == "li":
                item.append(inner)
            else:
                inner.unwrap()
