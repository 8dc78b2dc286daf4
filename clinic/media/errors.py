"""What can go wrong with a picture."""


class NotAPicture(Exception):
    """The file is broken, or of a kind that we do not show. The text says which, in plain words."""


class ImageInUse(Exception):
    """An article shows this picture."""


class ImageReplaced(Exception):
    """Somebody else has replaced the file meanwhile."""


class StoreAway(OSError):
    """The place where pictures lie does not answer, or is full. Nothing was kept; later it may work."""

    advice = "The picture storage is unavailable. Nothing was saved. Try again in a minute."


class StoreRefuses(StoreAway):
    """The bucket answers, and says no: its name, the key or the key's rights are wrong. Later it will say the same."""
