"""Uploads: converted to clean files in several widths, or refused with the reason."""

import io
import struct
import zlib

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.media import operations
from clinic.media.errors import NotAnImage
from clinic.media.models import Image
from clinic.media.operations import Description, add_image, render_next
from clinic.media.renditions import MOST_BYTES, original_file, read_upload, rendition_files, widths_for
from tests.conftest import MovableClock
from tests.factories import picture_bytes
from tests.media.places import everything, names

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EXIF_ORIENTATION, EXIF_MODEL, GPS_IFD = 0x0112, 0x0110, 0x8825


def exif(orientation: int = 1) -> Pillow.Exif:
    """Return Exif data as a phone writes them: camera, place and orientation."""
    data = Pillow.Exif()
    data[EXIF_ORIENTATION] = orientation
    data[EXIF_MODEL] = "SecretPhone 12"
    data[GPS_IFD] = {1: "N", 2: (1.0, 17.0, 24.5), 3: "E", 4: (103.0, 51.0, 3.2)}
    return data


def with_thumbnail(jpeg: bytes) -> bytes:
    """Return the JPEG with an Exif block whose second directory holds a thumbnail."""
    thumb = picture_bytes(16, 16)
    head = b"II*\x00" + struct.pack("<I", 8)
    entry = b"SecretPhone 12\x00"
    first = struct.pack("<HHHIII", 1, EXIF_MODEL, 2, len(entry), 100, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 120, 0x0202, 4, 1, len(thumb), 0)
    tiff = (head + first + second).ljust(100, b"\x00") + entry
    tiff = tiff.ljust(120, b"\x00") + thumb
    block = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def written(data: bytes) -> dict[str, bytes]:
    """Return the files made from an upload, by name."""
    upright = read_upload(data)
    original = original_file(upright)
    return {f"original.{upright.extension}": original, **dict(rendition_files(original))}


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_nothing_but_pixels_and_colour_profile_is_left_in_any_file(kind: str, extension: str) -> None:
    upload = picture_bytes(900, 600, kind, exif=exif(), icc_profile=PROFILE)
    assert b"SecretPhone" in upload
    files = written(upload)
    assert sorted(files) == sorted(
        [f"original.{extension}", *(f"{width}.{one}" for width in (480, 800, 900) for one in ("avif", "jpg", "webp"))]
    )
    for name, content in files.items():
        picture = Pillow.open(io.BytesIO(content))
        assert not dict(picture.getexif()), name
        assert not {"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop"} & set(picture.info), name
        assert b"SecretPhone" not in content
        assert b"Exif" not in content
        assert picture.info["icc_profile"] == PROFILE


def test_a_thumbnail_of_the_camera_is_removed() -> None:
    upload = with_thumbnail(picture_bytes(600, 400))
    assert Pillow.open(io.BytesIO(upload)).getexif()[EXIF_MODEL] == "SecretPhone 12"
    assert upload.count(b"\xff\xd8\xff") == 2
    for name, content in written(upload).items():
        assert content.count(b"\xff\xd8\xff") == (1 if name.endswith(".jpg") else 0)
        assert b"SecretPhone" not in content


def test_xmp_comments_and_text_chunks_are_removed() -> None:
    info = PngInfo()
    info.add_text("Author", "SecretName")
    info.add_itxt("XML:com.adobe.xmp", "<x>SecretName</x>")
    uploads = [
        picture_bytes(100, 80, "PNG", pnginfo=info),
        picture_bytes(100, 80, "JPEG", comment=b"SecretName"),
        picture_bytes(100, 80, "WEBP", xmp=b"<x>SecretName</x>"),
    ]
    for upload in uploads:
        assert b"SecretName" in upload
        assert not any(b"SecretName" in content for content in written(upload).values())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_baked_into_the_pixels(orientation: int) -> None:
    picture = Pillow.new("RGB", (40, 20), "white")
    picture.paste((200, 0, 0), (0, 0, 20, 10))  # red marks the upper left of the stored pixels
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif(orientation))
    original = Pillow.open(io.BytesIO(written(buffer.getvalue())["original.png"]))
    size = (40, 20) if orientation < 5 else (20, 40)
    assert original.size == size
    right, low = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    seen = original.getpixel((size[0] - 3 if right else 2, size[1] - 3 if low else 2))
    assert seen == (200, 0, 0)


