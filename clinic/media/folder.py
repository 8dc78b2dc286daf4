"""Storage of image files in a local folder."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from clinic.core.file_modes import make_readable, make_readable_folder
from clinic.media.errors import StoreAway
from clinic.media.places import Entry, Opened, checked, is_name


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
