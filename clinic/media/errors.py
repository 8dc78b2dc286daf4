"""Errors about images."""


class NotAnImage(Exception):
    """The file is broken or of an unsupported kind. The message names which, in plain words."""


class ImageInUse(Exception):
    """An article shows this image."""


class ImageReplaced(Exception):
    """Another request has replaced the file."""


class StoreAway(OSError):
    """The media storage does not answer or is full. Nothing was stored; a retry may succeed."""

    advice = "The picture storage is unavailable. Nothing was saved. Try again in a minute."


class StoreRefuses(StoreAway):
    """The bucket answers with a refusal: its name, the key or the key's rights are wrong. A retry will fail too."""
