"""Findings for an editor before publishing. Nothing here refuses a text; publish_article does that."""

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from clinic.articles.body import heading_ids
from clinic.articles.models import Kind
from clinic.core.html_blocks import HtmlBlock, text_blocks
from clinic.core.readability import reading_ease, sentences
from clinic.editing.advertising import Profile, claims_in


class Weight(enum.StrEnum):
    """Weight of a finding.

    MUST refuses publishing. CLAIM (forbidden in advertising) and SHOULD (a defect) ask for a reason. HINT is advice.
    """

    MUST = "must"
    CLAIM = "claim"
    SHOULD = "should"
    HINT = "hint"


@dataclass(frozen=True)
class Finding:
    """One point to check. `rule` never changes; `text` is the advice; `excerpt` quotes the words in question."""

    rule: str
    text: str
    field: str
    excerpt: str = ""
    weight: Weight = Weight.SHOULD


@dataclass(frozen=True)
class CheckedImage:
    """Image of a text with its alt text and credit. A decorative one needs no alt text."""

    alt: str
    credit: str
    is_decorative: bool = False


@dataclass(frozen=True)
class Checked:
    """A text as it would be stored. `pictures` are those of the body that are there, by id.

    `has_disclaimer` is true where the template shows one (posts), and for a page that gives no advice on health.
    `is_known_address` is asked with a path ("/services/").
    """

    kind: Kind
    title: str
    slug: str
    summary: str
    body: str
    pictures: Mapping[int, CheckedImage]
    main_picture: CheckedImage | None
    has_author: bool
    has_category: bool
    has_reviewer: bool
    reviewed_on: date | None
    has_disclaimer: bool
    is_known_address: Callable[[str], bool]


# Length that search results usually show before they cut.
LONGEST_TITLE = 60
SHORTEST_SUMMARY, LONGEST_SUMMARY = 50, 160
LONGEST_PARAGRAPH = 150  # words
# Ids that templates use around a body.
PAGE_ANCHORS = {Kind.POST: frozenset(["main", "trial", "comments", "write-a-comment"]), Kind.PAGE: frozenset(["main"])}

_EMPTY_WORDS = frozenset([
    "click", "click here", "here", "this", "this link", "link", "this page", "this article", "this site", "website",
    "more", "read more", "see more", "learn more", "find out more", "more information", "details", "more details",
    "go", "continue", "this website",
])  # fmt: skip
_BARE_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_NOT_LETTERS = re.compile(r"[^a-z ]+")


def preflight(checked: Checked, profile: Profile) -> list[Finding]:
    """Return all findings, in the order of the form and, within the body, of the text."""
    body = LexborHTMLParser(f"<main>{checked.body}</main>")
    blocks = text_blocks(checked.body)
    findings = [
        *_about_title(checked),
        *_about_summary(checked),
        *_about_people(checked),
        *_about_main_picture(checked),
        *_about_text(checked, profile, body, blocks),
        *_about_headings(body),
        *_about_pictures(checked, body),
        *_about_links(checked, body),
        *_about_claims(checked, profile, blocks),
    ]
    return list(dict.fromkeys(findings))


def _prose(blocks: list[HtmlBlock]) -> list[str]:
    return [block.text for block in blocks if block.kind in ("p", "li", "dd", "blockquote") and not _is_source(block)]


def _is_source(block: HtmlBlock) -> bool:
    """Return True inside the list of sources: titles of other people's papers are neither our style nor our claims."""
    return "section sources" in block.inside


def _about_title(checked: Checked) -> Iterator[Finding]:
    if not checked.title.strip():
        yield Finding("no-title", "Write a title.", "title", weight=Weight.MUST)
    elif len(checked.title) > LONGEST_TITLE:
        text = f"Shorten the title: it has {len(checked.title)} characters, search results show about {LONGEST_TITLE}."
        yield Finding("long-title", text, "title", checked.title, weight=Weight.HINT)


