"""Where the files of pictures lie: a folder of this machine, or a bucket that many machines share (bucket.py)."""

import secrets

from flask import current_app

from clinic.core.settings import Settings, settings
from clinic.media.folder import Folder
from clinic.media.places import Files


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
