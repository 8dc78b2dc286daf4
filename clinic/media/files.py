"""Where the files of pictures lie: a folder of this machine, or a bucket that many machines share (bucket.py)."""

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


def files() -> Files:
    """The files of the running app. Made when they are first asked for: a client of a bucket must not be forked, and
    costs memory that many commands need not spend."""
    found: Files | None = current_app.extensions.get("clinic.files")
    if found is None:
        found = current_app.extensions.setdefault("clinic.files", _place(settings()))
    return found


def _place(chosen: Settings) -> Files:
    if chosen.media_bucket is None:
        return Folder(chosen.media_root)
    from clinic.media.bucket import Bucket  # 26 MB, for those who have a bucket

    return Bucket(chosen.media_bucket)


def check_files() -> None:
    """Do once what the site will do all the time. Raises StoreRefuses or StoreAway."""
    name = f".check-{secrets.token_hex(4)}"
    place = files()
    place.write(name, b"")
    try:
        place.open(name).stream.close()
        list(place.names(name))
    finally:
        place.remove([name])


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


class Folder:
    """Files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, data: bytes) -> None:
        """The file appears under its name when it is whole."""
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
        """All of a file."""
        with _in_plain_words():
            return self._path(name).read_bytes()

    def open(self, name: str) -> Opened:
        """A file to be sent piece by piece."""
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
        """The files whose names begin so, in the order of their names."""
        for path in sorted((self.root / start.rpartition("/")[0]).rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if name.startswith(start) and is_name(name) and path.is_file():
                about = path.stat()
                yield Entry(name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def move(self, name: str, to: str) -> None:
        """Give a file another name."""
        path, place = self._path(name), self._path(to)
        with _in_plain_words():
            make_readable_folder(place.parent)
            path.replace(place)
            self._prune(path.parent)

    def remove(self, names: Iterable[str]) -> None:
        """Take files away, and the folders that are empty then."""
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
            except OSError:  # not empty, or gone
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
