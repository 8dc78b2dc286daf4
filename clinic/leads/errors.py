"""Errors about leads."""


class CannotMerge(Exception):
    """These two leads cannot be merged. The message is one sentence for staff."""


class CannotSplit(Exception):
    """The merge is older than 30 days, or was already undone."""


class Unsubscribed(Exception):
    """The person has unsubscribed from letters."""


class LetterTaken(Exception):
    """Another letter has this name."""
