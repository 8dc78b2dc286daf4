"""The full-text index of articles: put(), drop(), read(), find() … over text_index.py.

A document has a title, headings and a text. What people type is folded as the documents are (folding.py), and typos in
it are set right by the words of the index.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz.distance import OSA
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, atomic, db
from clinic.core.folding import Piece, is_run, pieces_of, query_tokens, token_of, tokens_of, word_of, words_of
from clinic.core.text_index import TextIndex, Token, all_of, any_of, dialect

MOST_WORDS = 12
LAST_CHARACTER = "\U0010ffff"
# A word that more than COMMON documents have is looked for among the LATEST documents first.
COMMON, LATEST = 2000, 10_000
# Signs around a found token in what an engine gives back, where everything else is letters, digits and spaces.
OPEN, CLOSE = "<", ">"
SNIPPET_WORDS, WORDS_BEFORE = 28, 6


class SearchWord(Base):
    """One word that is somewhere in the index, so that a typo can be set right."""

    __tablename__ = "search_word"

    # In the order of the letters' numbers, so that all words with one beginning stand side by side.
    word: Mapped[str] = mapped_column(
        sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql"), primary_key=True
    )
    documents: Mapped[int]


@dataclass(frozen=True)
class Query:
    """What was typed, as words; `corrected` when a typo was set right. `common` ones stand in many documents."""

    words: tuple[str, ...]
    corrected: bool = False
    common: frozenset[str] = frozenset()

    @property
    def is_common(self) -> bool:
        """Whether no word of it is rare."""
        return bool(self.words) and self.common.issuperset(self.words)

    def __str__(self) -> str:
        return " ".join(self.words)


INDEX = TextIndex(
    fts="search_fts",
    vector="search_vector",
    columns=("title", "headings", "body"),
    vectors={
        "title": ":title",
        "headings": ":headings",
        "body": ":body",
        "vector": "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', :headings), 'B')"
        " || setweight(to_tsvector('english', :body), 'D')",
    },
    language="english",
    latest=LATEST,
)


def put(ref: int, *, title: str, headings: str, text: str) -> None:
    """Index a document, or index it anew, within the present transaction."""
    drop(ref)
    INDEX.put(ref, title=tokens_of(title), headings=tokens_of(headings), body=tokens_of(text))
    count_words(dict.fromkeys(distinct_words(title, headings, text), 1))


def drop(ref: int) -> None:
    """Forget a document; harmless when it is not there."""
    row = INDEX.tokens_of(ref)
    if row is None:
        return
    INDEX.drop(ref)
    _forget_words(distinct_words(*row))


def read(typed: str) -> Query:
    """The query that was meant: each word as typed if any document has it or begins one with it, else the nearest."""
    words = words_of(typed)[:MOST_WORDS]
    documents = _documents_with(words)
    meant = [word if word in documents or is_run(word) or _is_known(word) else _nearest(word) for word in words]
    if meant != words:
        documents = _documents_with(meant)
    common = frozenset(word for word, number in documents.items() if number > COMMON)
    return Query(tuple(meant), corrected=meant != words, common=common)


def find(query: Query, most: int) -> list[int]:
    """The documents that have all words, or words that begin with them, the latest first."""
    if not query.words:
        return []
    if query.is_common and dialect() == "postgresql":
        found = INDEX.find_among_latest(_tokens(query), most)
        if len(found) == most:
            return found
    return INDEX.find(_tokens(query), most)


def best_first(query: Query, refs: list[int]) -> list[int]:
    """These documents, found by this query, in the order of how well they fit."""
    if not refs:
        return []
    parameters = {"query": all_of(_tokens(query)), "refs": refs, "oldest": min(refs)}
    if dialect() == "sqlite" and query.is_common:
        titled = set(db.session.scalars(sa.text(_TITLED_FTS), parameters))
        return sorted(refs, key=lambda ref: (ref not in titled, -ref))
    return list(db.session.scalars(_about_refs(_RANK[dialect()]), parameters))


def snippets(query: Query, texts: Mapping[int, str]) -> dict[int, list[tuple[str, bool]]]:
    """The words around the find in each of these few documents, as their texts spell them: parts, and whether each was
    found."""
    parameters = {"query": all_of(_tokens(query)), "refs": list(texts), "open": OPEN, "close": CLOSE}
    exact = {token for word in query.words for token, is_beginning in query_tokens(word) if not is_beginning}
    rows = db.session.execute(_about_refs(_MARKED[dialect()]), parameters) if texts else ()
    return {row.ref: list(_snippet(texts[row.ref], row.marked.split(), exact)) for row in rows}


def _snippet(text: str, marked: list[str], exact: set[str]) -> Iterator[tuple[str, bool]]:
    """`marked` are the tokens of the text, those that were found between OPEN and CLOSE."""
    pieces = list(pieces_of(text))
    if len(pieces) != len(marked):  # the text is another by now
        marked = [""] * len(pieces)
    first = next((place for place, token in enumerate(marked) if OPEN in token), 0)
    begin = (
        0 if _fitting(pieces, SNIPPET_WORDS) == len(pieces) else first - _fitting(pieces[:first][::-1], WORDS_BEFORE)
    )
    shown = pieces[begin : begin + _fitting(pieces[begin:], SNIPPET_WORDS)]
    if not shown:
        return
    place, end = shown[0].start, max(piece.end for piece in shown)
    if place:
        yield "…", False
    found = (_found(piece, exact) for piece, token in zip(pieces, marked, strict=True) if OPEN in token)
    for start, stop in _joined(found):
        if start >= end:
            break
        if start >= place:
            yield text[place:start], False
            yield text[start : min(stop, end)], True
            place = min(stop, end)
    yield text[place:end], False
    if shown[-1] is not pieces[-1]:
        yield "…", False


def _fitting(pieces: list[Piece], words: int) -> int:
    """How many of the pieces, from the first on, fill the place of so many words. A pair of letters fills a third."""
    place = 3 * words
    for number, piece in enumerate(pieces):
        place -= 1 if piece.is_run else 3
        if place < 0:
            return number
    return len(pieces)


def _found(piece: Piece, exact: set[str]) -> tuple[int, int]:
    """Where a found piece stands. Of a pair that was found by its first letter, that letter alone."""
    is_first_only = piece.is_run and len(piece.word) == 2 and token_of(piece.word) not in exact
    return piece.start, piece.start + 1 if is_first_only else piece.end


def _joined(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that touch, as pairs of one word do, as one."""
    open_start = open_end = -1
    for start, end in spans:
        if start > open_end:
            if open_start >= 0:
                yield open_start, open_end
            open_start, open_end = start, end
        open_end = max(open_end, end)
    if open_start >= 0:
        yield open_start, open_end


