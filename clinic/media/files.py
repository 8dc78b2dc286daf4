"""Storage of image files: a local folder, or a bucket shared by several machines (bucket.py)."""

import mimetypes
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from flask import current_app

from clinic.core.file_modes import make_readable, make_readable_folder
from clinic.core.settings import Settings, settings
from clinic.media.errors import StoreAway

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


def files() -> Files:
    """Return the storage of the running app. It is created on first use: a bucket's client must not be shared with
    forks, and costs memory that many commands need not spend."""
    found: Files | None = current_app.extensions.get("clinic.files")
    if found is None:
        found = current_app.extensions.setdefault("clinic.files", _place(settings()))
    return found


def _place(chosen: Settings) -> Files:
    if chosen.media_bucket is None:
        return Folder(chosen.media_root)
    from clinic.media.bucket import Bucket  # imports 26 MB, only for installations with a bucket

    return Bucket(chosen.media_bucket)


def check_files() -> None:
    """Write, read, list and delete a test file. Raises StoreRefuses or StoreAway."""
    name = f".check-{secrets.token_hex(4)}"
    place = files()
    place.write(name, b"")
    try:
        place.open(name).stream.close()
        list(place.names(name))
    finally:
        place.remove([name])


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


class Folder:
    """Files in a local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, data: bytes) -> None:
        """Store a file: written under a temporary name, then renamed."""
        path = self._path(name)
        part = path.with_name(f".{secrets.token_hex(4)}.part")
        with _in_plain_words():
            try:
                make_readable_folder(path.parent)
                part.write_bytes(data)
                make_readable(part)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                self._prune(path.parent)
                raise

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with _in_plain_words():
            return self._path(name).read_bytes()

    def open(self, name: str) -> Opened:
        """Open a file as a stream."""
        path = self._path(name)
        with _in_plain_words():
            if not path.is_file():
                raise FileNotFoundError(name)
            about = path.stat()
            return Opened(
                stream=path.open("rb"),
                size=about.st_size,
                etag=f"{about.st_mtime_ns:x}-{about.st_size:x}",
                modified=datetime.fromtimestamp(about.st_mtime, UTC),
            )

    def names(self, start: str) -> Iterator[Entry]:
        """Yield the files whose names start with `start`, sorted by name."""
        for path in sorted((self.root / start.rpartition("/")[0]).rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if name.startswith(start) and is_name(name) and path.is_file():
                about = path.stat()
                yield Entry(name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def move(self, name: str, to: str) -> None:
        """Rename a file."""
        path, place = self._path(name), self._path(to)
        with _in_plain_words():
            make_readable_folder(place.parent)
            path.replace(place)
            self._prune(path.parent)

    def remove(self, names: Iterable[str]) -> None:
        """Delete files, and folders that become empty."""
        with _in_plain_words():
            for name in names:
                path = self._path(name)
                path.unlink(missing_ok=True)
                self._prune(path.parent)

    def _path(self, name: str) -> Path:
        return self.root / checked(name)

    def _prune(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:  # not empty, or already gone
                return
            folder = folder.parent


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreAway(error.strerror or type(error).__name__) from error
