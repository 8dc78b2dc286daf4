"""What can go wrong with a visit."""

from datetime import datetime


class TimeTaken(Exception):
    """The therapist has another visit then. `free` are the nearest times that are free."""

    def __init__(self, free: list[datetime]) -> None:
        super().__init__("taken")
        self.free = free


class TimeRefused(Exception):
    """A time that cannot be set. The text is one sentence for staff."""


class TooLate(Exception):
    """The visit is too near, or over, for the person to change it alone."""


class ChangedTooOften(Exception):
    """The person has changed their time as often as they may."""


class VisitClosed(Exception):
    """The visit is not set (any more): cancelled, attended or missed."""


class VisitToCome(Exception):
    """The person's visit is on a later day. `at` says when."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at:%Y-%m-%d}")
        self.at = at


class TherapistTaken(Exception):
    """Another therapist has this name."""


class TherapistBooked(Exception):
    """Visits refer to the therapist. `number` says how many."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number
