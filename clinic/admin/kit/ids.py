"""Ids that come from addresses and forms."""

MOST_ID = 2**31 - 1


def ids_of(rowids: list[str]) -> list[int]:
    """Return the row ids of a bulk action, without invalid ones."""
    return [number for rowid in rowids if (number := row_id(rowid)) is not None]


def row_id(text: str) -> int | None:
    """Return a row id read from text, or None."""
    return int(text) if text.isdecimal() and len(text) <= 10 and int(text) <= MOST_ID else None
