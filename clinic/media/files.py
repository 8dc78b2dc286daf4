"""Storage of image files: a local folder, or a bucket shared by several machines (bucket.py)."""

import secrets

from flask import current_app

from clinic.core.settings import Settings, settings
from clinic.media.folder import Folder
from clinic.media.places import Files


def files() -> Files:
    """Return the storage of the running app. It is created on first use: a bucket's client must not be shared with
    forks, and costs memory that many commands need not spend."""
    found: Files | None = current_app.extensions.get("clinic.files")
    if found is None:
        found = current_app.extensions.setdefault("clinic.files", _store(settings()))
    return found


def _store(chosen: Settings) -> Files:
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
