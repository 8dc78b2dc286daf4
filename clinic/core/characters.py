"""Filters for harmful and invisible characters in text.

Many invisible characters are part of correct spelling: joiners in Persian, Sinhala and Indic scripts (UAX #31 § 2.3),
joiners, modifiers and tags in emoji (UTS #51), variation selectors in Japanese names (UTS #37). Others only deceive
readers (UTS #39, UAX #9) or break a format (XML 1.0 § 2.2). An invisible character is kept only where it is part of a
spelling.
"""

import re
from collections.abc import Iterator
from typing import Any

import regex

# XML 1.0 and HTML forbid control characters except tab and line ends, surrogates, and noncharacters. Word's soft break,
# form feed and NEL separate words, so they become line ends.
_LINE_ENDS = re.compile("[\v\f\x85]")
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNSTORABLE = re.compile(f"[\x00-\x08\v\f\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")

# Scripts in which a joiner changes how a word is written: those with joining letters, and those written in syllables
# (Indic_Syllabic_Category).
_JOINING = (
    r"[[\p{sc=Arab}\p{sc=Syrc}\p{sc=Nkoo}\p{sc=Mand}\p{sc=Mong}\p{sc=Phag}\p{sc=Rohg}\p{sc=Adlm}\p{sc=Sogd}\p{sc=Chrs}"
    r"\p{sc=Ougr}\p{sc=Mani}\p{sc=Phlp}\p{sc=Hebr}\p{sc=Thaa}\p{sc=Samr}]"
    r"||[\P{InSC=Other}--[\p{sc=Common}\p{sc=Latin}\p{sc=Inherited}]]]"
)
_RTL = regex.compile(r"[\p{L}&&[\p{bc=R}\p{bc=AL}]]", regex.V1)

_SPELLING = rf"""
    # after a black flag, a subdivision of a country in tags: England's flag
    (?<=\U0001F3F4)[\U000E0061-\U000E007A]{{2}}[\U000E0030-\U000E0039\U000E0061-\U000E007A]{{1,4}}\U000E007F
    # between two emoji that become one
    | (?<=\p{{Extended_Pictographic}}[\uFE0E\uFE0F]?\p{{Emoji_Modifier}}?)\u200D(?=\p{{Extended_Pictographic}})
    # joiners beside a letter of a script that needs them; ZWNJ between two letters, of which one may be Latin: PDF‌ها
    | (?<={_JOINING}\p{{M}}*)\u200D
    | (?<![\u200C\u200D])\u200D(?={_JOINING})
    | (?<={_JOINING}\p{{M}}*)\u200C(?=[\p{{L}}\p{{M}}\p{{N}}])
    | (?<=[\p{{L}}\p{{M}}\p{{N}}])\u200C(?={_JOINING})
    # one variation selector after a character that has variants
    | (?<=[\p{{Emoji}}\p{{Extended_Pictographic}}])[\uFE0E\uFE0F]
    | (?<=[[\p{{L}}\p{{N}}\p{{S}}\p{{P}}]--[\p{{sc=Latin}}\p{{sc=Greek}}\p{{sc=Cyrillic}}]])[\uFE00-\uFE0D]
    | (?<=\p{{Ideographic}})[\U000E0100-\U000E01EF]
    | (?<=\p{{sc=Mong}})[\u180B-\u180F]
    # fillers of syllables that lack a letter, in Hangul
    | \u115F(?=[\u1160-\u11A7\uD7B0-\uD7C6])
    | (?<=[\u1100-\u115F\uA960-\uA97C])\u1160
    | \u3164(?=[\u3131-\u318E])
    | \uFFA0(?=[\uFFA1-\uFFDC])
    # where words end, in scripts that write no spaces and whose dictionaries are large (Line_Break=SA)
    | (?<=\p{{lb=SA}})\u200B(?=\p{{lb=SA}})
    # a grapheme joiner in a word; inherent vowels of Khmer
    | (?<=\p{{L}}\p{{M}}*)\u034F(?=[\p{{L}}\p{{M}}])
    | [\u17B4\u17B5]
    # beams and slurs of music, hieroglyphs in a group, shorthand
    | (?<=[\U0001D100-\U0001D1FF])[\U0001D173-\U0001D17A]
    | [\U00013430-\U00013440]
    | (?<=\p{{sc=Dupl}})[\U0001BCA0-\U0001BCA3]
    # signs that stand around the numbers after them, such as the end of a verse: they are seen
    | \p{{Prepended_Concatenation_Mark}}
"""
_INVISIBLE = r"[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Co}]"
_ANY_INVISIBLE = regex.compile(_INVISIBLE)
# In text with right-to-left letters: the marks that place punctuation.
_OF_RTL = r"| [\u200E\u200F\u061C]"
# A soft hyphen marks where a long word may break.
_OF_TEXTS = r"| (?<=\p{L})\u00AD(?=\p{L})"
# Isolates enclose text of the other direction. Unbalanced isolates are removed beforehand (_closed_isolates).
_OF_RTL_TEXTS = r"| [\u2066-\u2069]"


