"""Bounded searches and counts: the first rows that match typed words, and their number."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from clinic.core.db import db
from clinic.core.text import clean_line

MOST_WORDS = 8
MOST_SEARCHED = 10_000  # rows that are compared one by one
MOST_FOUND = 500

Row = TypeVar("Row")


def count_up_to(most: int, rows: sa.Select[Any]) -> int:
    """Return the number of rows, at most `most`. The bound limits the cost of counting."""
    return db.session.scalar(counting_up_to(most, rows)) or 0


def counting_up_to(most: int, rows: sa.Select[Any]) -> sa.Select[tuple[int]]:
    """Return the SELECT behind count_up_to(), for callers that combine or repeat it."""
    return sa.select(sa.func.count()).select_from(rows.limit(most).subquery())


@dataclass(frozen=True)
class Found(Generic[Row]):
    """The first matching rows, and the number of all matches."""

    rows: list[Row]
    total: int


def has_words(text: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Return a condition: each word of `text` occurs in one of the columns, ignoring case. % and _ have no special
    meaning.

    SQLite's lower() only knows ASCII letters.
    """
    words = clean_line(text).split()[:MOST_WORDS]
    return sa.and_(
        sa.true(),
        *(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words),
    )


def latest_with(
    text: str, id_: Any, *columns: Any, others: sa.ColumnElement[bool] | None = None, most: int = MOST_SEARCHED
) -> sa.Select[tuple[int]]:
    """Select the ids of rows whose columns contain all words of a text, latest first, at most MOST_FOUND.

    Only the latest `most` rows are searched, and rows that match `others`, a condition with an index. This bounds the
    cost of a search.
    """
    latest = sa.select(id_.label("id"), *columns).order_by(id_.desc()).limit(most).subquery()
    found = sa.select(latest.c.id).where(has_words(text, *(latest.c[column.key] for column in columns)))
    if others is not None:
        found = sa.union(found, sa.select(id_).where(others, has_words(text, *columns)))  # type: ignore[assignment]
    ids = found.subquery().c.id
    return sa.select(ids).order_by(ids.desc()).limit(MOST_FOUND)


def unindexed(*where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return a condition that no index is used for. IS TRUE hides it from the query planners.

    Without ANALYZE, SQLite does not know how many rows an index finds and assumes few. Use this where another condition
    already picks few rows.
    """
    return sa.and_(*where).is_(sa.true())


def first_found(statement: sa.Select[tuple[Row]], most: int) -> Found[Row]:
    """Run an ordered statement and return at most `most` rows with the total number, in one SQL statement."""
    rows = db.session.execute(statement.add_columns(sa.func.count().over()).limit(most)).unique().all()
    return Found(rows=[row[0] for row in rows], total=rows[0][-1] if rows else 0)
