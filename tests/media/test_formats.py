"""Formats of cameras, phones and programs: accepted, or named in the refusal. Our own errors never count as a damaged
file."""

import ast
import io
import logging
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from PIL import ExifTags, ImageFile, ImageOps
from PIL import Image as Pillow

from clinic.media import renditions
from clinic.media.errors import NotAnImage
from clinic.media.formats import OTHERS, is_heif, is_one_of_ours, named
from clinic.media.operations import Description, add_image, render_next
from clinic.media.renditions import MOST_OF_A_SIDE, original_file, read_upload, register_heif, rendition_files
from tests.factories import picture_bytes
from tests.faults import fault

ROOT = Path(__file__).parents[2]
RED, BLUE = (168, 63, 38), (20, 40, 160)


def picture(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (320, 200)) -> Pillow.Image:
    return Pillow.new("RGB", size, colour)


def file_of(image: Pillow.Image, kind: str, **save: object) -> bytes:
    if kind == "HEIF":
        register_heif()
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def mpo(*more: Pillow.Image, **save: object) -> bytes:
    return file_of(picture(), "MPO", save_all=True, append_images=list(more), **save)


MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\x10\0mdat" + bytes(4088)
BROKEN_EXIF = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x63\0\0\0" * 3


def turned(kind: str, orientation: int = 6) -> bytes:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return file_of(picture(), kind, exif=exif)


TAKEN: dict[str, bytes] = {
    "two pictures, a photo and its depth map": mpo(picture(BLUE, (80, 50))),
    "three pictures": mpo(picture(BLUE), picture(BLUE)),
    "two pictures, with a camera's notes": mpo(picture(BLUE), exif=Pillow.Exif()),
    "two pictures, the second cut off": mpo(picture(BLUE))[:-300],
    "a motion photo": file_of(picture(), "JPEG") + MP4,
    "a motion photo with two pictures": mpo(picture(BLUE)) + MP4,
    "a photo with rubbish behind it": file_of(picture(), "JPEG") + b"\xff\xd8\xff" * 1000,
    "a photo whose notes are broken": file_of(picture(), "JPEG", exif=BROKEN_EXIF),
    "a photo with notes of a strange kind": file_of(picture(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 64),
    "progressive": file_of(picture(), "JPEG", progressive=True),
    "a photo with a broken colour profile": file_of(picture(), "JPEG", icc_profile=b"no profile" * 20),
    "HEIC": file_of(picture(), "HEIF", quality=90),
    "HEIC with two pictures": file_of(picture(), "HEIF", save_all=True, append_images=[picture(BLUE)], quality=90),
    "AVIF": file_of(picture(), "AVIF", quality=90),
    "PNG with movement": file_of(picture(), "PNG", save_all=True, append_images=[picture(BLUE)]),
    "WebP with movement": file_of(picture(), "WEBP", save_all=True, append_images=[picture(BLUE)]),
    "WebP without loss": file_of(picture(), "WEBP", lossless=True),
    "a palette": file_of(picture().convert("P"), "PNG"),
    "black and white": file_of(picture().convert("1"), "PNG"),
    "16 bits": file_of(Pillow.new("I;16", (320, 200), 30_000), "PNG"),
    "CMYK": file_of(picture().convert("CMYK"), "JPEG"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_cameras_and_telephones_write_is_taken(name: str) -> None:
    upright = read_upload(TAKEN[name])
    assert upright.pixels.size == (320, 200)
    assert upright.pixels.mode == "RGB"
    if name not in ("16 bits", "black and white"):
        red, green, blue = upright.pixels.getpixel((10, 10))  # type: ignore[misc]
        assert red > green > 30 > 0 or name == "CMYK", (red, green, blue)
        assert red > blue, "it is the first picture"
    kept = Pillow.open(io.BytesIO(original_file(upright)))
    assert (kept.size, getattr(kept, "n_frames", 1)) == ((320, 200), 1)
    assert kept.format == {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[upright.extension]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "MPO"])  # HEIF stores it elsewhere, and its reader applies it
def test_each_is_turned_upright(kind: str) -> None:
    assert read_upload(turned(kind)).pixels.size == (200, 320)
    assert read_upload(turned(kind, 99)).pixels.size == (320, 200)


@pytest.mark.slow
def test_the_file_of_the_report_is_taken(app: Flask) -> None:
    image = add_image(
        fault("two-pictures.mpo.jpg"), filename="two-pictures.mpo.jpg", said=Description(alt="Two", credit="Ana")
    )
    assert image.extension == "jpg"
    assert render_next()


def test_a_tall_photo_of_another_kind_is_kept_as_what_holds_it() -> None:
    upright = read_upload(file_of(picture(size=(20, 800)), "AVIF"))
    assert upright.extension == "jpg"
    tall = renditions.Upright(Pillow.new("RGB", (2, MOST_OF_A_SIDE["jpg"] + 1)), "png", None)
    assert dict(rendition_files(original_file(tall)))


NAMED = {
    "a GIF": file_of(picture(), "GIF"),
    "a TIFF": file_of(picture(), "TIFF"),
    "a BMP": file_of(picture(), "BMP"),
    "an icon": file_of(picture(size=(32, 32)), "ICO"),
    "JPEG 2000": file_of(picture(), "JPEG2000"),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100),
    "a raw file": b"II*\0\x10\0\0\0CR\x02\0" + bytes(100),
    "a newer raw file": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(100),
    "a Photoshop file": b"8BPS\0\1" + bytes(100),
    "a PDF": b"%PDF-1.7\n",
    "a video": MP4,
    "a video of an iPhone": b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(100),
    "a document": b"PK\3\4" + bytes(100),
    "a drawing": b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a web page": b"<!DOCTYPE html><html></html>",
}


@pytest.mark.parametrize("name", NAMED)
def test_other_formats_are_named_with_what_to_do(name: str) -> None:
    with pytest.raises(NotAnImage) as refused:
        read_upload(NAMED[name])
    words = str(refused.value)
    assert words.startswith("This is not a JPEG, PNG or WebP picture. It is a")
    assert words.count(".") == 3
    assert named(NAMED[name])


def test_each_name_is_tried_here() -> None:
    assert {named(data) for data in NAMED.values()} == {words for _, words in OTHERS}


@pytest.mark.parametrize("data", [b"", b"plain text", b"\0" * 40, bytes(range(256))])
def test_what_nobody_knows_is_refused_without_a_guess(data: bytes) -> None:
    with pytest.raises(NotAnImage, match=r"^This is not a JPEG, PNG or WebP picture\.$"):
        read_upload(data)


FAULTS_OF_OURS = [
    KeyError("MPO"),
    AttributeError("x"),
    TypeError("x"),
    AssertionError(),
    ZeroDivisionError(),
    NameError(),
]


@pytest.mark.parametrize("error", FAULTS_OF_OURS, ids=lambda error: type(error).__name__)
def test_a_fault_of_ours_is_said_to_be_ours_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    logging.getLogger("clinic").setLevel(logging.WARNING)

    def fail(*_: object) -> Pillow.Image:
        raise error

    monkeypatch.setattr(renditions, "_as_rgb", fail)
    with pytest.raises(NotAnImage, match="an error on our side"):
        read_upload(picture_bytes())
    (record,) = caplog.records
    assert record.message == "upload could not be read"
    assert record.error == type(error).__name__  # type: ignore[attr-defined]
    assert record.where.startswith("test_formats.py:")  # type: ignore[attr-defined]


def test_too_little_memory_is_said_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("clinic").setLevel(logging.WARNING)

    def fail(_self: ImageFile.ImageFile) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(NotAnImage, match="needs more memory"):
        read_upload(picture_bytes())
    assert [record.message for record in caplog.records] == ["upload could not be read"]


def test_a_damaged_file_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("clinic").setLevel(logging.WARNING)
    for data in (picture_bytes(400, 300)[:-600], file_of(picture(), "HEIF")[:200], file_of(picture(), "AVIF")[:200]):
        caplog.clear()
        with pytest.raises(NotAnImage, match="damaged"):
            read_upload(data)
        assert [record.message for record in caplog.records] == ["upload could not be read"]


def test_an_orientation_that_cannot_be_read_loses_no_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("clinic").setLevel(logging.WARNING)

    def fail(_picture: Pillow.Image) -> Pillow.Image:
        raise struct.error("unpack")

    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    assert read_upload(picture_bytes()).pixels.size == (640, 400)
    assert [record.message for record in caplog.records] == ["the orientation of a picture cannot be read"]


def refusal(data: bytes) -> str:
    """Return the sentence with which a file is refused; "" if it is accepted."""
    try:
        read_upload(data)
    except NotAnImage as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "MPO"])
