"""Rows by the words that somebody types: a few of them, and how many there are."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from clinic.core.db import db
from clinic.core.text import clean_line

MOST_WORDS = 8
MOST_SEARCHED = 10_000  # rows that are looked at one by one for words
MOST_FOUND = 500

Row = TypeVar("Row")


def count_up_to(most: int, rows: sa.Select[Any]) -> int:
    """How many rows there are, but not more than `most`: counting takes longer the more there are."""
    return db.session.scalar(counting_up_to(most, rows)) or 0


def counting_up_to(most: int, rows: sa.Select[Any]) -> sa.Select[tuple[int]]:
    """The statement that counts them, for who asks it again and again."""
    return sa.select(sa.func.count()).select_from(rows.limit(most).subquery())


@dataclass(frozen=True)
class Found(Generic[Row]):
    """The first rows that match, and the number of all."""

    rows: list[Row]
    total: int


def has_words(text: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Each word stands in one of the columns, in capitals or not; % and _ are characters like others.

    SQLite's lower() knows only the letters of English.
    """
    words = clean_line(text).split()[:MOST_WORDS]
    return sa.and_(
        sa.true(),
        *(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words),
    )


def latest_with(
    text: str, id_: Any, *columns: Any, others: sa.ColumnElement[bool] | None = None, most: int = MOST_SEARCHED
) -> sa.Select[tuple[int]]:
    """The ids of rows that have all words of a text in some columns, the latest first and not more than MOST_FOUND.

    Only the latest `most` rows are looked at, and `others`, which an index finds: this bounds what a search costs.
    """
    latest = sa.select(id_.label("id"), *columns).order_by(id_.desc()).limit(most).subquery()
    found = sa.select(latest.c.id).where(has_words(text, *(latest.c[column.key] for column in columns)))
    if others is not None:
        found = sa.union(found, sa.select(id_).where(others, has_words(text, *columns)))  # type: ignore[assignment]
    ids = found.subquery().c.id
    return sa.select(ids).order_by(ids.desc()).limit(MOST_FOUND)


def unindexed(*where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A condition on few rows that something else picks: IS TRUE hides from the planners that an index would fit.

    SQLite knows how many rows an index finds only after ANALYZE, and believes that they are few.
    """
    return sa.and_(*where).is_(sa.true())


def first_found(statement: sa.Select[tuple[Row]], most: int) -> Found[Row]:
    """Run an ordered statement for at most so many rows: one statement, the number included."""
    rows = db.session.execute(statement.add_columns(sa.func.count().over()).limit(most)).unique().all()
    return Found(rows=[row[0] for row in rows], total=rows[0][-1] if rows else 0)
