"""What can go wrong with a lead."""


class CannotMerge(Exception):
    """These two leads cannot be made one. The text is one sentence for staff."""


class CannotSplit(Exception):
    """The merge is older than 30 days, or was undone before."""


class Unsubscribed(Exception):
    """The person wants no more mails of this kind."""


class LetterTaken(Exception):
    """Another letter has this name."""
