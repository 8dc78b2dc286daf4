"""The picture that others show with a link to an article: 1200 by 630 pixels, in the site's own look."""

import hashlib
import io
import os
from functools import cache
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps

from clinic.articles.models import Article
from clinic.core.settings import settings

SIZE = (1200, 630)  # pixels; what Open Graph readers ask for
FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"
PAPER, INK, QUIET, ACCENT = "#fbf6ee", "#1f2a2e", "#566268", "#a83f26"
TEXT_WIDTH = 500
PICTURE = (600, SIZE[1])
LOOK = "1"  # raise it when the look changes, so that no old picture is served


def share_picture(article: Article, clinic_name: str) -> Path:
    """The JPEG file of an article's share picture, drawn when it is asked for the first time after a change."""
    shown = (LOOK, article.title, clinic_name, f"{article.image.key} {article.image.version}" if article.image else "")
    name = f"{article.id}-{hashlib.sha256('|'.join(shown).encode()).hexdigest()[:12]}.jpg"
    path = settings().media_root / "share" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(draw(article.title, clinic_name, _lead_picture(article)))
        part.replace(path)  # two at once draw the same; nobody reads half a file
        for old in path.parent.glob(f"{article.id}-*.jpg"):
            if old != path:
                old.unlink(missing_ok=True)
    return path


def draw(title: str, clinic_name: str, picture: Path | None) -> bytes:
    """The JPEG itself: the title on paper at the left, the lead picture at the right."""
    card = Pillow.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    width = TEXT_WIDTH if picture else SIZE[0] - 140
    if picture:
        with Pillow.open(picture) as lead:
            whole = ImageOps.contain(lead.convert("RGB"), PICTURE)
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


def _lead_picture(article: Article) -> Path | None:
    if article.image is None:
        return None
    path = settings().media_root / article.image.folder / article.image.file()
    return path if path.exists() else None