def similar(ref: int, text: str, most: int) -> dict[int, float]:
    """The documents that share the most telling words of a text, without the document `ref` itself, each with a score
    (higher is more alike; scores of two calls are only roughly comparable)."""
    words = [token_of(word) for word in _telling_words(text)]
    if not words:
        return {}
    rows = db.session.execute(sa.text(_SIMILAR[dialect()]), {"query": any_of(words), "ref": ref, "most": most})
    return {row.ref: row.score for row in rows}


def _telling_words(text: str) -> list[str]:
    """Words that stand often in the text, in another document too, and in few others (tf-idf); a word that every second
    document has tells nothing."""
    times = Counter(_index_words(text))
    rows = db.session.execute(sa.select(SearchWord.word, SearchWord.documents).where(SearchWord.word.in_(times)))
    documents = {row.word: row.documents for row in rows if row.documents > 1}
    all_documents = max(documents.values(), default=1)  # as many as have the most common word
    weight = {
        word: (1 + math.log(times[word])) * math.log(all_documents / number)
        for word, number in documents.items()
        if 2 * number <= all_documents
    }
    return sorted(weight, key=lambda word: (-weight[word], word))[:MOST_WORDS]


def _tokens(query: Query) -> list[Token]:
    """The tokens of all words. A word that finds enough by itself is no beginning: both engines would add up the
    documents of all words that begin with it."""
    return [
        (token, is_beginning and word not in query.common)
        for word in query.words
        for token, is_beginning in query_tokens(word)
    ]


def _about_refs(statement: str) -> sa.TextClause:
    return sa.text(statement).bindparams(sa.bindparam("refs", expanding=True))


def distinct_words(*texts: str) -> set[str]:
    """The words by which a document with these texts is counted."""
    return set(_index_words(" ".join(texts)))


def _index_words(text: str) -> list[str]:
    """Words of three letters and more, and pairs of runs. A text that is folded already gives the same."""
    words = (word_of(token) for token in tokens_of(text).split())
    return [word for word in words if _is_counted(word)]


