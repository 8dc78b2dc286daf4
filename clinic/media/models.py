"""The image model."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import content_version
from clinic.core.db import Base, UtcDateTime

MOST_TRIES = 5  # to make the renditions of one file

# Drafts count too: their previews are cached for the current content version.
IN_USE = (
    "EXISTS (SELECT 1 FROM article WHERE image_id = {row}.id)"
    " OR EXISTS (SELECT 1 FROM article_image WHERE image_id = {row}.id)"
    " OR EXISTS (SELECT 1 FROM author WHERE image_id = {row}.id)"
)


@content_version.shown(when=IN_USE, but=("claimed_until", "render_tries", "render_error"))
class Image(Base):
    """One uploaded image. Its files lie in <folder>/ of MEDIA_ROOT or MEDIA_URL: the cleaned original, and the
    renditions once a worker has made them. Until then pages show the original.

    `version` counts the files that this image has had. Each version has its own folder, so a slow worker cannot mix old
    renditions with new ones. URLs contain the version, because browsers cache them for ever. `focus_x` and `focus_y`
    are the focal point for cropping, in percent from the left and the top.
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
    colour: Mapped[str]  # mean of all pixels, "#a83f26"
    rendition_widths: Mapped[str] = mapped_column(default="")  # pixels, ascending, "480,800"
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    # End of the worker's lease; after a failed try, the time of the next one.
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    render_tries: Mapped[int] = mapped_column(default=0)
    render_error: Mapped[str] = mapped_column(default="")  # reason why the last try failed
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
        """True if the worker has stopped retrying the renditions, until staff ask for another try."""
        return self.rendered_at is None and self.render_tries >= MOST_TRIES and self.claimed_until is None

    @property
    def folder(self) -> str:
        """The folder of the current files."""
        return folder_of(self.key, self.version)

    @property
    def widths(self) -> list[int]:
        """The widths of the renditions in pixels, ascending; empty until they are made."""
        return [int(width) for width in self.rendition_widths.split(",") if width]

    @property
    def formats(self) -> list[str]:
        """The file extensions of the renditions, smallest files first; empty until they are made."""
        if not self.widths:
            return []
        return ["avif", "webp", "jpg"] if self.rendered_at else ["webp", "jpg"]

    @property
    def alt_text(self) -> str:
        """The alt text; "" if the image is decorative."""
        return "" if self.is_decorative else self.alt

    @property
    def focus_class(self) -> str:
        """CSS classes that set the focal point (css/base/picture.css); "" for the centre."""
        classes = [f"focus-x-{self.focus_x}"] if self.focus_x != 50 else []
        return " ".join([*classes, f"focus-y-{self.focus_y}"] if self.focus_y != 50 else classes)

    def file(self, most_width: int = 1600) -> str:
        """Return the name of a file that every browser shows: the widest JPEG up to `most_width` pixels, or the
        original."""
        fitting = [width for width in self.widths if width <= most_width] or self.widths[:1]
        return f"{fitting[-1]}.jpg" if fitting else f"original.{self.extension}"

    def url(self, most_width: int = 1600) -> str:
        """Return the address of that file."""
        return self._address(self.file(most_width))

    def srcset(self, extension: str) -> str:
        """Return the srcset value with all renditions of one format."""
        return ", ".join(f"{self._address(f'{width}.{extension}')} {width}w" for width in self.widths)

    def _address(self, name: str) -> str:
        return f"/media/{self.key}/{name}" + (f"?v={self.version}" if self.version > 1 else "")

    def __str__(self) -> str:
        return f"{self.alt or self.filename} ({self.width}×{self.height})"


def folder_of(key: str, version: int) -> str:
    """Return the folder of one version of an image, below the root (files.py)."""
    return key if version == 1 else f"{key}/v{version}"