def _about_summary(checked: Checked) -> Iterator[Finding]:
    length = len(checked.summary.strip())
    if not length:
        yield Finding("no-summary", "Write a summary of one or two sentences.", "summary", weight=Weight.MUST)
    elif length < SHORTEST_SUMMARY:
        text = f"Say more in the summary: it has {length} characters, {SHORTEST_SUMMARY} or more help readers choose."
        yield Finding("short-summary", text, "summary", checked.summary, weight=Weight.HINT)
    elif length > LONGEST_SUMMARY:
        text = f"Shorten the summary: it has {length} characters, search results show about {LONGEST_SUMMARY}."
        yield Finding("long-summary", text, "summary", checked.summary, weight=Weight.HINT)


def _about_people(checked: Checked) -> Iterator[Finding]:
    if checked.kind is not Kind.POST:
        return
    if not checked.has_category:
        yield Finding("no-category", "Choose a category.", "category_id", weight=Weight.MUST)
    if not checked.has_author:
        yield Finding("no-author", "Choose an author.", "author_id", weight=Weight.MUST)
    if not checked.has_reviewer:
        yield Finding(
            "no-reviewer", "Have an expert review the text, and enter the reviewer.", "reviewer_id", weight=Weight.HINT
        )
    if checked.reviewed_on is None:
        yield Finding("no-review-date", "Enter the date of the review.", "reviewed_on", weight=Weight.HINT)


def _about_main_picture(checked: Checked) -> Iterator[Finding]:
    picture = checked.main_picture
    if picture is None:
        if checked.kind is Kind.POST:
            yield Finding(
                "no-main-picture", "Choose a picture for lists and for sharing.", "image_id", weight=Weight.HINT
            )
        return
    if not (picture.alt or picture.is_decorative):
        text = "Add an alt text for the picture in Media."
        yield Finding("missing-alt", text, "image_id", weight=Weight.MUST)
    if not picture.credit:
        yield Finding("missing-credit", "Add a credit for the picture in Media.", "image_id", weight=Weight.MUST)


def _about_text(
    checked: Checked, profile: Profile, body: LexborHTMLParser, blocks: list[HtmlBlock]
) -> Iterator[Finding]:
    if not blocks:
        yield Finding("no-text", "Write the text.", "body", weight=Weight.MUST)
        return
    whole = " ".join(block.text for block in blocks).lower()
    wanted = profile.needs_disclaimer_words
    if wanted and not checked.has_disclaimer and not any(words.lower() in whole for words in wanted):
        text = f"Add a disclaimer for advice on health. It should say, for example, “{wanted[0]}”."
        yield Finding("no-disclaimer", text, "body")
    prose = _prose(blocks)
    ease = reading_ease(prose)
    if ease is not None and ease < profile.reading_ease_floor:
        longest = max((one for text in prose for one in sentences(text)), key=lambda one: len(one.split()))
        text = (
            f"Use shorter sentences and plainer words: the reading ease is {ease:.0f},"
            f" and {profile.reading_ease_floor:.0f} or more is good. This is the longest sentence."
        )
        yield Finding("hard-to-read", text, "body", longest, weight=Weight.HINT)
    for block in blocks:
        if block.kind == "p" and len(block.words) > LONGEST_PARAGRAPH:
            text = f"Split this paragraph: it has {len(block.words)} words."
            yield Finding("long-paragraph", text, "body", _beginning(block.text), weight=Weight.HINT)
    for table in body.css("table"):
        if table.css_first("th") is None:
            text = "Mark the cells that name a column or a row as header cells (th)."
            yield Finding("table-without-headers", text, "body", _beginning(_words(table)))


