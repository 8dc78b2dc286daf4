"""Files that no picture needs any more: taken away at once where the place answers, and else by `sweep-media`."""

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
UNDER_WAY = timedelta(days=1)  # what is younger may belong to an upload that goes on
OWN = re.compile(r"[0-9a-f]{16}")  # a key that add_image() makes; what else lies there is not ours


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


def leftovers() -> Iterator[str]:
    """The files that belong to no picture, or to one that was replaced, and are no longer being written.

    A person calls for their removal, not the clock: beside a database that is empty or old all pictures look like
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
