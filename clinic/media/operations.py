"""Writes about images."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.core.jobs import facts_of, reason_of
from clinic.core.text import clean_line
from clinic.media.errors import ImageInUse, ImageReplaced, StoreAway
from clinic.media.files import files
from clinic.media.leftovers import discard, keep_only
from clinic.media.models import MOST_TRIES, Image, folder_of
from clinic.media.renditions import original_file, read_upload, rendition_files

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(seconds=15)  # grows fourfold after each failed try: 1 minute, 4, 16, 64
KILLED = "The worker stopped each time while it was making the sizes. The server may have too little memory."


@dataclass(frozen=True)
class Description:
    """The description of an image. `focus_x` and `focus_y` are percent from the left and the top."""

    alt: str
    credit: str
    is_decorative: bool = False
    source_url: str = ""
    licence: str = ""
    focus_x: int = 50
    focus_y: int = 50

    def cleaned(self) -> dict[str, Any]:
        """Return the values of the image's columns, with cleaned texts."""
        return {name: clean_line(value) if isinstance(value, str) else value for name, value in vars(self).items()}


def add_image(
    data: bytes,
    *,
    filename: str,
    said: Description,
    also: Callable[[Image], None] = lambda image: None,
    by: audit.Actor | None = None,
) -> Image:
    """Store an upload: the file first, then the row, so that no row lacks its file. Raises NotAPicture.

    A worker makes the renditions. `also` runs in the transaction of the row; an exception in it undoes the upload.
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
            also(image)
            audit.record("uploaded", image, by=by)
    except BaseException:
        discard([original])
        raise
    return image


@atomic()
def describe_image(image: Image, said: Description, *, by: audit.Actor | None = None) -> Image:
    """Change the description of an image."""
    for name, value in said.cleaned().items():
        setattr(image, name, value)
    audit.record("described", image, by=by)
    return image


def replace_image(image: Image, data: bytes, *, filename: str, by: audit.Actor | None = None) -> Image:
    """Replace the file of an image. The old file stays until the new one is complete; the description is kept. Raises
    NotAPicture, or ImageReplaced if another request was faster.

    A worker makes the renditions.
    """
    upright = read_upload(data)
    id_, key, version = image.id, image.key, image.version
    # Written to a temporary folder first, because a bucket is slow: the row is locked only during the move.
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
                    render_tries=0,
                    render_error="",
                )
                .returning(Image.id)
                .execution_options(synchronize_session=False)
            ).first()
            if replaced is None:
                raise ImageReplaced
            audit.record("replaced", f"image:{id_}", by=by, detail=clean_line(filename)[-120:])
            # The row is locked, so files there were left by an attempt that did not commit.
            files().remove([entry.name for entry in files().names(f"{place}/")])
            files().move(coming, f"{place}/original.{upright.extension}")
    except BaseException:
        discard([coming])
        raise
    keep_only(key, version + 1)
    db.session.refresh(image)
    return image


def delete_image(image: Image, *, by: audit.Actor | None = None) -> None:
    """Delete an image and its files. Raises ImageInUse while an article shows it."""
    key = image.key
    try:
        with atomic():
            audit.record("deleted", image, by=by, detail=image.filename)
            db.session.execute(sa.delete(Image).where(Image.id == image.id))
    except IntegrityError:
        raise ImageInUse from None
    keep_only(key, None)


def render_next() -> bool:
    """Make the renditions of one image that lacks them, outside any transaction. Returns whether there was one.

    Workers lease images, so that several can share the work. If a worker dies or the storage is down, the image is
    retried after the lease. Any other error is recorded in the image's row. Its retries come with growing delay, and
    after MOST_TRIES only when staff ask for one.
    """
    claim = _claim()
    if claim is None:
        return False
    try:
        widths = _render(f"{folder_of(claim.key, claim.version)}/", f"original.{claim.extension}")
        _note_renditions(claim.id, claim.version, widths)
    except SQLAlchemyError:
        raise
    except StoreAway as error:  # not the fault of the image, so the try does not count
        _note_failure(claim, error, tries=claim.render_tries - 1, until=clock.now() + LEASE)
        if _version(claim.id) == claim.version:
            raise
    except BaseException as error:
        _note_failure(claim, error, tries=claim.render_tries, until=clock.now() + FIRST_WAIT * 4**claim.render_tries)
        log.error("picture could not be rendered", extra={"image": claim.id} | facts_of(error))
        if not isinstance(error, Exception):
            raise
    present = _version(claim.id)
    if present != claim.version:  # replaced or deleted meanwhile: the renditions are of the old file
        keep_only(claim.key, present)
    return True


@atomic()
def render_again(image: Image, *, by: audit.Actor | None = None) -> bool:
    """Retry the renditions at once, with all tries again. Returns False if the last try did not fail."""
    again = db.session.execute(
        sa.update(Image)
        .where(Image.id == image.id, Image.rendered_at.is_(None), Image.render_error != "")
        .values(render_tries=0, render_error="", claimed_until=None)
    )
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("tried again", image, by=by, detail=image.filename)
    return True


def _render(folder: str, original: str) -> list[int]:
    """Write all renditions. Returns their widths in pixels, ascending."""
    data = files().read(folder + original)
    widths = set()
    for name, rendition in rendition_files(data):
        files().write(folder + name, rendition)
        widths.add(int(name.partition(".")[0]))
    return sorted(widths)


def _version(image_id: int) -> int | None:
    """Return the current version of an image, read in a new transaction. None if the image was deleted."""
    db.session.rollback()
    return db.session.scalar(sa.select(Image.version).where(Image.id == image_id))


@atomic()
def _claim() -> sa.Row[tuple[int, str, int, str, int, datetime | None]] | None:
    """Lease the next image without renditions. The lease doubles with each try, so an image that kills its worker is
    tried less and less often."""
    now = clock.now()
    waiting = sa.and_(Image.rendered_at.is_(None), sa.or_(Image.claimed_until.is_(None), Image.claimed_until < now))
    first = db.session.execute(
        sa.select(Image.id, Image.render_tries)
        .where(waiting, sa.or_(Image.render_tries < MOST_TRIES, Image.claimed_until.is_not(None)))
        .order_by(Image.id)
        .limit(1)
    ).first()
    if first is None:
        return None
    wanted = sa.update(Image).where(Image.id == first.id, waiting).execution_options(synchronize_session=False)
    if first.render_tries >= MOST_TRIES:
        said = sa.case((Image.render_error == "", KILLED), else_=Image.render_error)
        db.session.execute(wanted.values(claimed_until=None, render_error=said))
        return None
    return db.session.execute(
        wanted.values(claimed_until=now + LEASE * 2**first.render_tries, render_tries=Image.render_tries + 1).returning(
            Image.id, Image.key, Image.version, Image.extension, Image.render_tries, Image.claimed_until
        )
    ).first()


@atomic()
def _note_failure(claim: sa.Row[Any], error: BaseException, *, tries: int, until: datetime) -> None:
    """Record a failed try, unless the file was replaced meanwhile or another worker has leased it."""
    db.session.execute(
        sa.update(Image)
        .where(Image.id == claim.id, Image.version == claim.version, Image.claimed_until == claim.claimed_until)
        .values(
            render_tries=tries,
            render_error=reason_of(error),
            claimed_until=None if tries >= MOST_TRIES else until,
        )
        .execution_options(synchronize_session=False)
    )


@atomic()
def _note_renditions(image_id: int, version: int, widths: list[int]) -> None:
    """Record finished renditions, unless the file was replaced meanwhile."""
    db.session.execute(
        sa.update(Image)
        .where(Image.id == image_id, Image.version == version)
        .values(
            rendition_widths=",".join(map(str, widths)), rendered_at=clock.now(), claimed_until=None, render_error=""
        )
        .execution_options(synchronize_session=False)
    )