def _about_headings(body: LexborHTMLParser) -> Iterator[Finding]:
    level = 1  # the title
    for heading in body.css("h1, h2, h3, h4, h5, h6"):
        words, this = _words(heading), int((heading.tag or "h2")[1])
        if not words:
            yield Finding("empty-heading", "Enter text for this heading, or remove it.", "body", f"<{heading.tag}>")
            continue
        if this > level + 1:
            reason = "the title is h1" if level == 1 else f"it follows an h{level}"
            yield Finding("heading-order", f"Make this heading h{level + 1}: {reason}.", "body", words)
        if words.isupper() and sum(map(str.isalpha, words)) > 5:
            yield Finding(
                "shouting-heading",
                "Do not write this heading in capitals: lowercase is easier to read.",
                "body",
                words,
                weight=Weight.HINT,
            )
        level = this


def _about_pictures(checked: Checked, body: LexborHTMLParser) -> Iterator[Finding]:
    for figure in body.css("figure[data-image]"):
        number = figure.attributes.get("data-image") or ""
        picture = checked.pictures.get(int(number)) if number.isdecimal() and len(number) < 10 else None
        name = f"Picture {number}".strip()
        if picture is None:
            yield Finding("missing-picture", f"{name} is not in Media. Choose another one or remove it.", "body", name)
            continue
        if not (
            "data-alt" in figure.attributes or picture.alt or picture.is_decorative
        ):  # "" marks it as decorative here
            yield Finding("missing-alt", f"Describe picture {number}: write its alt text in Media.", "body", name)
        if not (figure.attributes.get("data-credit") or picture.credit):
            yield Finding("missing-credit", f"Say in Media who made picture {number}.", "body", name)


def _about_links(checked: Checked, body: LexborHTMLParser) -> Iterator[Finding]:
    anchors = heading_ids(checked.body) | PAGE_ANCHORS[checked.kind]
    own_address = f"/articles/{checked.slug}/" if checked.kind is Kind.POST else f"/{checked.slug}/"
    for link in body.css("a"):
        href = (link.attributes.get("href") or "").strip()
        words = _words(link)
        if not href or href == "#":
            yield Finding("empty-link", "Enter an address for this link, or turn it into plain text.", "body", words)
            continue
        if not words and link.css_first("figure") is None:
            yield Finding("empty-link", "Enter text for this link, or remove it.", "body", href)
        elif _says_nothing(words) and not href.startswith(("mailto:", "tel:")):
            text = "Use link text that describes the target. Some readers hear only the links."
            yield Finding("vague-link", text, "body", words)
        try:
            parts = urlsplit(href)
        except ValueError:
            yield Finding("broken-link", "Correct this address: browsers cannot read it.", "body", href)
            continue
        if parts.scheme == "http":
            yield Finding(
                "http-link",
                "Use https:// for this address if that site answers there.",
                "body",
                href,
                weight=Weight.HINT,
            )
        elif href.startswith("#"):
            if unquote(parts.fragment) not in anchors:
                yield Finding("broken-anchor", "This text has no such heading. Correct the link.", "body", href)
        elif not parts.scheme and not parts.netloc:
            path = urlsplit(urljoin(own_address, href)).path
            if path != own_address and not checked.is_known_address(path):
                yield Finding("broken-link", "The site has no page at this address. Correct the link.", "body", href)


def _says_nothing(words: str) -> bool:
    plain = " ".join(_NOT_LETTERS.sub(" ", words.lower()).split())
    return plain in _EMPTY_WORDS or bool(_BARE_ADDRESS.fullmatch(words.rstrip(".")))


def _about_claims(checked: Checked, profile: Profile, blocks: list[HtmlBlock]) -> Iterator[Finding]:
    texts = [("title", checked.title), ("summary", checked.summary)]
    texts += [("body", block.text) for block in blocks if not _is_source(block)]
    for field, text in texts:
        for words, advice, sentence in claims_in(text, profile):
            yield Finding("claim", f"“{words}”: {advice}", field, sentence, Weight.CLAIM)


def _words(node: LexborNode) -> str:
    return " ".join(node.text(separator=" " if node.tag == "table" else "").split())


def _beginning(text: str, most: int = 15) -> str:
    words = text.split()
    return " ".join(words[:most]) + (" …" if len(words) > most else "")
