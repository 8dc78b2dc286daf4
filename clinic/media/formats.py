"""Detection of file formats by their first bytes, with advice for the person who chose the file."""

import re

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
AS_PICTURE = "Save it as JPEG or PNG, and choose that file."
# Files that people choose by mistake, and formats of cameras and programs that browsers do not show.
OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(start, re.DOTALL), f"{name} {advice}")
    for start, name, advice in (
        (rb"GIF8[79]a", "It is a GIF.", AS_PICTURE),
        (rb"BM.{12}", "It is a BMP picture.", AS_PICTURE),
        (
            rb"(II\*\0|MM\0\*).{4}CR|.{4}ftypcrx |FUJIFILMCCD-RAW|IIR[OS]|IIU\0",
            "It is a camera's raw file.",
            AS_PICTURE,
        ),
        (rb"II[*+]\0|MM\0[*+]", "It is a TIFF picture or a camera's raw file.", AS_PICTURE),
        (rb"8BPS", "It is a Photoshop file.", "Export it as JPEG or PNG, and choose that file."),
        (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "It is a JPEG 2000 picture.", AS_PICTURE),
        (rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a", "It is a JPEG XL picture.", AS_PICTURE),
        (rb"\x00\x00\x01\x00", "It is an icon.", AS_PICTURE),
        (rb"%PDF-", "It is a PDF.", "Take a picture of the page, or export it as JPEG."),
        (rb".{4}ftyp|\x1a\x45\xdf\xa3|RIFF.{4}AVI ", "It is a video.", "Choose a photo or a still from the video."),
        (rb"PK\x03\x04|\xd0\xcf\x11\xe0", "It is a document or an archive.", "Choose the picture itself."),
        (
            rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg\s",
            "It is an SVG drawing.",
            "Export it as PNG.",
        ),
        (rb"(?i:\s*<(!doctype )?html)", "It is a web page.", "Save the picture itself, and choose that file."),
    )
)


def pillow_formats(data: bytes) -> list[str]:
    """Return the formats that Pillow may use to open an upload."""
    return ["HEIF"] if is_heif(data) else ["JPEG", "PNG", "WEBP", "AVIF"]


def is_one_of_ours(data: bytes) -> bool:
    """Return whether a file starts like a supported image, even if the rest is damaged."""
    starts = data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    return starts or bool(_brands(data) & (HEIF_BRANDS | AVIF_BRANDS))


def is_heif(data: bytes) -> bool:
    """Return whether a file is HEIF, as iPhones write it. AVIF has the same container, so it is excluded by its
    brand."""
    brands = _brands(data)
    return bool(brands & HEIF_BRANDS) and not brands & AVIF_BRANDS


def _brands(data: bytes) -> set[bytes]:
    """Return the brands in the first box of an ISO file (ISO/IEC 14496-12 § 4.3)."""
    if data[4:8] != b"ftyp":
        return set()
    box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    return {box[at : at + 4] for at in range(0, len(box), 4) if at != 4}


def named(data: bytes) -> str:
    """Return two sentences that name an unsupported format and say what to do; "" if it is unknown."""
    return next((words for start, words in OTHERS if start.match(data[:2000])), "")
