"""The machine under every full-text index: SQLite's FTS5 and PostgreSQL's tsvector behind one interface.

A document is known by a number (`ref`). Rows are written in the transaction of the change that they describe. Texts are
folded before they are put in (folding.py), and an engine sees only folded tokens, which are letters and digits: no
engine's query language gets in. search.py and leads/lead_index.py have the rules of their own documents.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, atomic, db
from clinic.core.folding import FOLDING

Token = tuple[str, bool]  # a folded token, and whether words that begin with it are meant too


class IndexState(Base):
    """How an index is folded, and up to which row it has been built anew since the folding changed."""

    __tablename__ = "index_state"

    name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    folding: Mapped[int]
    done_to: Mapped[int] = mapped_column(default=0)


class TextIndex:
    """The index of one kind of document: a table of FTS5 on SQLite, a table with a tsvector on PostgreSQL."""

    def __init__(
        self, *, fts: str, vector: str, columns: tuple[str, ...], vectors: Mapping[str, str], language: str, latest: int
    ) -> None:
        """Describe the two tables.

        `columns` hold the tokens in FTS5. `vectors` are the columns on PostgreSQL, each with the SQL that makes its
        value of the tokens; the last one is the tsvector. `latest` is the number of documents that
        find_among_latest() walks.
        """
        self.fts, self.vector, self.columns, self.language, self.latest = fts, vector, columns, language, latest
        *_, self.matched = vectors
        names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        self._insert = {
            "sqlite": f"INSERT INTO {fts} (rowid, {names}) VALUES (:ref, {values})",  # noqa: S608
            "postgresql": f"INSERT INTO {vector} (ref, {', '.join(vectors)})"  # noqa: S608
            f" VALUES (:ref, {', '.join(vectors.values())})",
        }
        matches = f"{self.matched} @@ to_tsquery('{language}', :query)"
        self._among_latest = f"""
            SELECT ref FROM (SELECT ref, {self.matched} FROM {vector} ORDER BY ref DESC LIMIT :latest) AS latest
            WHERE {matches} ORDER BY ref DESC LIMIT :most
        """  # noqa: S608
        # MATERIALIZED: the index of words is asked, where the planner would walk all documents, newest first.
        self._among_all = {
            "sqlite": f"SELECT rowid FROM {fts} WHERE {fts} MATCH :query ORDER BY rowid DESC LIMIT :most",  # noqa: S608
            "postgresql": f"""
                WITH found AS MATERIALIZED (SELECT ref FROM {vector} WHERE {matches})
                SELECT ref FROM found ORDER BY ref DESC LIMIT :most
            """,  # noqa: S608
        }

    def put(self, ref: int, **tokens: str) -> None:
        """Index a document that is not there, within the present transaction. Each column is given its tokens."""
        db.session.execute(sa.text(self._insert[dialect()]), {"ref": ref, **tokens})

    def drop(self, ref: int) -> None:
        """Remove a document; harmless when it is not there."""
        db.session.execute(sa.text(f"DELETE FROM {self._table()} WHERE {_KEY[dialect()]} = :ref"), {"ref": ref})  # noqa: S608

    def tokens_of(self, ref: int) -> Any:
        """The tokens of a document by column, or None. Only for an index whose columns PostgreSQL stores too."""
        columns, where = ", ".join(self.columns), f"{_KEY[dialect()]} = :ref"
        return db.session.execute(sa.text(f"SELECT {columns} FROM {self._table()} WHERE {where}"), {"ref": ref}).first()  # noqa: S608

    def find(self, tokens: Iterable[Token], most: int) -> list[int]:
        """The documents that have all tokens, the latest first.

        Asked by itself and not within a bigger statement: no planner then looks up each document of a common word.
        """
        return self._ask(self._among_all[dialect()], {"query": all_of(tokens), "most": most})

    def find_among_latest(self, tokens: Iterable[Token], most: int) -> list[int]:
        """The same among the latest documents, on PostgreSQL alone. It walks these, which costs less than to fetch
        every document that has a common word."""
        return self._ask(self._among_latest, {"query": all_of(tokens), "most": most, "latest": self.latest})

    def _ask(self, statement: str, parameters: dict[str, Any]) -> list[int]:
        return list(db.session.scalars(sa.text(statement), parameters))

    def _table(self) -> str:
        return self.fts if dialect() == "sqlite" else self.vector


_KEY = {"sqlite": "rowid", "postgresql": "ref"}


def dialect() -> str:
    """The name of the database at hand: sqlite or postgresql."""
    return str(db.session.get_bind().dialect.name)


def all_of(tokens: Iterable[Token]) -> str:
    """A query for all tokens, in the engine's own language."""
    if dialect() == "postgresql":
        return " & ".join(f"{token}:*" if is_beginning else token for token, is_beginning in tokens)
    return " AND ".join(f'"{token}"*' if is_beginning else f'"{token}"' for token, is_beginning in tokens)


def any_of(tokens: Iterable[str]) -> str:
    """A query for any of the tokens, in the engine's own language."""
    return " | ".join(tokens) if dialect() == "postgresql" else " OR ".join(f'"{token}"' for token in tokens)


def place_to_fold(name: str) -> int | None:
    """The row after which the index `name` is still folded in an older way; None when all of it is up to date."""
    state = db.session.get(IndexState, name)
    if state is not None and state.folding == FOLDING:
        return None
    return state.done_to if state is not None and state.folding == -FOLDING else 0


@atomic()
def note_folded(name: str, done_to: int | None) -> None:
    """Note up to which row the index `name` is built anew; None: to its end. Half-built ones have the negative."""
    db.session.merge(IndexState(name=name, folding=FOLDING if done_to is None else -FOLDING, done_to=done_to or 0))


def refold(name: str, portion: Callable[[int], int | None]) -> bool:
    """Build a portion of the index `name` anew, if words are folded in another way than when it was built.

    `portion` is given the row after which it begins, and returns the row that it has come to; None when there was none
    left. True: there was something to do.
    """
    begin = place_to_fold(name)
    if begin is None:
        return False
    note_folded(name, portion(begin))
    return True
