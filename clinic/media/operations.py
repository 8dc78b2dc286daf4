"""Every write about pictures."""

import secrets
import shutil

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.settings import settings
from clinic.media.errors import ImageInUse
from clinic.media.models import Image
from clinic.media.renditions import read_upload, write_files


def add_image(data: bytes, *, filename: str, alt: str, credit: str, by: audit.Actor | None = None) -> Image:
    """Keep an upload: its files first, then its row, so that no row points to a missing file. Raises NotAPicture."""
    upright = read_upload(data)
    key = secrets.token_hex(8)
    folder = settings().media_root / key
    try:
        widths = write_files(upright, folder)
        with atomic():
            image = Image(
                key=key,
                filename=filename[-120:],
                width=upright.pixels.width,
                height=upright.pixels.height,
                rendition_widths=",".join(map(str, widths)),
                alt=alt,
                credit=credit,
                uploaded_at=clock.now(),
            )
            db.session.add(image)
            db.session.flush()
            audit.record("uploaded", image, by=by)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return image


@atomic()
def describe_image(image: Image, *, alt: str, credit: str, by: audit.Actor | None = None) -> Image:
    """Change what is said about a picture."""
    image.alt = alt
    image.credit = credit
    audit.record("described", image, by=by)
    return image


def delete_image(image: Image, *, by: audit.Actor | None = None) -> None:
    """Remove a picture and its files. Raises ImageInUse while an article shows it."""
    folder = settings().media_root / image.key
    try:
        with atomic():
            audit.record("deleted", image, by=by, detail=image.filename)
            db.session.execute(sa.delete(Image).where(Image.id == image.id))
    except IntegrityError:
        raise ImageInUse from None
    shutil.rmtree(folder, ignore_errors=True)
