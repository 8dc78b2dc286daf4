"""Names of stored files, and the interface of the stores that keep them."""

import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

# Names are paths below the root, "3f2a…/v2/480.jpg". What begins with a dot is not served.
NAME = re.compile(r"(?:\.?[a-z0-9_][a-z0-9._-]{0,99}(?:/(?!$)|$)){1,4}", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """A file that is about to be sent. Whoever has it closes the stream."""

    stream: BinaryIO
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Entry:
    """A file as it is listed."""

    name: str
    size: int
    modified: datetime


class Files(Protocol):
    """What both places can do. Every method but names() raises FileNotFoundError for a file that is not there or a name
    that nothing can have, and StoreAway when the place does not answer or is full."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, in the place of an older one: whole, or not at all."""

    def read(self, name: str) -> bytes:
        """All of a file."""

    def open(self, name: str) -> Opened:
        """A file to be sent piece by piece."""

    def names(self, start: str) -> Iterator[Entry]:
        """The files whose names begin so, in the order of their names."""

    def move(self, name: str, to: str) -> None:
        """Give a file another name, in the place of an older one."""

    def remove(self, names: Iterable[str]) -> None:
        """Take files away; one that is not there is no error."""


def is_name(name: str) -> bool:
    """Whether a file of ours can have this name: it does not lead out of the root, for one."""
    return bool(NAME.fullmatch(name))


def checked(name: str) -> str:
    """The name. Raises FileNotFoundError when no file of ours can have it."""
    if not is_name(name):
        raise FileNotFoundError(name[:100])
    return name


def content_type(name: str) -> str:
    """As the ending says."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