def _is_counted(word: str) -> bool:
    """Whether a typo can be set right by this word, or texts be alike by it."""
    return len(word) == 2 if is_run(word) else 3 <= len(word) <= 40 and not word.isdecimal()


def count_words(documents: Mapping[str, int]) -> None:
    """Note that so many more documents have each word."""
    if documents:
        db.session.execute(
            sa.text(
                "INSERT INTO search_word (word, documents) VALUES (:word, :number)"
                " ON CONFLICT (word) DO UPDATE SET documents = search_word.documents + excluded.documents"
            ),
            [{"word": word, "number": documents[word]} for word in sorted(documents)],
        )


def _forget_words(words: set[str]) -> None:
    """Note that one document less has each word."""
    if words:
        # In one order everywhere, so that two writers never wait for each other in a circle.
        db.session.execute(
            sa.text("UPDATE search_word SET documents = documents - 1 WHERE word = :word"),
            [{"word": word} for word in sorted(words)],
        )
        db.session.execute(sa.delete(SearchWord).where(SearchWord.documents < 1))


def _documents_with(words: list[str]) -> dict[str, int]:
    rows = db.session.execute(sa.select(SearchWord.word, SearchWord.documents).where(SearchWord.word.in_(words)))
    return {row.word: row.documents for row in rows}


def _is_known(word: str) -> bool:
    if len(word) < 3 or word.isdecimal():
        return True
    begun = sa.select(SearchWord.word).where(SearchWord.word >= word, SearchWord.word < word + LAST_CHARACTER)
    return db.session.scalar(begun.limit(1)) is not None


def _nearest(word: str) -> str:
    """The most used word of the index with one letter wrong (two in long words), or the word itself."""
    most_wrong = 1 if len(word) < 8 else 2
    near = sa.select(SearchWord.word, SearchWord.documents).where(
        sa.func.length(SearchWord.word).between(len(word) - most_wrong, len(word) + most_wrong)
    )
    found = [
        (OSA.distance(word, row.word, score_cutoff=most_wrong), -row.documents, row.word)
        for row in db.session.execute(near.limit(50_000))
    ]
    best = min((one for one in found if one[0] <= most_wrong), default=None)
    return best[2] if best else word


# bm25() counts all documents that have a word; of words that so many have, those in the title tell enough.
_TITLED_FTS = "SELECT rowid FROM search_fts WHERE search_fts MATCH '{title} : (' || :query || ')' AND rowid >= :oldest"
# SQLite goes on from the oldest; the + hides the numbers from FTS5, which would begin anew for each.
_RANK = {
    "sqlite": """
        SELECT rowid FROM search_fts WHERE search_fts MATCH :query AND rowid >= :oldest AND +rowid IN :refs
        ORDER BY bm25(search_fts, 12.0, 5.0, 1.0), rowid
    """,
    "postgresql": """
        SELECT ref FROM search_vector, to_tsquery('english', :query) AS q WHERE ref IN :refs
        ORDER BY ts_rank('{0.1, 0.2, 0.5, 1.0}', vector, q) DESC, ref
    """,
}
_MARKED = {
    "sqlite": """
        SELECT rowid AS ref, highlight(search_fts, 2, :open, :close) AS marked
        FROM search_fts WHERE search_fts MATCH :query AND rowid IN :refs
    """,
    "postgresql": """
        SELECT ref, ts_headline('english', body, q,
            'HighlightAll=true, StartSel="' || :open || '", StopSel="' || :close || '"') AS marked
        FROM search_vector, to_tsquery('english', :query) AS q WHERE ref IN :refs
    """,
}
_SIMILAR = {
    "sqlite": """
        SELECT rowid AS ref, -bm25(search_fts, 4.0, 2.0, 1.0) AS score FROM search_fts
        WHERE search_fts MATCH :query AND rowid <> :ref ORDER BY score DESC LIMIT :most
    """,
    "postgresql": """
        SELECT ref, ts_rank(vector, q) AS score FROM search_vector, to_tsquery('english', :query) AS q
        WHERE vector @@ q AND ref <> :ref ORDER BY score DESC LIMIT :most
    """,
}


@atomic()
def forget_old_words() -> None:
    """Forget words that no text has any more, because words are folded in another way now."""
    for word in db.session.scalars(sa.select(SearchWord.word)).all():
        if _index_words(word) != [word]:
            db.session.execute(sa.delete(SearchWord).where(SearchWord.word == word))
