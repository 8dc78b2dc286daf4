"""Share picture of an article: 1200 by 630 pixels in the design of the site."""

import hashlib
import io
from functools import cache
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from clinic.articles.models import Article
from clinic.media.files import files
from clinic.media.leftovers import discard
from clinic.media.places import Opened

SIZE = (1200, 630)  # pixels; the size that Open Graph readers expect
FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"
PAPER, INK, QUIET, ACCENT = "#fbf6ee", "#1f2a2e", "#566268", "#a83f26"
TEXT_WIDTH = 500
PICTURE = (600, SIZE[1])
LOOK = "1"  # raise it when the design changes, so that no old file is served


def share_picture(article: Article, clinic_name: str) -> Opened:
    """Return the JPEG file of an article's share picture. It is drawn on the first request after a change."""
    shown = (LOOK, article.title, clinic_name, f"{article.image.key} {article.image.version}" if article.image else "")
    mine = f"share/{article.id}-"
    name = f"{mine}{hashlib.sha256('|'.join(shown).encode()).hexdigest()[:12]}.jpg"
    try:
        return files().open(name)
    except FileNotFoundError:
        files().write(
            name, draw(article.title, clinic_name, _lead_picture(article))
        )  # two simultaneous requests draw the same picture
        discard(entry.name for entry in list(files().names(mine)) if entry.name != name)
    return files().open(name)


def draw(title: str, clinic_name: str, picture: bytes | None) -> bytes:
    """Return the JPEG: the title on a paper background at the left, the lead image at the right."""
    card = Pillow.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    width = TEXT_WIDTH if picture else SIZE[0] - 140
    if picture:
        with Pillow.open(io.BytesIO(picture)) as lead:
            scale = min(PICTURE[0] / lead.width, PICTURE[1] / lead.height)
            size_in = (
                max(1, round(lead.width * scale)),
                max(1, round(lead.height * scale)),
            )  # a thin strip keeps at least one line
            whole = lead.convert("RGB").resize(size_in, Pillow.Resampling.BICUBIC)
            card.paste(whole, (SIZE[0] - whole.width, (SIZE[1] - whole.height) // 2))
    pen.rectangle((70, 70, 130, 78), fill=ACCENT)
    size = 62
    while len(lines := _wrap(title, _heading(size), width)) * size * 1.18 > 400 and size > 30:
        size -= 4
    top = 120.0
    for line in lines:
        pen.text((70, top), line, font=_heading(size), fill=INK)
        top += size * 1.18
    pen.text((70, SIZE[1] - 100), clinic_name, font=_heading(34), fill=QUIET)
    buffer = io.BytesIO()
    card.save(buffer, "JPEG", quality=86, progressive=True)
    return buffer.getvalue()


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@cache
def _heading(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / "fraunces-600.woff2", size)


def _lead_picture(article: Article) -> bytes | None:
    if article.image is None:
        return None
    try:
        return files().read(f"{article.image.folder}/{article.image.file()}")
    except FileNotFoundError:
        return None
