"""Counts in words."""


def count_of(number: int, one: str) -> str:
    """Return a count with its noun: "1 comment", "2 comments"."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def count_with_more(number: int, most: int) -> str:
    """Return a count as text: "3", or "10,000+" if counting stopped there."""
    return f"{most:,}+" if number >= most else f"{number}"
