"""A measure of work that is the same on every machine: the number of function calls."""

import sys
from collections.abc import Callable


def calls_made(action: Callable[[], object]) -> int:
    """Return how many functions, in Python and C, are called and left while `action` runs."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count
