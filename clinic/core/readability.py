"""Readability of English text: sentences, syllables and the Flesch reading ease."""

import re
from collections.abc import Iterable

# Flesch, A new readability yardstick (1948), doi.org/10.1037/h0057532, in the form of Kincaid and others (1975),
# apps.dtic.mil/sti/citations/ADA006655. 100 is very easy, 60 to 70 plain English, below 30 for specialists.
_BASE, _PER_WORD_OF_A_SENTENCE, _PER_SYLLABLE_OF_A_WORD = 206.835, 1.015, 84.6
# Flesch sampled 100 words; on fewer the score varies widely.
FEWEST_WORDS = 100

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?!(?<=\b[Nn]o)\.\s+\d)[.!?…]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9])")
_SHORT_FORM = re.compile(r"(?:^|[\s(\"“])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e|approx|[A-Z])\.\s+$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """Split a text into sentences; "Dr. Tan" and "No. 1" are not split."""
    found = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if not _SHORT_FORM.search(text, start, end.end()):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [*found, text[start:].strip()] if text[start:].strip() else found


def reading_ease(texts: Iterable[str]) -> float | None:
    """Return the Flesch reading ease of some paragraphs. None if they have fewer than FEWEST_WORDS words."""
    words = spoken = ends = 0
    for text in texts:
        found = _WORD.findall(text)
        words += len(found)
        spoken += sum(map(syllables, found))
        ends += len(sentences(text)) if found else 0
    if words < FEWEST_WORDS:
        return None
    return _BASE - _PER_WORD_OF_A_SENTENCE * words / ends - _PER_SYLLABLE_OF_A_WORD * spoken / words


# Common words of articles about health that the rules below count wrongly.
_EXCEPTIONS = {
    "area": 3, "areas": 3, "argue": 2, "argues": 2, "behaviour": 3, "behavioural": 4, "business": 2, "cooperate": 4,
    "element": 3, "elements": 3, "evening": 2, "every": 2, "everybody": 4, "everyday": 3, "everything": 3, "eye": 1,
    "eyes": 1, "forehead": 2, "gluteal": 3, "idea": 3, "ideal": 3, "ideas": 3, "lifestyle": 2, "maybe": 2,
    "museum": 3, "people": 2, "peoples": 2, "pilates": 3, "react": 2, "reaction": 3, "reactions": 3, "recipe": 3,
    "rhythm": 2, "science": 2, "someone": 2, "something": 2, "somewhere": 2, "theatre": 3, "therefore": 2,
}  # fmt: skip
_SILENT = re.compile(
    r"(?<=[^aeiouy])e$(?<![^aeiouyr]le)"  # make, but not muscle
    r"|(?<=[^aeiouy])e(?=s$)(?<![cgsxz]e)(?<![cs]he)(?<![^aeiouyr]le)"  # makes, but not houses
    r"|(?<=[^aeioutd])e(?=d$)"  # moved, but not rested
    r"|(?<=[^aeiouyl])e(?=(?:ment|ful|less|ness|ly|time)s?$)|(?<=[aeiouy]l)e(?=(?:ment|ful|less|ness|ly|time)s?$)"
    r"|(?<=g)ue(?=s?$)"  # league
)
_VOWELS = re.compile(r"[aeiouy]+")
# Neighbouring vowels that form two syllables.
_APART = re.compile(
    r"(?<![tcsg])i[aou]|io(?!n|u)|i(?=ers?$|est$)|iet|(?<![tc])ie(?=n[ct])"  # radio, physio, easier, diet, client
    r"|[aeou]i(?=ng)|yi|(?<!g)eo(?!u)|(?<=cr)ea(?=t)"  # seeing, trying, osteo, creating
    r"|(?<![gq])ua|(?<![gq])ue(?=[nl])|uou|(?<!g)ui(?=d|n|ty)"  # usual, fluent, continuous, fluid
    r"|[ai]sm$"  # spasm
)


def syllables(word: str) -> int:
    """Return the number of syllables of an English word by spelling rules, which are right for about nine words of
    ten."""
    letters = re.sub(r"[^a-z]", "", word.lower().replace("’", "").replace("'", ""))
    if letters in _EXCEPTIONS:
        return _EXCEPTIONS[letters]
    spoken = _SILENT.sub("", letters.replace("qu", "q"))
    # A y before a vowel is a consonant: yes, beyond.
    spoken = re.sub(r"(^|[aeiou])y(?=[aeiou])", r"\1-", spoken)
    return max(1, len(_VOWELS.findall(spoken)) + len(_APART.findall(spoken)))
