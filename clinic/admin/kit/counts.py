"""Counts in words."""


def count_of(number: int, one: str) -> str:
    """1 comment, 2 comments."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def count_with_more(number: int, most: int) -> str:
    """3; or 10,000+ for what was not counted further."""
    return f"{most:,}+" if number >= most else f"{number}"
