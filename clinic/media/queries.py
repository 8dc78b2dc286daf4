"""Every read about pictures."""

from collections.abc import Iterable

import sqlalchemy as sa

from clinic.core.bounded import Found, first_found, latest_with
from clinic.core.db import db
from clinic.media.models import Image, folder_of


def images_by_id(ids: Iterable[int]) -> dict[int, Image]:
    """The pictures with these ids; those that are gone are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {image.id: image for image in db.session.scalars(sa.select(Image).where(Image.id.in_(wanted)))}


def newest_images(most: int = 300) -> list[Image]:
    """The pictures an editor may choose from."""
    return list(db.session.scalars(sa.select(Image).order_by(Image.uploaded_at.desc(), Image.id.desc()).limit(most)))


def _images_about(text: str) -> sa.Select[tuple[int]]:
    return latest_with(text, Image.id, Image.alt, Image.credit, Image.filename)


def find_images(text: str, most: int) -> Found[Image]:
    """Pictures by alt text, credit and file name, newest first."""
    wanted = sa.select(Image).where(Image.id.in_(_images_about(text)))
    return first_found(wanted.order_by(Image.uploaded_at.desc(), Image.id.desc()), most)


def images_with(words: str, page: int, size: int) -> list[Image]:
    """The pictures whose alt text, credit or file name has all these words, the newest first: one page of them, and
    one more if there is a next page."""
    found = sa.select(Image)
    if words.split():
        found = found.where(Image.id.in_(_images_about(words)))
    newest = found.order_by(Image.uploaded_at.desc(), Image.id.desc())
    return list(db.session.scalars(newest.offset((page - 1) * size).limit(size + 1)))


def image_with_key(key: str) -> Image | None:
    """The picture whose files lie under this key."""
    return db.session.scalar(sa.select(Image).where(Image.key == key))


def folders_by_key() -> dict[str, str]:
    """Where the present files of each picture lie. All of them: what is not named here may be taken away."""
    return {key: folder_of(key, version) for key, version in db.session.execute(sa.select(Image.key, Image.version))}
