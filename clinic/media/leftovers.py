"""Files that no picture needs any more: taken away at once if the place answers, else when sweep_media() is called."""

import logging
from collections.abc import Iterable

from clinic.media.errors import StoreAway
from clinic.media.files import files
from clinic.media.models import folder_of

log = logging.getLogger(__name__)


def keep_only(key: str, version: int | None) -> None:
    """Take away the files of all other versions of a picture; without a version, all. What lies in a folder that begins
    with a dot is still being written."""
    try:
        names = [entry.name for entry in files().names(f"{key}/")]
    except StoreAway as error:
        log.warning("files are left", extra={"key": key, "error": str(error)})
        return
    discard(name for name in names if version is None or not _is_kept(name, folder_of(key, version)))


def discard(names: Iterable[str]) -> None:
    """Take files away. That the place does not answer is no reason to fail what is done already."""
    try:
        files().remove(names)
    except StoreAway as error:
        log.warning("files are left", extra={"error": str(error)})


def _is_kept(name: str, folder: str) -> bool:
    holder = name.rpartition("/")[0]
    return holder == folder or holder.rpartition("/")[2].startswith(".")
