"""Rows by the words that somebody types: a few of them, and how many there are."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from clinic.core.db import db

MOST_WORDS = 8

Row = TypeVar("Row")


@dataclass(frozen=True)
class Found(Generic[Row]):
    """The first rows that match, and the number of all."""

    rows: list[Row]
    total: int


def has_words(text: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Each word stands in one of the columns, in capitals or not; % and _ are characters like others.

    SQLite's lower() knows only the letters of English.
    """
    words = text.split()[:MOST_WORDS]
    return sa.and_(
        sa.true(),
        *(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words),
    )


def first_found(statement: sa.Select[tuple[Row]], most: int) -> Found[Row]:
    """Run an ordered statement for at most so many rows: one statement, the number included."""
    rows = db.session.execute(statement.add_columns(sa.func.count().over()).limit(most)).unique().all()
    return Found(rows=[row[0] for row in rows], total=rows[0][-1] if rows else 0)
