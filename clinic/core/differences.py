"""The differences between two HTML texts, by block and by word."""

import enum
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from clinic.core.html_blocks import HtmlBlock, text_blocks


class State(enum.StrEnum):
    """The change of a block or of some words. Words are never "changed": they are removed and added."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Part:
    """Consecutive words of one state. `is_note` marks words that we add, such as the target of a link."""

    text: str
    state: State
    is_note: bool = False


_NAMES = {
    "h1": "heading",
    "h2": "heading",
    "h3": "smaller heading",
    "h4": "smallest heading",
    "li": "list item",
    "tr": "table row",
    "caption": "table caption",
    "figure": "picture",
    "figcaption": "picture caption",
    "blockquote": "quote",
    "dt": "term",
    "dd": "definition",
    "hr": "line",
}


@dataclass(frozen=True)
class Change:
    """One block in the comparison: paragraph, heading, list item, table row, picture or quote. `note` states changes
    that the words do not show."""

    kind: str
    state: State
    parts: list[Part]
    note: str = ""

    @property
    def name(self) -> str:
        """The kind of block in plain words, such as "list item"."""
        return _NAMES.get(self.kind, "paragraph")


@dataclass(frozen=True)
class Fold:
    """A run of unchanged blocks that is not shown."""

    count: int


# Least share of common words for two blocks to count as one changed block; the higher one when their kinds differ.
ALIKE = 0.5
ALIKE_ACROSS_KINDS = 0.8
# difflib's time grows with the product of both lengths. Above these limits (each a fraction of a second) a stretch is
# shown as removed and added. No real paragraph, and few articles, come near them.
MOST_PAIRS = 4_000_000
MOST_PAIRS_OF_BLOCKS = 100_000


def differences(before_html: str, after_html: str) -> list[Change]:
    """Return the blocks of both texts in reading order, each with its change."""
    before, after = text_blocks(before_html), text_blocks(after_html)
    blocks: list[Change] = []
    for is_same, old, new in _runs([_tokens(block) for block in before], [_tokens(block) for block in after]):
        if is_same:
            blocks += [_compared(one, other) for one, other in zip(before[old], after[new], strict=True)]
        else:
            blocks += _aligned(before[old], after[new])
    return blocks


def word_differences(before: str, after: str) -> list[Part]:
    """Return the changed words of one line of plain text, such as a title."""
    return _compared_tokens(_plain_tokens(before), _plain_tokens(after))[0]


def folded(blocks: Sequence[Change], context: int = 1) -> list[Change | Fold]:
    """Return the blocks with long unchanged runs folded. `context` unchanged blocks stay on each side of a change."""
    changed = [place for place, block in enumerate(blocks) if block.state is not State.SAME]
    shown = {near for place in changed for near in range(place - context, place + context + 1)}
    result: list[Change | Fold] = []
    hidden: list[Change] = []
    for place, block in enumerate(blocks):
        if place in shown:
            result += _fold(hidden)
            result.append(block)
            hidden = []
        else:
            hidden.append(block)
    return result + _fold(hidden)


def _fold(hidden: list[Change]) -> list[Change | Fold]:
    # A fold takes as much space as a single block, so it must hide at least two.
    return [Fold(len(hidden))] if len(hidden) > 1 else list(hidden)


class _Token(NamedTuple):
    """The unit of comparison: a word, or the address of the link that ends before it."""

    text: str
    is_address: bool = False


def _tokens(block: HtmlBlock) -> tuple[_Token, ...]:
    return tuple(token for token, _ in _marked_tokens(block))


def _marked_tokens(block: HtmlBlock) -> Iterable[tuple[_Token, frozenset[str]]]:
    for word in block.words:
        yield _Token(word.text), word.marks
        if word.address:
            yield _Token(word.address, is_address=True), frozenset()


def _plain_tokens(text: str) -> tuple[_Token, ...]:
    return tuple(map(_Token, text.split()))


def _runs(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[bool, slice, slice]]:
    """Return the runs of both sequences in order: whether they are equal, and their slices in each."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    runs = [(True, slice(0, start), slice(0, start))]
    if len(old) * len(new) > MOST_PAIRS:
        runs.append((False, slice(start, start + len(old)), slice(start, start + len(new))))
    else:
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            runs.append((tag == "equal", slice(start + i1, start + i2), slice(start + j1, start + j2)))
    runs.append((True, slice(len(before) - end, len(before)), slice(len(after) - end, len(after))))
    return [run for run in runs if run[1].stop > run[1].start or run[2].stop > run[2].start]


