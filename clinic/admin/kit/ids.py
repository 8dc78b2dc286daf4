"""Ids that come from addresses and forms."""

MOST_ID = 2**31 - 1


def ids_of(rowids: list[str]) -> list[int]:
    """The row ids of a bulk action; what is no id is left out."""
    return [number for rowid in rowids if (number := row_id(rowid)) is not None]


def row_id(text: str) -> int | None:
    """The id that a text says, if it can be one."""
    return int(text) if text.isdecimal() and len(text) <= 10 and int(text) <= MOST_ID else None
