"""Meanings of the attributes that other programs write."""

import re
from collections.abc import Callable

from clinic.core.foreign.languages import sane_value
from clinic.core.tree import Element

_Meaning = Callable[[str, list[str]], list[str]]
OFFICE = re.compile(
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
WAS = "data-was"  # holds the words defined above, separated by spaces; the sanitiser drops it


def _style_words(style: str) -> list[str]:
    words = [word for pattern, word in _STYLES if pattern.search(style)]
    found = _LIST.search(style)
    if found:
        words += [f"level-{found[2]}", f"list-{found[1] or 'l'}"]
    found = _OUTLINE.search(style)
    return [*words, f"outline-{found[1]}"] if found else words


def sheets(html: str) -> _Meaning:
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


def note_meanings(body: Element, meaning_of: _Meaning, *, is_office: bool) -> None:
    """Note at each element what its attributes mean, as words in the attribute WAS."""
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
        given[WAS] = " ".join(words)


def means(element: Element, word: str) -> bool:
    """Return whether an element has this meaning."""
    return word in element.attributes.get(WAS, "").split()


def value_of(element: Element, name: str) -> str:
    """Return the value of a meaning like "level-2", or an empty string."""
    return next((w[len(name) + 1 :] for w in element.attributes.get(WAS, "").split() if w.startswith(f"{name}-")), "")


def direction_and_language(element: Element) -> dict[str, str]:
    """Return the attributes dir and lang of an element, those that it has."""
    return {name: element.attributes[name] for name in ("dir", "lang") if name in element.attributes}
