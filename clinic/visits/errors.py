"""Errors about visits."""

from datetime import datetime


class TimeTaken(Exception):
    """The therapist has another visit then. `free` are the nearest free times."""

    def __init__(self, free: list[datetime]) -> None:
        super().__init__("taken")
        self.free = free


class TimeRefused(Exception):
    """The time is not possible. The message is one sentence for staff."""


class TooLate(Exception):
    """The visit is too near, or over, for the person to change it online."""


class ChangedTooOften(Exception):
    """The person has used up their online changes."""


class VisitClosed(Exception):
    """The visit is not set any more: cancelled, attended or missed."""


class VisitToCome(Exception):
    """The person's visit is on a later day, at `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at:%Y-%m-%d}")
        self.at = at


class TherapistTaken(Exception):
    """Another therapist has this name."""


class TherapistBooked(Exception):
    """The therapist has visits. `number` is how many."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number