def test_a_file_with_wrong_octets_is_read_or_refused_in_a_sentence_that_does_not_blame_us(kind: str) -> None:
    chance = random.Random(9)
    whole = file_of(picture(size=(64, 48)), kind)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randint(1, len(data))]) if chance.random() < 0.3 else bytes(data)
        assert "fault is ours" not in refusal(cut), cut.hex()


def test_heif_is_told_from_what_is_built_alike() -> None:
    assert is_heif(file_of(picture(), "HEIF"))
    for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "MPO"):
        assert is_one_of_ours(file_of(picture(), kind))
    assert not any(is_one_of_ours(data) for data in NAMED.values())
    assert not is_heif(file_of(picture(), "AVIF"))
    assert not is_heif(MP4)
    assert not is_heif(picture_bytes())


WITHOUT_HEIC = """
import io, sys
from PIL import Image
from clinic.media.renditions import read_upload
buffer = io.BytesIO()
Image.new("RGB", (20, 20)).save(buffer, "JPEG")
read_upload(buffer.getvalue())
sys.exit("pillow_heif" in sys.modules)
"""


@pytest.mark.slow
def test_who_uploads_no_heic_does_not_pay_for_it() -> None:
    assert subprocess.run([sys.executable, "-c", WITHOUT_HEIC], cwd=ROOT, check=False).returncode == 0


def handlers() -> list[tuple[str, ast.ExceptHandler]]:
    """Return every `except` that catches all errors, with its place."""
    found = []
    for file in (ROOT / "clinic").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                if not caught or {"Exception", "BaseException"} & set(caught.strip("()").replace(" ", "").split(",")):
                    found.append((f"{file.relative_to(ROOT)}:{node.lineno}", node))
    return found


# Handlers that pass the error to the caller without logging it.
GOES_ON = {
    "clinic/outbox/operations.py": "_mark_failed_try",  # logs it
    "clinic/web/logs.py": "handleError",  # of the log itself
    "clinic/worker.py": "failed = ",  # raised at the end
}


@pytest.mark.slow
def test_nothing_swallows_every_error_without_a_line_in_the_log() -> None:
    assert len(handlers()) > 5
    for where, handler in handlers():
        body = ast.unparse(ast.Module(body=handler.body, type_ignores=[]))
        allowed = GOES_ON.get(where.partition(":")[0], "")
        is_said = "log." in body or "_log" in body or "raise\n" in f"{body}\n"
        assert is_said or (allowed and allowed in body), where
