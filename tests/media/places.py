"""The content of media storage, and storage with faults."""

import errno
from typing import Any

import pytest
from flask import current_app

from clinic.media.errors import StoreAway
from clinic.media.files import files
from clinic.media.models import Image


def everything() -> list[str]:
    """Return the names of all files."""
    return [entry.name for entry in files().names("")]


def names(image: Image) -> list[str]:
    """Return the files of one image, by their names below its key."""
    return [entry.name.removeprefix(f"{image.key}/") for entry in files().names(f"{image.key}/")]


class Failing:
    """Media storage in which some methods fail. `tried` lists the failed calls."""

    def __init__(self, fails: tuple[str, ...], after: int) -> None:
        self.real = files()
        self.fails = fails
        self.after = after
        self.tried: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def fail(*_args: object) -> None:
            self.tried.append(name)
            raise StoreAway(errno.ENOSPC, "No space left on device")

        if name not in self.fails:
            return getattr(self.real, name)
        self.after -= 1
        return getattr(self.real, name) if self.after >= 0 else fail


def break_place(monkeypatch: pytest.MonkeyPatch, *fails: str, after: int = 0) -> list[str]:
    """Let these methods fail, from now on or after some calls. Returns the list of failed calls."""
    failing = Failing(fails, after)
    monkeypatch.setitem(current_app.extensions, "clinic.files", failing)
    return failing.tried