def _pattern(kept: str) -> regex.Pattern[str]:
    # The lookahead fails fast on visible characters, so a long text costs little.
    return regex.compile(rf"(?={_INVISIBLE}) (?: (?P<kept>{kept}) | {_INVISIBLE} )", regex.VERBOSE | regex.V1)


_LINE, _LINE_RTL = _pattern(_SPELLING), _pattern(_SPELLING + _OF_RTL)
_TEXT, _TEXT_RTL = _pattern(_SPELLING + _OF_TEXTS), _pattern(_SPELLING + _OF_TEXTS + _OF_RTL + _OF_RTL_TEXTS)
# Characters that deceive in any context. In HTML a letter and its joiner may stand in different elements. Only two
# rules look at neighbours there: flags spelled in tags, and the zero-width space between words.
_HARMFUL = regex.compile(
    r"""
    (?P<kept>
        (?<=\U0001F3F4)[\U000E0061-\U000E007A]{2}[\U000E0030-\U000E0039\U000E0061-\U000E007A]{1,4}\U000E007F
        | (?<=\p{lb=SA})\u200B(?=\p{lb=SA})
    )
    | [\u202A-\u202E\u200B\u2060-\u2065\u206A-\u206F\uFEFF\uFFF9-\uFFFB\U000E0000-\U000E007F]
    """,
    regex.VERBOSE | regex.V1,
)
_JAMO_SPACE = regex.compile(r"\u3164(?![\u3131-\u318E])|\uFFA0(?![\uFFA1-\uFFDC])")
# Characters whose glyph is empty: the Braille blank, the null notehead, blank hieroglyphs.
_BLANK = r"\u2800\U0001D159\U00013441\U00013442\U00016FE4\uFFFC"
_SEEN = regex.compile(
    rf"[^\s\p{{Z}}\p{{C}}\p{{Default_Ignorable_Code_Point}}{_BLANK}] | \p{{Prepended_Concatenation_Mark}}"
    r" | [\p{Cn}--[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]]",
    regex.VERBOSE | regex.V1,
)


def storable(text: str) -> str:
    """Return the text without characters that XML 1.0 or HTML forbid; vertical tab, form feed and NEL become line
    ends."""
    if text.isprintable() or _UNSTORABLE.search(text) is None:
        return text
    return _UNSTORABLE.sub("", _LINE_ENDS.sub("\n", text))


def storable_in(value: Any) -> Any:
    """Apply `storable` to every string in a JSON value, at any depth."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable_in(key): storable_in(one) for key, one in value.items()}
    return [storable_in(one) for one in value] if isinstance(value, list | tuple) else value


def is_visible(text: str) -> bool:
    """Return whether the text contains at least one visible character."""
    return _SEEN.search(text) is not None


def spelled_line(text: str) -> str:
    """Return one line without unstorable characters and without invisible characters that are not part of a
    spelling."""
    text = _without_fillers(text)
    if text.isascii() or _ANY_INVISIBLE.search(text) is None:
        return text
    return (_LINE_RTL if _RTL.search(text) else _LINE).sub(r"\g<kept>", text)


def spelled_text(text: str) -> str:
    """Like `spelled_line`, for several lines. Soft hyphens stay; so do balanced isolates in right-to-left text."""
    text = _without_fillers(text)
    if text.isascii() or _ANY_INVISIBLE.search(text) is None:
        return text
    text = "\n".join(_closed_isolates(line) for line in text.split("\n"))
    return (_TEXT_RTL if _RTL.search(text) else _TEXT).sub(r"\g<kept>", text)


def harmless_html(html: str) -> str:
    """Return HTML without unstorable characters and without characters that disguise the order or the words of a
    text."""
    return _HARMFUL.sub(r"\g<kept>", storable(html))


def has_rtl(text: str) -> bool:
    """Return whether the text contains a right-to-left letter."""
    return not text.isascii() and _RTL.search(text) is not None


def starts_rtl(text: str) -> bool:
    """Return whether the first letter of the text is a right-to-left one (UAX #9, P2)."""
    first = regex.search(r"\p{L}", text)
    return first is not None and _RTL.match(first[0]) is not None


def first_letter(word: str) -> str:
    """Return the first grapheme cluster of a word (UAX #29): a letter with its vowel signs and joiners, or an emoji."""
    found = regex.match(r"\X", word)
    return found[0] if found else ""


def _without_fillers(text: str) -> str:
    # People type the Hangul filler as a space, because forms do not trim it.
    return _JAMO_SPACE.sub(" ", storable(text))


def _closed_isolates(line: str) -> str:
    """Return the line without unbalanced isolates (UAX #9, BD9)."""
    if not any("\u2066" <= char <= "\u2069" for char in line):
        return line
    paired = set(_pairs(line))
    return "".join(char for place, char in enumerate(line) if not "\u2066" <= char <= "\u2069" or place in paired)


def _pairs(line: str) -> Iterator[int]:
    opened = []
    for place, char in enumerate(line):
        if "\u2066" <= char <= "\u2068":
            opened.append(place)
        elif char == "\u2069" and opened:
            yield opened.pop()
            yield place
