"""File permissions: only the site's own user may read the files that it writes. nginx may read assets and media too.

Everything else in the instance folder is 0600 or 0700 from its first byte, whatever umask the process was started with.
An instance folder of exactly 0710 stays so: nginx, in the folder's group, can then reach assets/ and media/.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from clinic.core.settings import database

PRIVATE_UMASK = 0o077
OPEN_TO_NGINX = 0o710
OF_SQLITE = ("", "-wal", "-shm", "-journal", "-turns")


def write_privately() -> None:
    """Set the umask of this process, so that nobody else may read the files it creates."""
    os.umask(PRIVATE_UMASK)


def make_private(instance: Path, public: set[Path], database_url: str) -> None:
    """Create the instance folder, and close files in it that earlier releases left readable. Skips the `public`
    folders."""
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in instance.iterdir():
        if path not in public:
            _close(path)
    if stat.S_IMODE(instance.stat().st_mode) != OPEN_TO_NGINX:
        _close_one(instance)
    if database_url.startswith("sqlite"):
        file = database(database_url)[0].database or ""
        for ending in OF_SQLITE:
            _close_one(Path(f"{file}{ending}"))


def make_readable_folder(folder: Path) -> None:
    """Create a folder and its missing parents, readable by nginx."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(0o755)


def make_readable(path: Path) -> None:
    """Make a file readable by nginx."""
    path.chmod(0o644)


def is_open_to_others(path: Path) -> bool:
    """Return whether anybody but the owner has a permission on a file or folder."""
    return bool(stat.S_IMODE(path.lstat().st_mode) & PRIVATE_UMASK)


def _close(path: Path) -> None:
    """Remove the permissions of others from a file, or from a folder and its contents. The folder itself comes last,
    because a closed folder is not looked into again."""
    if path.is_symlink():
        return
    if path.is_dir() and is_open_to_others(path):
        for inner in path.iterdir():
            _close(inner)
    _close_one(path)


def _close_one(path: Path) -> None:
    # A file of another user stays as it is. One that another process has just deleted needs no change.
    with suppress(FileNotFoundError, PermissionError):
        if is_open_to_others(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)
