"""How much work something takes, told by a number that is the same on every machine."""

import sys
from collections.abc import Callable


def calls_made(action: Callable[[], object]) -> int:
    """How many functions are called and left again, of Python and of C, while `action` runs."""
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
