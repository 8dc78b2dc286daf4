"""The full-text index: put(), drop(), read(), find() … SQLite's FTS5 and PostgreSQL's tsvector behind one interface.

A document is known by a number (`ref`) and has a title, headings and a text. Rows are written in the transaction of
the change that they describe. Both sides are folded in one way (folding.py), and an engine sees only the folded words:
what people type is cut into words first, so no engine's query language gets in.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz.distance import OSA
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, atomic, db
from clinic.core.folding import FOLDING, Piece, is_run, pieces_of, query_tokens, token_of, tokens_of, word_of, words_of

MOST_WORDS = 12
LAST_CHARACTER = "\U0010ffff"
# What a common word finds is found among the latest documents. PostgreSQL walks these, where its index of words would
# fetch every document that has the word; the number says how many must have it.
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


class IndexState(Base):
    """How an index is folded, and up to which row it has been built anew since the folding changed."""

    __tablename__ = "index_state"

    name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    folding: Mapped[int]
    done_to: Mapped[int] = mapped_column(default=0)


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


def put(ref: int, *, title: str, headings: str, text: str) -> None:
    """Index a document, or index it anew, within the present transaction."""
    drop(ref)
    folded = {"title": tokens_of(title), "headings": tokens_of(headings), "body": tokens_of(text)}
    db.session.execute(sa.text(_INSERT[_dialect()]), {"ref": ref, **folded})
    count_words(dict.fromkeys(distinct_words(title, headings, text), 1))


def drop(ref: int) -> None:
    """Forget a document; harmless when it is not there."""
    row = db.session.execute(
        sa.text(f"SELECT title, headings, body FROM {_TABLE[_dialect()]} WHERE {_KEY[_dialect()]} = :ref"),  # noqa: S608
        {"ref": ref},
    ).first()
    if row is None:
        return
    db.session.execute(sa.text(f"DELETE FROM {_TABLE[_dialect()]} WHERE {_KEY[_dialect()]} = :ref"), {"ref": ref})  # noqa: S608
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
    """The documents that have all words, or words that begin with them, the latest first.

    Asked by itself and not within a bigger statement: no planner then looks up each document of a common word.
    """
    if not query.words:
        return []
    parameters = {"query": _expression(query), "most": most, "latest": LATEST}
    if _dialect() == "sqlite":
        return list(db.session.scalars(sa.text(_FIND_FTS), parameters))
    if query.is_common:
        found = list(db.session.scalars(sa.text(_FIND_AMONG_LATEST), parameters))
        if len(found) == most:
            return found
    return list(db.session.scalars(sa.text(_FIND_VECTOR), parameters))


def best_first(query: Query, refs: list[int]) -> list[int]:
    """These documents, found by this query, in the order of how well they fit."""
    if not refs:
        return []
    parameters = {"query": _expression(query), "refs": refs, "oldest": min(refs)}
    if _dialect() == "sqlite" and query.is_common:
        titled = set(db.session.scalars(sa.text(_TITLED_FTS), parameters))
        return sorted(refs, key=lambda ref: (ref not in titled, -ref))
    return list(db.session.scalars(_about_refs(_RANK[_dialect()]), parameters))


def snippets(query: Query, texts: Mapping[int, str]) -> dict[int, list[tuple[str, bool]]]:
    """The words around the find in each of these few documents, as their texts spell them: parts, and whether each was
    found."""
    parameters = {"query": _expression(query), "refs": list(texts), "open": OPEN, "close": CLOSE}
    exact = {token for word in query.words for token, is_beginning in query_tokens(word) if not is_beginning}
    rows = db.session.execute(_about_refs(_MARKED[_dialect()]), parameters) if texts else ()
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
    query = " | ".join(words) if _dialect() == "postgresql" else " OR ".join(f'"{word}"' for word in words)
    rows = db.session.execute(sa.text(_SIMILAR[_dialect()]), {"query": query, "ref": ref, "most": most})
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


def _expression(query: Query) -> str:
    """All of the words in the engine's own language; each is letters and digits. A word that finds enough by itself is
    no beginning: both engines would add up the documents of all words that begin with it."""
    tokens = [
        (token, is_beginning and word not in query.common)
        for word in query.words
        for token, is_beginning in query_tokens(word)
    ]
    if _dialect() == "postgresql":
        return " & ".join(f"{token}:*" if is_beginning else token for token, is_beginning in tokens)
    return " AND ".join(f'"{token}"*' if is_beginning else f'"{token}"' for token, is_beginning in tokens)


def _about_refs(statement: str) -> sa.TextClause:
    return sa.text(statement).bindparams(sa.bindparam("refs", expanding=True))


def _dialect() -> str:
    return str(db.session.get_bind().dialect.name)


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


_TABLE = {"sqlite": "search_fts", "postgresql": "search_vector"}
_KEY = {"sqlite": "rowid", "postgresql": "ref"}
_INSERT = {
    "sqlite": "INSERT INTO search_fts (rowid, title, headings, body) VALUES (:ref, :title, :headings, :body)",
    "postgresql": """
        INSERT INTO search_vector (ref, title, headings, body, vector) VALUES (:ref, :title, :headings, :body,
            setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', :headings), 'B')
            || setweight(to_tsvector('english', :body), 'D'))
    """,
}
_FIND_FTS = "SELECT rowid FROM search_fts WHERE search_fts MATCH :query ORDER BY rowid DESC LIMIT :most"
_FIND_AMONG_LATEST = """
    SELECT ref FROM (SELECT ref, vector FROM search_vector ORDER BY ref DESC LIMIT :latest) AS latest
    WHERE vector @@ to_tsquery('english', :query) ORDER BY ref DESC LIMIT :most
"""
# MATERIALIZED: the index of words is asked, where the planner would walk all documents, newest first.
_FIND_VECTOR = """
    WITH found AS MATERIALIZED (SELECT ref FROM search_vector WHERE vector @@ to_tsquery('english', :query))
    SELECT ref FROM found ORDER BY ref DESC LIMIT :most
"""
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


def place_to_fold(name: str) -> int | None:
    """From which row on the index `name` is still folded in an older way; None when all of it is as it should be."""
    state = db.session.get(IndexState, name)
    if state is not None and state.folding == FOLDING:
        return None
    return state.done_to if state is not None and state.folding == -FOLDING else 0


@atomic()
def note_folded(name: str, done_to: int | None) -> None:
    """Note up to which row the index `name` is built anew; None: to its end. Half-built ones have the negative."""
    db.session.merge(IndexState(name=name, folding=FOLDING if done_to is None else -FOLDING, done_to=done_to or 0))


@atomic()
def forget_old_words() -> None:
    """Forget words that no text has any more, because words are folded in another way now."""
    for word in db.session.scalars(sa.select(SearchWord.word)).all():
        if _index_words(word) != [word]:
            db.session.execute(sa.delete(SearchWord).where(SearchWord.word == word))
