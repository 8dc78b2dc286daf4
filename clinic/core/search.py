"""The full-text index: put(), drop(), find(). SQLite's FTS5 and PostgreSQL's tsvector behind one interface.

A document is known by a number (`ref`) and has a title, headings and a text. Rows are written in the transaction of
the change that they describe. What people type is cut into words first: no engine's query language gets in.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz.distance import OSA
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, db

WORD = re.compile(r"\w+", re.UNICODE)
MOST_WORDS = 12
MOST_HITS = 500
# Signs that no text contains stand around a found word until the snippet has been escaped.
OPEN, CLOSE = "\x02", "\x03"


class SearchWord(Base):
    """One word that is somewhere in the index, so that a typo can be set right."""

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    documents: Mapped[int]


@dataclass(frozen=True)
class Query:
    """What was typed, as words; `corrected` when a typo was set right."""

    words: tuple[str, ...]
    corrected: bool = False

    def __str__(self) -> str:
        return " ".join(self.words)


def words_of(text: str) -> list[str]:
    """The words of a text, small, without accents, in order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return WORD.findall("".join(char for char in plain if not unicodedata.combining(char)))


def put(ref: int, *, title: str, headings: str, text: str) -> None:
    """Index a document, or index it anew, within the present transaction."""
    drop(ref)
    db.session.execute(sa.text(_INSERT[_dialect()]), {"ref": ref, "title": title, "headings": headings, "body": text})
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
    meant = [word if _is_known(word) else _nearest(word) for word in words]
    return Query(tuple(meant), corrected=meant != words)


def matches(query: Query) -> sa.Subquery:
    """The documents that have all words, or words that begin with them: ref, rank (smallest is best), snippet."""
    statement = sa.text(_SELECT[_dialect()]).bindparams(
        query=_expression(query.words), open=OPEN, close=CLOSE, most=MOST_HITS
    )
    return statement.columns(
        sa.column("ref", sa.Integer), sa.column("rank", sa.Float), sa.column("snippet", sa.Text)
    ).subquery("hits")


def similar(ref: int, text: str, most: int) -> dict[int, float]:
    """The documents that share the most telling words of a text, without the document `ref` itself, each with a score
    (higher is more alike; scores of two calls are only roughly comparable)."""
    words = _telling_words(text)
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


def _expression(words: Iterable[str]) -> str:
    """All of the words, or words that begin with them, in the engine's own language; each is letters and digits."""
    if _dialect() == "postgresql":
        return " & ".join(f"{word}:*" for word in words)
    return " AND ".join(f'"{word}"*' for word in words)


def _dialect() -> str:
    return str(db.session.get_bind().dialect.name)


def distinct_words(*texts: str) -> set[str]:
    """The words by which a document with these texts is counted."""
    return set(_index_words(" ".join(texts)))


def _index_words(text: str) -> list[str]:
    return [word for word in words_of(text) if 3 <= len(word) <= 40 and not word.isdecimal()]


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


def _is_known(word: str) -> bool:
    known = sa.select(SearchWord.word).where(SearchWord.word.startswith(word, autoescape=True)).limit(1)
    return len(word) < 3 or word.isdecimal() or db.session.scalar(known) is not None


def _nearest(word: str) -> str:
    """The most used word of the index with one letter wrong (two in long words), or the word itself."""
    most_wrong = 1 if len(word) < 8 else 2
    near = sa.select(SearchWord).where(
        sa.func.length(SearchWord.word).between(len(word) - most_wrong, len(word) + most_wrong)
    )
    found = [
        (OSA.distance(word, row.word, score_cutoff=most_wrong), -row.documents, row.word)
        for row in db.session.scalars(near.limit(50_000))
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
_SELECT = {
    "sqlite": """
        SELECT rowid AS ref, bm25(search_fts, 12.0, 5.0, 1.0) AS rank,
            snippet(search_fts, 2, :open, :close, '…', 28) AS snippet
        FROM search_fts WHERE search_fts MATCH :query ORDER BY rank LIMIT :most
    """,
    "postgresql": """
        SELECT ref, -ts_rank('{0.1, 0.2, 0.5, 1.0}', vector, q) AS rank,
            ts_headline('english', body, q,
                'MaxWords=28, MinWords=14, StartSel="' || :open || '", StopSel="' || :close || '"') AS snippet
        FROM search_vector, to_tsquery('english', :query) AS q WHERE vector @@ q ORDER BY rank LIMIT :most
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
