"""What lies in the place of the pictures, and the faults that it has."""

import errno
from typing import Any

import pytest
from flask import current_app

from clinic.media.errors import StoreAway
from clinic.media.files import files
from clinic.media.models import Image


def everything() -> list[str]:
    """The names of all files."""
    return [entry.name for entry in files().names("")]


def names(image: Image) -> list[str]:
    """The files of one picture, by their names below its key."""
    return [entry.name.removeprefix(f"{image.key}/") for entry in files().names(f"{image.key}/")]


class Failing:
    """The place of the pictures, where some of what can be done fails."""

    def __init__(self, *fails: str) -> None:
        self.real = files()
        self.fails = fails

    def __getattr__(self, name: str) -> Any:
        if name in self.fails:
            return self._fail
        return getattr(self.real, name)

    def _fail(self, *_args: object) -> None:
        raise StoreAway(errno.ENOSPC, "No space left on device")


def break_place(monkeypatch: pytest.MonkeyPatch, *fails: str) -> None:
    """From now on these methods fail."""
    monkeypatch.setitem(current_app.extensions, "clinic.files", Failing(*fails))
