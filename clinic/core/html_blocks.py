"""HTML split into text blocks: paragraphs, headings, list items, table rows, pictures."""

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

# Each of these tags starts a new block and ends the block before it. A cell does not: a table row is one block.
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_KINDS = frozenset([*_HEADINGS, "p", "li", "blockquote", "caption", "tr", "figure", "figcaption", "dt", "dd", "hr"])
_CONTAINERS = frozenset(
    ["aside", "section", "div", "ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "article", "main", "header"]
)
# A paragraph inside one of these belongs to it and is no block of its own.
_NAME_THEIR_PARAGRAPHS = frozenset(["li", "blockquote", "caption", "tr", "figure", "figcaption", "dt", "dd"])
_MARKS = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "cite", "sub": "sub", "sup": "sup"}
_UNREAD = frozenset(["script", "style", "template", "head", "title"])
CELL_BORDER = "|"


@dataclass(frozen=True)
class Word:
    """One word of a block, with its marks ("em", "strong" …). `address` is the target of a link that ends with this
    word."""

    text: str
    marks: frozenset[str] = frozenset()
    address: str | None = None


@dataclass(frozen=True)
class HtmlBlock:
    """One block of text. `kind` is a tag such as "p" or "li"; `inside` lists the enclosing containers with their
    classes."""

    kind: str
    words: tuple[Word, ...]
    inside: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words of the block, joined by single spaces."""
        return " ".join(word.text for word in self.words)


def text_blocks(html: str) -> list[HtmlBlock]:
    """Return the text blocks of some HTML in reading order, without empty ones. A picture reads "Picture 7:
    caption"."""
    body = LexborHTMLParser(html).body
    reader = _Reader()
    # An explicit stack instead of recursion: HTML can be nested deeper than Python's call stack.
    steps: list[tuple[LexborNode, bool]] = [(body, False)] if body else []
    while steps:
        node, is_left = steps.pop()
        if is_left:
            reader.leave(node)
        elif node.tag == "-text":
            reader.read(node.text_content or "")
        elif node.tag and not node.tag.startswith("-") and node.tag not in _UNREAD:
            reader.enter(node)
            steps.append((node, True))
            steps.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
    reader.end_block()
    return reader.blocks


class _Reader:
    """State of the walk through a document: the blocks read so far and the tags that are open."""

    def __init__(self) -> None:
        self.blocks: list[HtmlBlock] = []
        self.open: list[tuple[str, str]] = []  # pairs of tag and class attribute
        self.rows = 0  # number of open table rows
        self.marks: list[str] = []
        self.words: list[Word] = []
        self.is_word_open = False  # no space since the last letter: "co<em>operate</em>" is one word

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _KINDS or tag in _CONTAINERS:
            self._break(tag, around=self.open[-1][0] if self.open else "")
            self.open.append((tag, node.attributes.get("class") or ""))
            self.rows += tag == "tr"
            if tag == "figure":
                self.read(_picture(node))
                self.is_word_open = False
            elif tag == "hr":
                self.read("Line")
        elif tag in ("td", "th") and self.words:
            self.read(f" {CELL_BORDER} ")
        elif tag == "br":
            self.is_word_open = False
        elif tag in _MARKS:
            self.marks.append(_MARKS[tag])

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _KINDS or tag in _CONTAINERS:
            self.rows -= tag == "tr"
            self._break(tag, around=self.open[-2][0] if len(self.open) > 1 else "")
            self.open.pop()
        elif tag in _MARKS:
            self.marks.pop()
        elif tag == "a" and self.words and (address := node.attributes.get("href")):
            last = self.words.pop()
            self.words.append(Word(last.text, last.marks, address))

    def read(self, text: str) -> None:
        marks = frozenset(self.marks)
        for number, text_of_word in enumerate(text.split()):
            if number == 0 and self.is_word_open and self.words and not text[0].isspace():
                last = self.words.pop()
                self.words.append(Word(last.text + text_of_word, last.marks | marks, last.address))
            else:
                self.words.append(Word(text_of_word, marks))
        if text:
            self.is_word_open = not text[-1].isspace()

    def end_block(self) -> None:
        if self.words:
            kind, inside = self._kind()
            self.blocks.append(HtmlBlock(kind, tuple(self.words), inside))
        self.words = []
        self.is_word_open = False

    def _kind(self) -> tuple[str, tuple[str, ...]]:
        """Return the innermost open tag that names the block, and the containers around it."""
        tags = [tag for tag, _ in self.open]
        inside = tuple(f"{tag} {names}".strip() for tag, names in self.open if tag in _CONTAINERS)
        named = [tag for tag in tags if tag in _KINDS]
        if named and named[-1] == "p" and (around := [tag for tag in named if tag in _NAME_THEIR_PARAGRAPHS]):
            return around[-1], inside
        return (named[-1] if named else "p"), inside

    def _break(self, tag: str, around: str) -> None:
        """End the current block. Inside a table row or before a picture's caption, only end the current word."""
        if self.rows or (tag == "figcaption" and around == "figure"):
            self.is_word_open = False
        else:
            self.end_block()


def _picture(figure: LexborNode) -> str:
    """Return the words that stand for a picture before its caption: its number and the texts set on this figure."""
    number = figure.attributes.get("data-image")
    names = {"description": "data-alt", "credit": "data-credit", "source": "data-source", "licence": "data-licence"}
    told = [(name, figure.attributes.get(attribute)) for name, attribute in names.items()]
    words = ["Picture", number or "", *(f"({name}: {text})" for name, text in told if text)]
    return " ".join(filter(None, words)) + (":" if figure.css_first("figcaption") else "")
