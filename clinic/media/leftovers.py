"""Deletion of files that no image needs: at once if the storage answers, otherwise by `sweep-media`."""

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from clinic.core import clock
from clinic.media.errors import StoreAway
from clinic.media.files import files
from clinic.media.models import folder_of
from clinic.media.queries import folders_by_key

log = logging.getLogger(__name__)
UNDER_WAY = timedelta(days=1)  # younger files may belong to an upload in progress
OWN = re.compile(r"[0-9a-f]{16}")  # a key made by add_image(); other files are not ours


def keep_only(key: str, version: int | None) -> None:
    """Delete the files of all other versions of an image, or of all versions if `version` is None. Folders that start
    with a dot are still being written."""
    try:
        names = [entry.name for entry in files().names(f"{key}/")]
    except StoreAway as error:
        log.warning("files were not deleted", extra={"key": key, "error": str(error)})
        return
    discard(name for name in names if version is None or not _is_kept(name, folder_of(key, version)))


def discard(names: Iterable[str]) -> None:
    """Delete files. If the storage does not answer, only log it, because the caller's work is done."""
    try:
        files().remove(names)
    except StoreAway as error:
        log.warning("files were not deleted", extra={"error": str(error)})


def _is_kept(name: str, folder: str) -> bool:
    holder = name.rpartition("/")[0]
    return holder == folder or holder.rpartition("/")[2].startswith(".")


def leftovers() -> Iterator[str]:
    """Yield the files that belong to no image or to a replaced version, and are no longer being written.

    Their deletion is started by a person and not by a job: next to an empty or outdated database, all files look like
    leftovers.
    """
    long_ago = clock.now() - UNDER_WAY
    kept = folders_by_key()
    for entry in files().names(""):
        folder, _, name = entry.name.rpartition("/")
        key = folder.partition("/")[0]
        is_kept = folder == kept.get(key) and not name.startswith(".")
        if OWN.fullmatch(key) and entry.modified < long_ago and not is_kept:
            yield entry.name
