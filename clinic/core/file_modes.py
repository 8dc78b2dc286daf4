"""Who on the machine may read what the site writes: its own user, and for style sheets and pictures nginx as well.

Everything else in the instance folder is 0600 or 0700 from its first byte, whatever the umask of whoever started us. An
instance folder of exactly 0710 stays so: then nginx, in the folder's group, gets through to assets/ and media/.
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
    """From now on this process makes files that nobody else may read."""
    os.umask(PRIVATE_UMASK)


def make_private(instance: Path, public: set[Path], database_url: str) -> None:
    """Make the instance folder, and close what earlier releases left open in it, but for the `public` folders."""
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
    """Make a folder, and what is missing above it, that nginx may read."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(0o755)


def make_readable(path: Path) -> None:
    """Let nginx read a file."""
    path.chmod(0o644)


def is_open_to_others(path: Path) -> bool:
    """Whether anybody but the owner has a right to a file or folder."""
    return bool(stat.S_IMODE(path.lstat().st_mode) & PRIVATE_UMASK)


def _close(path: Path) -> None:
    """Close a file, or all of a folder. The folder itself comes last: a closed one needs no look inside."""
    if path.is_symlink():
        return
    if path.is_dir() and is_open_to_others(path):
        for inner in path.iterdir():
            _close(inner)
    _close_one(path)


def _close_one(path: Path) -> None:
    # What belongs to another user stays theirs; what another process has just removed is closed enough.
    with suppress(FileNotFoundError, PermissionError):
        if is_open_to_others(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)
