"""Rows in an order that staff choose."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit
from clinic.core.db import atomic, db


def _after_all(context: Any) -> int:
    """Return the default of `position`: one more than the highest."""
    table = context.compiled.statement.table
    last = sa.select(sa.func.coalesce(sa.func.max(table.c.position), -1))
    return int(context.connection.scalar(last)) + 1


class Ordered:
    """Mixin for models with a position. A new row comes last. Rows with equal positions are sorted by id."""

    id: Mapped[int]
    position: Mapped[int] = mapped_column(default=_after_all)


Row = TypeVar("Row", bound=Ordered)


def in_order(model: type[Row], where: Iterable[sa.ColumnElement[bool]] = ()) -> Sequence[Row]:
    """Return the rows in their order; `where` selects one group."""
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
    """Put the rows into the order of these ids, and return them.

    A row that was added meanwhile goes to the end. An id that no longer exists is skipped.
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
    """Move one row up (negative `steps`) or down, at most to the end. Returns all rows in their new order."""
    with atomic():
        where = list(where)
        rows = list(in_order(type(row), where))
        place = rows.index(row)
        rows.insert(max(0, place + steps), rows.pop(place))
        return reorder(type(row), [one.id for one in rows], where=where, by=by, detail=detail)
