"""Names of stored files, and the interface of both storages."""

import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

# Names are paths below the root: "3f2a…/v2/480.jpg". Files whose name starts with a dot are not served.
NAME = re.compile(r"(?:\.?[a-z0-9_][a-z0-9._-]{0,99}(?:/(?!$)|$)){1,4}", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """A file opened for sending. The receiver closes the stream."""

    stream: BinaryIO
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Entry:
    """A file in a listing."""

    name: str
    size: int
    modified: datetime


class Files(Protocol):
    """Interface of both storages. All methods except names() raise FileNotFoundError for a missing file or an invalid
    name, and StoreAway if the storage does not answer or is full."""

    def write(self, name: str, data: bytes) -> None:
        """Store a file atomically, replacing an older one."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

    def open(self, name: str) -> Opened:
        """Open a file as a stream."""

    def names(self, start: str) -> Iterator[Entry]:
        """Yield the files whose names start with `start`, sorted by name."""

    def move(self, name: str, to: str) -> None:
        """Rename a file, replacing an older one."""

    def remove(self, names: Iterable[str]) -> None:
        """Delete files. A missing file is no error."""


def is_name(name: str) -> bool:
    """Return whether a name is valid. A valid name cannot leave the root."""
    return bool(NAME.fullmatch(name))


def checked(name: str) -> str:
    """Return the name. Raises FileNotFoundError if it is invalid."""
    if not is_name(name):
        raise FileNotFoundError(name[:100])
    return name


def content_type(name: str) -> str:
    """Return the content type for a file extension."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
