"""What can go wrong with a picture."""


class NotAPicture(Exception):
    """The file is broken, or of a kind that we do not show. The text says which, in plain words."""


class ImageInUse(Exception):
    """An article shows this picture."""


class ImageReplaced(Exception):
    """Somebody else has replaced the file meanwhile."""
