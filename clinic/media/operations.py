"""Every write about pictures."""

import secrets
import shutil
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.settings import settings
from clinic.media.errors import ImageInUse, ImageReplaced
from clinic.media.models import Image, folder_of
from clinic.media.renditions import read_upload, write_original, write_renditions

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


def add_image(data: bytes, *, filename: str, said: Description, by: audit.Actor | None = None) -> Image:
    """Keep an upload: its file first, then its row, so that no row points to a missing file. Raises NotAPicture.

    The renditions are made by a worker.
    """
    upright = read_upload(data)
    key = secrets.token_hex(8)
    folder = settings().media_root / key
    try:
        write_original(upright, folder)
        with atomic():
            image = Image(
                key=key,
                filename=filename[-120:],
                extension=upright.extension,
                width=upright.pixels.width,
                height=upright.pixels.height,
                colour=upright.colour,
                uploaded_at=clock.now(),
                **vars(said),
            )
            db.session.add(image)
            db.session.flush()
            audit.record("uploaded", image, by=by)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return image


@atomic()
def describe_image(image: Image, said: Description, *, by: audit.Actor | None = None) -> Image:
    """Change what is said about a picture."""
    for name, value in vars(said).items():
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
    root = settings().media_root / key
    coming, place = root / f".{secrets.token_hex(4)}", settings().media_root / folder_of(key, version + 1)
    try:
        write_original(upright, coming)
        with atomic():
            replaced = db.session.execute(
                sa.update(Image)
                .where(Image.id == id_, Image.version == version)
                .values(
                    version=version + 1,
                    filename=filename[-120:],
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
            audit.record("replaced", f"image:{id_}", by=by, detail=filename[-120:])
            # Nobody else can be here: the row is locked. What lies there was left by an attempt that did not commit.
            shutil.rmtree(place, ignore_errors=True)
            coming.rename(place)
    except BaseException:
        shutil.rmtree(coming, ignore_errors=True)
        raise
    _keep_only(key, version + 1)
    db.session.refresh(image)
    return image


def _keep_only(key: str, version: int) -> None:
    """Take the files of all other versions away. What begins with a dot is still being written."""
    root = settings().media_root / key
    kept = settings().media_root / folder_of(key, version)
    for path in root.glob("[!.]*"):
        if path.is_dir() and path != kept:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and kept != root:
            path.unlink(missing_ok=True)


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


def render_next() -> bool:
    """Make the renditions of one picture that has none yet, outside any transaction. Returns whether there was one.

    Several workers share the work: each claims a picture for a while. One that dies, or whose disk is full, leaves the
    picture to be tried again when its claim is over.
    """
    claim = _claim()
    if claim is None:
        return False
    image_id, key, version = claim
    try:
        _note_renditions(image_id, version, write_renditions(settings().media_root / folder_of(key, version)))
    except OSError:
        if _version(image_id) == version:
            raise
    present = _version(image_id)
    if present is not None and present != version:  # replaced meanwhile: what was just made is of the old file
        _keep_only(key, present)
    return True


def _version(image_id: int) -> int | None:
    """As it is now, outside of what this session has read; None when the picture is gone."""
    db.session.rollback()
    return db.session.scalar(sa.select(Image.version).where(Image.id == image_id))


@atomic()
def _claim() -> tuple[int, str, int] | None:
    now = clock.now()
    waiting = sa.and_(Image.rendered_at.is_(None), sa.or_(Image.claimed_until.is_(None), Image.claimed_until < now))
    first = db.session.scalar(sa.select(Image.id).where(waiting).order_by(Image.id).limit(1))
    if first is None:  # an UPDATE of no row would still say that something has changed for readers
        return None
    claimed = db.session.execute(
        sa.update(Image)
        .where(Image.id == first, waiting)
        .values(claimed_until=now + LEASE)
        .returning(Image.id, Image.key, Image.version)
        .execution_options(synchronize_session=False)
    ).first()
    return (claimed.id, claimed.key, claimed.version) if claimed else None


@atomic()
def _note_renditions(image_id: int, version: int, widths: list[int]) -> None:
    """Unless the file was replaced meanwhile: then that one's renditions are still to be made."""
    db.session.execute(
        sa.update(Image)
        .where(Image.id == image_id, Image.version == version)
        .values(rendition_widths=",".join(map(str, widths)), rendered_at=clock.now(), claimed_until=None)
        .execution_options(synchronize_session=False)
    )
