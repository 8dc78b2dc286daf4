"""Image."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, UtcDateTime


class Image(Base):
    """One uploaded picture. Its files lie in MEDIA_ROOT/<key>/: the cleaned original and the renditions."""

    __tablename__ = "image"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    filename: Mapped[str]
    width: Mapped[int]  # pixels, after rotation
    height: Mapped[int]
    rendition_widths: Mapped[str]  # pixels, ascending, "480,800"
    alt: Mapped[str]
    credit: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    @property
    def widths(self) -> list[int]:
        """Widths of the renditions in pixels, ascending."""
        return [int(width) for width in self.rendition_widths.split(",")]

    def url(self, width: int, extension: str) -> str:
        """The address of one rendition; `extension` is webp or jpg."""
        return f"/media/{self.key}/{width}.{extension}"

    def srcset(self, extension: str) -> str:
        """Every rendition of one format, as the srcset attribute lists them."""
        return ", ".join(f"{self.url(width, extension)} {width}w" for width in self.widths)

    def __str__(self) -> str:
        return f"{self.alt or self.filename} ({self.width}×{self.height})"
