"""A mutable HTML tree of plain Python objects. selectolax copies a node when it is moved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
RAW = frozenset(["script", "style", "title", "template", "noscript"])


@dataclass(eq=False, slots=True)
class Element:
    """An element, or a text node if `tag` is empty."""

    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    data: str = ""
    children: list["Element"] = field(default_factory=list)
    parent: "Element | None" = None

    def walk(self) -> Iterator["Element"]:
        """Yield all descendants in document order. Nodes may be changed during the walk."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def elements(self, *tags: str) -> list["Element"]:
        """Return the descendant elements, filtered by tag if any tags are given."""
        return [node for node in self.walk() if node.tag and (not tags or node.tag in tags)]

    def ancestors(self) -> Iterator["Element"]:
        """Yield the parent, its parent, and so on up to the body."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def closest(self, test: Callable[["Element"], bool]) -> "Element | None":
        """Return this element or its nearest ancestor that passes the test, or None."""
        return self if test(self) else next(filter(test, self.ancestors()), None)

    def text(self) -> str:
        """Return the concatenated text of all descendants."""
        return self.data if not self.tag else "".join(node.data for node in self.walk())

    def says(self) -> bool:
        """Return whether the element has any text besides white space."""
        return bool(self.text().strip())

    def append(self, *nodes: "Element") -> None:
        """Move nodes to the end of the children."""
        for node in nodes:
            node.remove()
            node.parent = self
            self.children.append(node)

    def put_before(self, *nodes: "Element") -> None:
        """Move nodes to the position right before this element."""
        for node in nodes:
            node.remove()
            if self.parent is not None:
                self.parent.children.insert(self.parent.children.index(self), node)
                node.parent = self.parent

    def wrap_children(self, tag: str, **attributes: str) -> "Element":
        """Wrap all children in a new element and return it."""
        inner = Element(tag, attributes)
        inner.append(*list(self.children))
        self.append(inner)
        return inner

    def wrap(self, tag: str) -> None:
        """Wrap this element in a new one."""
        outer = Element(tag)
        self.put_before(outer)
        outer.append(self)

    def unwrap(self) -> None:
        """Replace this element by its children."""
        self.put_before(*list(self.children))
        self.remove()

    def remove(self) -> None:
        """Detach this element from its parent, with all its descendants."""
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None

    def previous(self) -> "Element | None":
        """Return the previous sibling, skipping white space, or None."""
        if self.parent is None:
            return None
        before = self.parent.children[: self.parent.children.index(self)]
        return next((node for node in reversed(before) if node.tag or node.data.strip()), None)

    def html(self) -> str:
        """Return the children as HTML."""
        out: list[str] = []
        waiting: list[Element | str] = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                out.append(node)
            elif not node.tag:
                out.append(escape(node.data, quote=False).replace("\xa0", "&nbsp;"))
            else:
                said = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
                out.append(f"<{node.tag}{said}>")
                if node.tag not in VOID:
                    waiting.append(f"</{node.tag}>")
                    waiting.extend(reversed(node.children))
        return "".join(out)


def parse(html: str) -> Element | None:
    """Parse HTML and return its body, without scripts, style sheets and comments. None if it has no body."""
    found = LexborHTMLParser(html).body
    if found is None:
        return None
    body = Element("body")
    waiting: list[tuple[LexborNode, Element]] = [
        (child, body) for child in reversed(list(found.iter(include_text=True)))
    ]
    while waiting:
        node, parent = waiting.pop()
        if node.is_text_node:
            made = Element(data=node.text_content or "")
        elif node.is_element_node and node.tag and node.tag not in RAW:
            made = Element(node.tag.lower(), {name: value or "" for name, value in node.attributes.items()})
            waiting.extend((child, made) for child in _children(node))
        else:
            continue
        made.parent = parent
        parent.children.append(made)
    return body


def _children(node: LexborNode) -> list[LexborNode]:
    """Return the child nodes in reverse order."""
    return list(node.iter(include_text=True))[::-1]
