"""Rows that stand in an order of the staff's choosing."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit
from clinic.core.db import atomic, db


def _after_all(context: Any) -> int:
    """The default of a position."""
    table = context.compiled.statement.table
    last = sa.select(sa.func.coalesce(sa.func.max(table.c.position), -1))
    return int(context.connection.scalar(last)) + 1


class Ordered:
    """A model with a place in an order; a new row stands last. Two rows with one position go by their ids."""

    id: Mapped[int]
    position: Mapped[int] = mapped_column(default=_after_all)


Row = TypeVar("Row", bound=Ordered)


def in_order(model: type[Row], where: Iterable[sa.ColumnElement[bool]] = ()) -> Sequence[Row]:
    """The rows (of one group, if there is a condition) as they stand."""
    return db.session.scalars(sa.select(model).where(*where).order_by(model.position, model.id)).all()


@atomic()
def reorder(
    model: type[Row],
    ids: Sequence[int],
    *,
    where: Iterable[sa.ColumnElement[bool]] = (),
    by: audit.Actor | None = None,
    detail: str = "",
) -> list[Row]:
    """Let the rows stand in the order of these ids, and return them so.

    A row that somebody else has added meanwhile keeps its turn behind them, an id that is gone is passed over.
    """
    wanted = {id_: place for place, id_ in enumerate(ids)}
    rows = sorted(in_order(model, where), key=lambda row: wanted.get(row.id, len(wanted)))
    for position, row in enumerate(rows):
        row.position = position
    audit.record("reordered", str(model.__tablename__), by=by, detail=detail)  # type: ignore[attr-defined]
    return rows


def move(
    row: Row,
    steps: int,
    *,
    where: Iterable[sa.ColumnElement[bool]] = (),
    by: audit.Actor | None = None,
    detail: str = "",
) -> list[Row]:
    """Move one row up (a negative number) or down; at the end it stays. Returns all rows in their new order."""
    with atomic():
        where = list(where)
        rows = list(in_order(type(row), where))
        place = rows.index(row)
        rows.insert(max(0, place + steps), rows.pop(place))
        return reorder(type(row), [one.id for one in rows], where=where, by=by, detail=detail)
