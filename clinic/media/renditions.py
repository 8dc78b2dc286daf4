"""Converts an upload into the served files: rotated, without metadata, in the widths that pages request."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from clinic.core.jobs import facts_of
from clinic.media.errors import NotAnImage
from clinic.media.formats import is_heif, is_one_of_ours, named, pillow_formats

log = logging.getLogger(__name__)

WIDTHS = (480, 800, 1200, 1600)  # pixels
MOST_PIXELS = 50_000_000
MOST_BYTES = 20 * 1024 * 1024
# The format in which each kind of upload is kept. Other kinds become JPEG: MPO (two pictures in one file), HEIF, AVIF.
KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
# Limits of each side, in pixels. WebP: 14 bits (RFC 9649 § 2.5); JPEG: libjpeg; AVIF: the default of libavif.
MOST_OF_A_SIDE = {"avif": 32_768, "webp": 16_383, "jpg": 65_500}
MOST_HEIGHT = min(MOST_OF_A_SIDE.values())
FORMATS = {extension: kind for kind, extension in KINDS.items()}
DAMAGED = "The picture is damaged and cannot be read. Save it again and upload it once more."
TOO_MANY_PIXELS = "The picture has more than 50 million pixels. Choose a smaller one."
# Errors that Pillow raises for truncated or malicious files. Any other error is a bug of ours.
OF_DAMAGED_FILES = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, RuntimeError),
    *(struct.error, zlib.error),
)
SAVE: dict[str, dict[str, Any]] = {
    # A slower AVIF encoder takes four times as long for 5 % smaller files.
    "avif": {"format": "AVIF", "quality": 60, "speed": 8},
    "webp": {"format": "WEBP", "quality": 80, "method": 4},
    "jpg": {"format": "JPEG", "quality": 82, "progressive": True},
}


@dataclass(frozen=True)
class Upright:
    """A picture that has passed the checks: pixels and colour profile, and nothing else of the upload."""

    pixels: Pillow.Image
    extension: str
    profile: bytes | None

    @property
    def colour(self) -> str:
        """The mean of all pixels, "#a83f26"."""
        red, green, blue = self.pixels.resize((1, 1), Pillow.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
        return f"#{red:02x}{green:02x}{blue:02x}"


def read_upload(data: bytes) -> Upright:
    """Check and clean an upload. Raises NotAPicture with a sentence for the person who chose the file."""
    if len(data) > MOST_BYTES:
        raise NotAnImage(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Choose a smaller one.")
    try:
        return _read(data)
    except NotAnImage:
        raise
    except UnidentifiedImageError as error:
        if is_one_of_ours(data):
            _log_unread(data, error)
            raise NotAnImage(DAMAGED) from None
        raise NotAnImage(f"This is not a JPEG, PNG or WebP picture. {named(data)}".strip()) from None
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise NotAnImage(TOO_MANY_PIXELS) from None
    except MemoryError as error:
        _log_unread(data, error)
        raise NotAnImage("The picture needs more memory than the server has. Choose a smaller one.") from None
    except OF_DAMAGED_FILES as error:
        _log_unread(data, error)
        raise NotAnImage(DAMAGED) from None
    except Exception as error:
        _log_unread(data, error)
        raise NotAnImage(
            "We could not read this picture because of an error on our side. We have recorded it. "
            "Save the picture again as JPEG or PNG and upload that file."
        ) from None


def _log_unread(data: bytes, error: BaseException) -> None:
    log.error("upload could not be read", extra={"begins": data[:16].hex(), "bytes": len(data)} | facts_of(error))


def _read(data: bytes) -> Upright:
    if is_heif(data):
        register_heif()
    with warnings.catch_warnings():
        # Pillow reads the first of two pictures in one file, and warns if their list is broken.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Pillow.DecompressionBombWarning)
        picture: Pillow.Image = Pillow.open(io.BytesIO(data), formats=pillow_formats(data))
        if picture.width * picture.height > MOST_PIXELS:
            raise NotAnImage(TOO_MANY_PIXELS)
        extension = KINDS.get(picture.format or "", "jpg")
        profile = picture.info.get("icc_profile")
        picture.load()
    picture = _upright(picture)
    if picture.mode in OTHER_COLOURS:
        picture, profile = _in_srgb(picture, profile), None
    if extension == "jpg" and max(picture.size) > MOST_OF_A_SIDE["jpg"]:
        extension = "png"
    return Upright(pixels=_as_rgb(picture), extension=extension, profile=profile)


def register_heif() -> None:
    """Add HEIF support to Pillow. It is loaded on demand, because it takes 10 MB."""
    from pillow_heif import register_heif_opener

    register_heif_opener()


def _upright(picture: Pillow.Image) -> Pillow.Image:
    """Rotate the picture as its Exif data say. Broken Exif data are ignored, as the picture may be fine."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception as error:
        log.warning("the orientation of a picture cannot be read", extra=facts_of(error))
        return picture


OTHER_COLOURS = ("CMYK", "L", "LAB", "YCbCr", "I", "I;16", "I;16B", "I;16L")


def _in_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Convert a picture in another colour space to sRGB. Its profile would be wrong for the converted pixels."""
    if picture.mode.startswith("I"):  # 16-bit grey, as X-rays are exported
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError) as error:
            # The profile does not fit the picture. Without it the colours are close enough.
            log.warning("the colour profile of a picture cannot be used", extra=facts_of(error))
    return picture.convert("RGB")


def original_file(upright: Upright) -> bytes:
    """Return the file of the cleaned original."""
    clean = Pillow.new(upright.pixels.mode, upright.pixels.size)
    clean.paste(upright.pixels)
    return _encoded(clean, upright.profile, format=FORMATS[upright.extension], quality=92)


def widths_for(width: int, height: int = 1) -> list[int]:
    """Return the widths of the renditions in pixels, ascending. A picture too tall for a format is scaled down to the
    height that all formats allow."""
    widest = min(width, max(1, width * MOST_HEIGHT // height))
    widths = [one for one in WIDTHS if one < widest] or [widest]
    return widths if widest > WIDTHS[-1] or widest in widths else [*widths, widest]


def rendition_files(original: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each rendition of an original."""
    with Pillow.open(io.BytesIO(original)) as picture:
        profile = picture.info.get("icc_profile")
        pixels = picture.convert("RGB")
    for width in widths_for(*pixels.size):
        height = min(max(1, round(pixels.height * width / pixels.width)), MOST_HEIGHT)
        copy = pixels.resize((width, height), Pillow.Resampling.LANCZOS)
        for extension, options in SAVE.items():
            yield f"{width}.{extension}", _encoded(copy, profile, **options)


def _encoded(picture: Pillow.Image, profile: bytes | None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if profile:
        options["icc_profile"] = profile
    picture.save(buffer, **options)
    return buffer.getvalue()


def _as_rgb(picture: Pillow.Image) -> Pillow.Image:
    """Return the picture in RGB. Transparent parts become white: JPEG has no transparency, and all renditions should
    look alike."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Pillow.new("RGBA", picture.size, "white")
        return Pillow.alpha_composite(ground, picture).convert("RGB")
    return picture.convert("RGB")
