"""Image."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import content_version
from clinic.core.db import Base, UtcDateTime

MOST_TRIES = 5  # to make the renditions of one file

# Also of a draft: its preview remembers what it has rendered while the content version stays.
IN_USE = (
    "EXISTS (SELECT 1 FROM article WHERE image_id = {row}.id)"
    " OR EXISTS (SELECT 1 FROM article_image WHERE image_id = {row}.id)"
    " OR EXISTS (SELECT 1 FROM author WHERE image_id = {row}.id)"
)


@content_version.shown(when=IN_USE, but=("claimed_until", "render_tries", "render_error"))
class Image(Base):
    """One uploaded picture. Its files lie in <folder>/ of MEDIA_ROOT or MEDIA_URL: the cleaned original and, once a
    worker has made them, the renditions; until then pages show the original.

    `version` counts the files that this picture has had. Each has a folder of its own, so that a worker who is late
    never writes an old picture among the new ones, and addresses name it, because browsers keep them for ever.
    `focus_x` and `focus_y` say what must stay in sight when a page cuts it: percent from the left and the top.
    """

    __tablename__ = "image"
    __table_args__ = (sa.Index("ix_image_uploaded_at_id", "uploaded_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    filename: Mapped[str] = mapped_column(index=True)
    extension: Mapped[str]  # of the original: jpg, png or webp
    version: Mapped[int] = mapped_column(default=1)
    width: Mapped[int]  # pixels, after rotation
    height: Mapped[int]
    colour: Mapped[str]  # the mean of all pixels, "#a83f26"
    rendition_widths: Mapped[str] = mapped_column(default="")  # pixels, ascending, "480,800"
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    # By the worker that makes the renditions; after a failed try until the next one.
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    render_tries: Mapped[int] = mapped_column(default=0)
    render_error: Mapped[str] = mapped_column(default="")  # why the last try failed
    alt: Mapped[str] = mapped_column(index=True)
    is_decorative: Mapped[bool] = mapped_column(default=False)
    credit: Mapped[str] = mapped_column(index=True)
    source_url: Mapped[str] = mapped_column(default="")
    licence: Mapped[str] = mapped_column(default="")
    focus_x: Mapped[int] = mapped_column(default=50)
    focus_y: Mapped[int] = mapped_column(default=50)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_given_up(self) -> bool:
        """Whether the worker tries no more to make the renditions, until somebody asks it to."""
        return self.rendered_at is None and self.render_tries >= MOST_TRIES and self.claimed_until is None

    @property
    def folder(self) -> str:
        """Where the present files lie."""
        return folder_of(self.key, self.version)

    @property
    def widths(self) -> list[int]:
        """Widths of the renditions in pixels, ascending; none until they are made."""
        return [int(width) for width in self.rendition_widths.split(",") if width]

    @property
    def formats(self) -> list[str]:
        """The file extensions of the renditions, smallest files first; none until they are made."""
        if not self.widths:
            return []
        return ["avif", "webp", "jpg"] if self.rendered_at else ["webp", "jpg"]

    @property
    def alt_text(self) -> str:
        """What is read out; nothing for a picture that was declared decorative."""
        return "" if self.is_decorative else self.alt

    @property
    def focus_class(self) -> str:
        """The classes that keep the focal point in sight (css/base/picture.css); none for the middle."""
        classes = [f"focus-x-{self.focus_x}"] if self.focus_x != 50 else []
        return " ".join([*classes, f"focus-y-{self.focus_y}"] if self.focus_y != 50 else classes)

    def file(self, most_width: int = 1600) -> str:
        """The name of one file that every browser shows: the widest JPEG up to a width, or the original."""
        fitting = [width for width in self.widths if width <= most_width] or self.widths[:1]
        return f"{fitting[-1]}.jpg" if fitting else f"original.{self.extension}"

    def url(self, most_width: int = 1600) -> str:
        """The address of that file."""
        return self._address(self.file(most_width))

    def srcset(self, extension: str) -> str:
        """Every rendition of one format, as the srcset attribute lists them."""
        return ", ".join(f"{self._address(f'{width}.{extension}')} {width}w" for width in self.widths)

    def _address(self, name: str) -> str:
        return f"/media/{self.key}/{name}" + (f"?v={self.version}" if self.version > 1 else "")

    def __str__(self) -> str:
        return f"{self.alt or self.filename} ({self.width}×{self.height})"


def folder_of(key: str, version: int) -> str:
    """Where the files of one version of a picture lie, below the root of all (files.py)."""
    return key if version == 1 else f"{key}/v{version}"