def test_widths_never_exceed_the_picture() -> None:
    for width, widths in ((30, [30]), (480, [480]), (1000, [480, 800, 1000]), (2000, [480, 800, 1200, 1600])):
        assert widths_for(width) == widths
        files = written(picture_bytes(width, 20))
        assert len(files) == 1 + 3 * len(widths)
        for one in widths:
            for extension in ("avif", "jpg", "webp"):
                assert Pillow.open(io.BytesIO(files[f"{one}.{extension}"])).width == one


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_becomes_a_picture_and_clear_parts_become_white(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    buffer = io.BytesIO()
    Pillow.new(mode, (20, 20)).save(buffer, kind)
    files = written(buffer.getvalue())
    red, green, blue = Pillow.open(io.BytesIO(files["20.jpg"])).convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    if mode in ("LA", "RGBA"):
        assert min(red, green, blue) > 250


def bomb() -> bytes:
    """Return a PNG of a few bytes that claims 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


SAID = Description(alt="Hip", credit="Photo: Ana")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a JPEG, PNG or WebP"),
        (b"plain text", "not a JPEG, PNG or WebP"),
        (SVG, "not a JPEG, PNG or WebP"),
        (b"%PDF-1.7", "not a JPEG, PNG or WebP"),
        (picture_bytes(50, 50, "GIF"), "not a JPEG, PNG or WebP"),
        (picture_bytes(50, 50, "TIFF"), "not a JPEG, PNG or WebP"),
        (picture_bytes(400, 300)[:-600], "damaged"),
        (picture_bytes(400, 300, "PNG")[:200], "damaged"),
        (picture_bytes(400, 300, "WEBP")[:60], "damaged"),
        (bomb(), "pixels|damaged"),
        (b"\xff" * (MOST_BYTES + 1), "larger than 20 MB"),
    ],
)
def test_what_is_no_good_picture_is_refused_with_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(NotAnImage, match=words) as error:
        read_upload(data)
    assert str(error.value).endswith(".")


def test_an_upload_leaves_a_row_files_and_a_line_in_the_log(app: Flask) -> None:
    image = add_image(picture_bytes(900, 600), filename="x" * 200 + ".jpg", said=SAID)
    assert (image.width, image.height, image.colour) == (900, 600, "#a93f27")  # as JPEG stores the colour
    assert len(image.filename) <= 120
    assert names(image) == ["original.jpg"]
    assert db.session.scalars(sa.select(AuditLine.verb)).all() == ["uploaded"]


def test_a_refused_upload_leaves_neither_row_nor_folder(app: Flask) -> None:
    before = everything()
    with pytest.raises(NotAnImage):
        add_image(SVG, filename="x.svg", said=SAID)
    assert everything() == before
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


def test_an_upload_is_shown_at_once_and_its_renditions_come_from_the_worker(app: Flask, client: FlaskClient) -> None:
    image = add_image(picture_bytes(900, 600, "PNG"), filename="hip.png", said=SAID)
    assert (image.url(), image.formats) == (f"/media/{image.key}/original.png", [])
    assert client.get(image.url()).status_code == 200
    assert render_next()
    assert not render_next()
    db.session.expire_all()
    assert (image.widths, image.formats) == ([480, 800, 900], ["avif", "webp", "jpg"])
    assert image.url(800) == f"/media/{image.key}/800.jpg"
    for extension in image.formats:
        for entry in image.srcset(extension).split(", "):
            assert client.get(entry.split()[0]).status_code == 200


def test_each_picture_is_rendered_by_one_worker_and_a_dead_one_is_followed_by_the_next(
    app: Flask, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        add_image(picture_bytes(300, 200), filename="hip.jpg", said=SAID)
    first = operations._claim()
    second = operations._claim()
    assert first
    assert second
    assert first[0] != second[0]
    assert not render_next(), "both are claimed"
    clock.move(minutes=6)
    assert [render_next(), render_next(), render_next()] == [True, True, False]


@pytest.mark.slow
def test_renditions_of_a_file_that_was_replaced_meanwhile_do_not_count(app: Flask) -> None:
    image = add_image(picture_bytes(300, 200), filename="hip.jpg", said=SAID)
    claim = operations._claim()
    assert claim
    with atomic():
        image.version = 2
    operations._note_renditions(image.id, claim[2], [300])
    db.session.expire_all()
    assert image.rendered_at is None