def _aligned(before: list[HtmlBlock], after: list[HtmlBlock]) -> list[Change]:
    """Align two stretches that have no equal block. Similar blocks are paired in order and compared word by word."""
    old, new = len(before), len(after)
    pairs: list[tuple[int, int]] = []
    if old * new <= MOST_PAIRS_OF_BLOCKS:
        sets = [frozenset(block.text.split()) for block in (*before, *after)]
        alike = [[_alike(before[i], after[j], sets[i], sets[old + j]) for j in range(new)] for i in range(old)]
        # best[i][j] is the greatest total similarity of the rest, from block i and block j on.
        best = [[0.0] * (new + 1) for _ in range(old + 1)]
        for i in reversed(range(old)):
            for j in reversed(range(new)):
                best[i][j] = max(best[i + 1][j], best[i][j + 1], alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0)
        i = j = 0
        while i < old and j < new:
            if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
                pairs.append((i, j))
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
    blocks: list[Change] = []
    i = j = 0
    for pair in [*pairs, (old, new)]:
        blocks += [_whole(block, State.REMOVED) for block in before[i : pair[0]]]
        blocks += [_whole(block, State.ADDED) for block in after[j : pair[1]]]
        if pair != (old, new):
            blocks.append(_compared(before[pair[0]], after[pair[1]]))
        i, j = pair[0] + 1, pair[1] + 1
    return blocks


def _alike(one: HtmlBlock, other: HtmlBlock, words: frozenset[str], other_words: frozenset[str]) -> float:
    """Return the share of common words (Dice's coefficient), or 0 if it is too small to count as one changed block."""
    share = 2 * len(words & other_words) / (len(words) + len(other_words))
    return share if share >= (ALIKE if one.kind == other.kind else ALIKE_ACROSS_KINDS) else 0.0


def _whole(block: HtmlBlock, state: State) -> Change:
    return Change(block.kind, state, _parts(_tokens(block), state))


def _compared(before: HtmlBlock, after: HtmlBlock) -> Change:
    parts, kept = _compared_tokens(_tokens(before), _tokens(after))
    old_marks = [marks for _, marks in _marked_tokens(before)]
    new_marks = [marks for _, marks in _marked_tokens(after)]
    notes = []
    if before.kind != after.kind:
        notes.append(f"Was a {_name(before)}, now a {_name(after)}.")
    if before.inside != after.inside or any(old_marks[old] != new_marks[new] for old, new in kept):
        notes.append("The formatting changed.")
    is_same = not notes and all(part.state is State.SAME for part in parts)
    return Change(after.kind, State.SAME if is_same else State.CHANGED, parts, " ".join(notes))


def _name(block: HtmlBlock) -> str:
    return _NAMES.get(block.kind, "paragraph")


def _compared_tokens(before: Sequence[_Token], after: Sequence[_Token]) -> tuple[list[Part], list[tuple[int, int]]]:
    """Return the parts, and the index pairs of the tokens that are in both."""
    parts: list[Part] = []
    kept: list[tuple[int, int]] = []
    for is_same, old, new in _without_islands(_runs(before, after)):
        if is_same:
            parts += _parts(before[old], State.SAME)
            kept += zip(range(old.start, old.stop), range(new.start, new.stop), strict=True)
        else:
            parts += _parts(before[old], State.REMOVED) + _parts(after[new], State.ADDED)
    return parts, kept


def _without_islands(runs: list[tuple[bool, slice, slice]]) -> list[tuple[bool, slice, slice]]:
    """Join changes that are separated by one common word ("the", "and"): such islands make a difference hard to
    read."""
    result: list[tuple[bool, slice, slice]] = []
    for place, (is_same, old, new) in enumerate(runs):
        is_island = is_same and old.stop - old.start == 1 and 0 < place < len(runs) - 1
        if is_island and all(_length(runs[near]) > 2 for near in (place - 1, place + 1)):
            is_same = False
        if result and not is_same and not result[-1][0]:
            _, before, after = result.pop()
            old, new = slice(before.start, old.stop), slice(after.start, new.stop)
        result.append((is_same, old, new))
    return result


def _length(run: tuple[bool, slice, slice]) -> int:
    length: int = (run[1].stop - run[1].start) + (run[2].stop - run[2].start)
    return length


def _parts(tokens: Sequence[_Token], state: State) -> list[Part]:
    """Return words as parts, with link addresses between them as notes. An unchanged address is left out."""
    parts: list[Part] = []
    words: list[str] = []
    for token in tokens:
        if not token.is_address:
            words.append(token.text)
        elif state is not State.SAME:
            if words:
                parts.append(Part(" ".join(words), state))
            parts.append(Part(f"(address: {token.text})", state, is_note=True))
            words = []
    return [*parts, Part(" ".join(words), state)] if words else parts
