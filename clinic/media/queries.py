"""Every read about pictures."""

from collections.abc import Iterable

import sqlalchemy as sa

from clinic.core.db import db
from clinic.media.models import Image


def images_by_id(ids: Iterable[int]) -> dict[int, Image]:
    """The pictures with these ids; those that are gone are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {image.id: image for image in db.session.scalars(sa.select(Image).where(Image.id.in_(wanted)))}


def newest_images(most: int = 300) -> list[Image]:
    """The pictures an editor may choose from."""
    return list(db.session.scalars(sa.select(Image).order_by(Image.uploaded_at.desc(), Image.id.desc()).limit(most)))
