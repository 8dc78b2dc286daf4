"""Every write about pictures."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.text import clean_line
from clinic.media.errors import ImageInUse, ImageReplaced
from clinic.media.files import files
from clinic.media.leftovers import discard, keep_only
from clinic.media.models import Image, folder_of
from clinic.media.renditions import original_file, read_upload, rendition_files

LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Description:
    """What is said about a picture. `focus_x` and `focus_y` are percent from the left and the top."""

    alt: str
    credit: str
    is_decorative: bool = False
    source_url: str = ""
    licence: str = ""
    focus_x: int = 50
    focus_y: int = 50

    def cleaned(self) -> dict[str, Any]:
        """As columns of a picture, its words as they are kept."""
        return {name: clean_line(value) if isinstance(value, str) else value for name, value in vars(self).items()}


def add_image(data: bytes, *, filename: str, said: Description, by: audit.Actor | None = None) -> Image:
    """Keep an upload: its file first, then its row, so that no row points to a missing file. Raises NotAPicture.

    The renditions are made by a worker.
    """
    upright = read_upload(data)
    key = secrets.token_hex(8)
    original = f"{key}/original.{upright.extension}"
    try:
        files().write(original, original_file(upright))
        with atomic():
            image = Image(
                key=key,
                filename=clean_line(filename)[-120:],
                extension=upright.extension,
                width=upright.pixels.width,
                height=upright.pixels.height,
                colour=upright.colour,
                uploaded_at=clock.now(),
                **said.cleaned(),
            )
            db.session.add(image)
            db.session.flush()
            audit.record("uploaded", image, by=by)
    except BaseException:
        discard([original])
        raise
    return image


@atomic()
def describe_image(image: Image, said: Description, *, by: audit.Actor | None = None) -> Image:
    """Change what is said about a picture."""
    for name, value in said.cleaned().items():
        setattr(image, name, value)
    audit.record("described", image, by=by)
    return image


def replace_image(image: Image, data: bytes, *, filename: str, by: audit.Actor | None = None) -> Image:
    """Put another file in the place of a picture's, which stays until the new one is whole. What is said about the
    picture stays too. Raises NotAPicture, and ImageReplaced when somebody else was quicker.

    The renditions are made by a worker.
    """
    upright = read_upload(data)
    id_, key, version = image.id, image.key, image.version
    # Written apart, because a bucket takes its time and the row is locked only for the move.
    coming = f"{key}/.{secrets.token_hex(4)}/original.{upright.extension}"
    place = folder_of(key, version + 1)
    try:
        files().write(coming, original_file(upright))
        with atomic():
            replaced = db.session.execute(
                sa.update(Image)
                .where(Image.id == id_, Image.version == version)
                .values(
                    version=version + 1,
                    filename=clean_line(filename)[-120:],
                    extension=upright.extension,
                    width=upright.pixels.width,
                    height=upright.pixels.height,
                    colour=upright.colour,
                    rendition_widths="",
                    rendered_at=None,
                    claimed_until=None,
                )
                .returning(Image.id)
                .execution_options(synchronize_session=False)
            ).first()
            if replaced is None:
                raise ImageReplaced
            audit.record("replaced", f"image:{id_}", by=by, detail=clean_line(filename)[-120:])
            # Nobody else can be here: the row is locked. What lies there was left by an attempt that did not commit.
            files().remove([entry.name for entry in files().names(f"{place}/")])
            files().move(coming, f"{place}/original.{upright.extension}")
    except BaseException:
        discard([coming])
        raise
    keep_only(key, version + 1)
    db.session.refresh(image)
    return image


def delete_image(image: Image, *, by: audit.Actor | None = None) -> None:
    """Remove a picture and its files. Raises ImageInUse while an article shows it."""
    key = image.key
    try:
        with atomic():
            audit.record("deleted", image, by=by, detail=image.filename)
            db.session.execute(sa.delete(Image).where(Image.id == image.id))
    except IntegrityError:
        raise ImageInUse from None
    keep_only(key, None)


def render_next() -> bool:
    """Make the renditions of one picture that has none yet, outside any transaction. Returns whether there was one.

    Several workers share the work: each claims a picture for a while. One that dies, or that cannot reach or write the
    files, leaves the picture to be tried again when its claim is over.
    """
    claim = _claim()
    if claim is None:
        return False
    try:
        widths = _render(f"{folder_of(claim.key, claim.version)}/", f"original.{claim.extension}")
        _note_renditions(claim.id, claim.version, widths)
    except OSError:
        if _version(claim.id) == claim.version:
            raise
    present = _version(claim.id)
    if present != claim.version:  # replaced or deleted meanwhile: what was just made is of the old file
        keep_only(claim.key, present)
    return True


def _render(folder: str, original: str) -> list[int]:
    """Returns the widths, in pixels, ascending."""
    data = files().read(folder + original)
    widths = set()
    for name, rendition in rendition_files(data):
        files().write(folder + name, rendition)
        widths.add(int(name.partition(".")[0]))
    return sorted(widths)


def _version(image_id: int) -> int | None:
    """As it is now, outside of what this session has read; None when the picture is gone."""
    db.session.rollback()
    return db.session.scalar(sa.select(Image.version).where(Image.id == image_id))


@atomic()
def _claim() -> sa.Row[tuple[int, str, int, str]] | None:
    now = clock.now()
    waiting = sa.and_(Image.rendered_at.is_(None), sa.or_(Image.claimed_until.is_(None), Image.claimed_until < now))
    first = db.session.scalar(sa.select(Image.id).where(waiting).order_by(Image.id).limit(1))
    if first is None:  # an UPDATE of no row would still say that something has changed for readers
        return None
    return db.session.execute(
        sa.update(Image)
        .where(Image.id == first, waiting)
        .values(claimed_until=now + LEASE)
        .returning(Image.id, Image.key, Image.version, Image.extension)
        .execution_options(synchronize_session=False)
    ).first()


@atomic()
def _note_renditions(image_id: int, version: int, widths: list[int]) -> None:
    """Unless the file was replaced meanwhile: then that one's renditions are still to be made."""
    db.session.execute(
        sa.update(Image)
        .where(Image.id == image_id, Image.version == version)
        .values(rendition_widths=",".join(map(str, widths)), rendered_at=clock.now(), claimed_until=None)
        .execution_options(synchronize_session=False)
    )
