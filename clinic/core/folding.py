"""Folding of words, the same for the search index and for what people type, and on every database.

Words are lower-case, without accents, and in one form of each letter. Text in scripts without spaces is cut into pairs
of letters, so that a word is found anywhere in a run. The databases only see ASCII, so their tokenizers, locales and
dictionaries cannot treat other letters differently.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

# Increase it when the same text is folded in another way. The worker then rebuilds the indexes (core/search.py).
FOLDING = 1
LONGEST_WORD = 80  # letters; longer words are cut

_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}\p{Cf}]*")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_LETTER = regex.compile(r"\X")
# Accents, Hebrew points and Arabic vowel signs: people leave them out when they type. Marks of other scripts are
# letters.
_LEFT_OUT = regex.compile(
    r"[\u0300-\u036F\u0483-\u0489\u0591-\u05C7\u0610-\u061A\u064B-\u065F\u0670\u06D6-\u06ED\u08CA-\u08FF\u0640"
    r"\p{Cf}\p{Variation_Selector}]"
)
_NO_SPACES = regex.compile(
    r"[\p{Ideographic}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{lb=SA}\u30FC\u3005\uFF70]"  # ー and 々 too
)
_HAS_ACCENTS = regex.compile(r"[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]")
_IS_FOREIGN = regex.compile(r"[[\p{L}\p{N}\p{M}\p{Cf}]--[\x00-\x7F]]", regex.V1)
_NONE: list[tuple[str, int, int]] = []
_IS_KEPT = regex.compile(r"[\p{L}\p{N}\p{M}]")
# Letters that stand for each other: keyboards of two languages, or two habits, write them in the same place of a word.
_SAME = str.maketrans(dict(zip("يىئكةۀأإآٱؤ", "یییکههااااو", strict=True)))
# Latin letters that Unicode does not decompose.
_LATIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ɨ": "i", "ŋ": "n", "ə": "e", "ɓ": "b"}
    | {"ɗ": "d", "ƙ": "k", "ƴ": "y", "ƒ": "f", "ĸ": "k", "æ": "ae", "œ": "oe", "þ": "th", "ŀ": "l"}
)
# Each non-ASCII letter becomes five letters without vowels, s or y, which no English stemmer changes. As all codes have
# one length, a prefix of a word stays a prefix of its token.
_CODE = "bcdfghjklmnpqrtvwxz"
_CODED = "zqx"
_WIDTH = 5
_IS_CODED = re.compile(f"{_CODED}(?:[{_CODE}]{{{_WIDTH}}})+")


class Piece(NamedTuple):
    """A folded word, or a part of a run, with its position in the original text. A run is text without spaces."""

    word: str
    start: int
    end: int
    is_run: bool = False


def words_of(text: str) -> list[str]:
    """Return the folded words of a text in order. A run without spaces is one word."""
    return [piece.word for piece in _words(text)]


def pieces_of(text: str) -> Iterator[Piece]:
    """Yield what the index holds of a text: words, and pairs of neighbouring letters in runs. The last letter of a run
    is also yielded alone."""
    if _is_plain(text):
        for match in _ASCII_WORD.finditer(text):
            yield Piece(match[0].lower()[:LONGEST_WORD], match.start(), match.end())
        return
    for piece, letters in _spelled(text):
        if not piece.is_run:
            yield piece
            continue
        for place, (letter, start, end) in enumerate(letters):
            following = letters[place + 1] if place + 1 < len(letters) else None
            yield Piece(letter + following[0] if following else letter, start, following[2] if following else end, True)


def tokens_of(text: str) -> str:
    """Return a text as the database indexes it: its pieces in ASCII, separated by single spaces."""
    if _is_plain(text):
        return " ".join(word[:LONGEST_WORD] for word in _ASCII_WORD.findall(text.lower()))
    return " ".join(token_of(piece.word) for piece in pieces_of(text))


def query_tokens(word: str) -> list[tuple[str, bool]]:
    """Return the query tokens of a folded word, all of which must match, and whether each is a prefix."""
    if not is_run(word) or len(word) == 1:
        return [(token_of(word), True)]
    return [(token_of(pair), False) for pair in dict.fromkeys(map("".join, pairwise(word)))]


def token_of(word: str) -> str:
    """Return a folded word in ASCII."""
    return word if word.isascii() else _CODED + "".join(map(_code, word))


def word_of(token: str) -> str:
    """Return the folded word that a token stands for."""
    if not _IS_CODED.fullmatch(token):
        return token
    codes = token[len(_CODED) :]
    numbers = (_number(codes[place : place + _WIDTH]) for place in range(0, len(codes), _WIDTH))
    return "".join(chr(number) for number in numbers if number < 0x110000)


def is_run(word: str) -> bool:
    """Return whether a folded word is in a script without spaces between words."""
    return not word.isascii() and _is_run(word[0])


def _is_plain(text: str) -> bool:
    """Return whether all letters are ASCII, as in most English texts. Quotation marks and dashes are no letters."""
    return text.isascii() or not any(_IS_FOREIGN.match(char) for char in set(text))


def _words(text: str) -> Iterator[Piece]:
    return (piece for piece, _ in _spelled(text))


def _spelled(text: str) -> Iterator[tuple[Piece, list[tuple[str, int, int]]]]:
    """Yield each word with its folded letters and their positions."""
    if _is_plain(text):
        for match in _ASCII_WORD.finditer(text):
            yield Piece(match[0].lower()[:LONGEST_WORD], match.start(), match.end()), _NONE
        return
    for found in _WORD.finditer(text):
        word, start = found[0], found.start()
        if word.isascii():
            yield Piece(word.lower()[:LONGEST_WORD], start, found.end()), _NONE
            continue
        for kind, letters in _parts(word):
            placed = [(letter, start + first, start + last) for letter, first, last in letters]
            folded = "".join(letter for letter, _, _ in placed)
            is_run = kind == "run"
            folded = folded if is_run else folded[:LONGEST_WORD]
            # Highlighting marks a word as a whole, with the joiners at its end.
            yield Piece(folded, placed[0][1], placed[-1][2], is_run), placed


@lru_cache(maxsize=4096)
def _parts(word: str) -> tuple[tuple[str, tuple[tuple[str, int, int], ...]], ...]:
    """Return the folded letters of a word with their positions, split where ASCII, runs and other letters meet."""
    parts: list[tuple[str, list[tuple[str, int, int]]]] = []
    for cluster in _LETTER.finditer(word):
        for letter in _folded(cluster[0]):
            kind = "ascii" if letter.isascii() else "run" if _is_run(letter) else "word"
            if not parts or parts[-1][0] != kind:
                parts.append((kind, []))
            parts[-1][1].append((letter, cluster.start(), cluster.end()))
    return tuple((kind, tuple(letters)) for kind, letters in parts)


@lru_cache(maxsize=8192)
def _folded(cluster: str) -> str:
    """Return one grapheme cluster as the index stores it."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    plain = "".join(_without_accent(char) for char in plain)
    plain = _LEFT_OUT.sub("", plain).translate(_SAME).translate(_LATIN)
    return "".join(_one_form(char) for char in plain if _IS_KEPT.match(char))


def _without_accent(char: str) -> str:
    if not _HAS_ACCENTS.match(char):
        return char
    return "".join(one for one in unicodedata.normalize("NFD", char) if not unicodedata.combining(one))


def _one_form(char: str) -> str:
    if char.isascii():
        return char
    if "\u30a1" <= char <= "\u30f6":  # katakana as hiragana
        return chr(ord(char) - 0x60)
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return char


@lru_cache(maxsize=8192)
def _is_run(char: str) -> bool:
    return _NO_SPACES.match(char) is not None


@lru_cache(maxsize=8192)
def _code(char: str) -> str:
    number, code = ord(char), ""
    for _ in range(_WIDTH):
        number, rest = divmod(number, len(_CODE))
        code = _CODE[rest] + code
    return code


def _number(code: str) -> int:
    number = 0
    for letter in code:
        number = number * len(_CODE) + _CODE.index(letter)
    return number
