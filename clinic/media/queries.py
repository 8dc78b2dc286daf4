"""Reads about images."""

from collections.abc import Iterable

import sqlalchemy as sa

from clinic.core.bounded import Found, first_found, latest_with
from clinic.core.db import db
from clinic.media.models import Image, folder_of


def images_by_id(ids: Iterable[int]) -> dict[int, Image]:
    """Return the images with these ids by id; missing ones are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {image.id: image for image in db.session.scalars(sa.select(Image).where(Image.id.in_(wanted)))}


def newest_images(most: int = 300) -> list[Image]:
    """Return the newest images, for an editor to choose from."""
    return list(db.session.scalars(sa.select(Image).order_by(Image.uploaded_at.desc(), Image.id.desc()).limit(most)))


def _images_about(text: str) -> sa.Select[tuple[int]]:
    return latest_with(text, Image.id, Image.alt, Image.credit, Image.filename)


def find_images(text: str, most: int) -> Found[Image]:
    """Return images whose alt text, credit or file name matches, newest first."""
    wanted = sa.select(Image).where(Image.id.in_(_images_about(text)))
    return first_found(wanted.order_by(Image.uploaded_at.desc(), Image.id.desc()), most)


def images_with(words: str, page: int, size: int) -> list[Image]:
    """Return one page of the images whose alt text, credit or file name has all the words, newest first. One extra
    image shows that there is a next page."""
    found = sa.select(Image)
    if words.split():
        found = found.where(Image.id.in_(_images_about(words)))
    newest = found.order_by(Image.uploaded_at.desc(), Image.id.desc())
    return list(db.session.scalars(newest.offset((page - 1) * size).limit(size + 1)))


def image_with_key(key: str) -> Image | None:
    """Return the image with this storage key, or None."""
    return db.session.scalar(sa.select(Image).where(Image.key == key))


def folders_by_key() -> dict[str, str]:
    """Return the folder of the current files of every image, by key. It must be complete, because other files may be
    deleted."""
    return {key: folder_of(key, version) for key, version in db.session.execute(sa.select(Image.key, Image.version))}
