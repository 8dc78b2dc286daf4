"""Old paths and where they lead: every redirect is one hop, and none leads in a circle."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import sqlalchemy as sa

from clinic.articles.errors import RedirectRefused
from clinic.articles.models import Article, Author, Category, Kind, Redirect, Tag
from clinic.articles.operations import RESERVED_SLUGS, forget_redirects
from clinic.bookings.models import Service
from clinic.core import audit, clock
from clinic.core.characters import spelled_line
from clinic.core.db import atomic, db
from clinic.core.settings import settings

MOST_HOPS = 50
MOST_LINES = 5_000
LINES_AT_ONCE = 250  # in one transaction: visitors who book wait for its end
SEPARATORS = "\t;,"


@atomic()
def add_redirect(old: str, new: str, *, by: audit.Actor | None = None) -> Redirect:
    """Let an old path of this site lead to a new one for good. Raises RedirectRefused with a sentence.

    Where the new path is an article's, the redirect follows that article wherever it moves. Redirects that led to the
    old path lead to the new one from now on.
    """
    redirect = _lead(site_path(old), site_path(new, old))
    audit.record("redirected", redirect, by=by, detail=f"{redirect.path} → {redirect.leads_to}"[:400])
    return redirect


@atomic()
def follow_move(old: str, new: str) -> None:
    """Something of the site has moved from one path to another: the old one leads there, the new one nowhere else."""
    forget_redirects(new)
    _lead(old, new)


@atomic()
def remove_redirect(redirect: Redirect, *, by: audit.Actor | None = None) -> None:
    """Forget a redirect: its old path is not found any more."""
    audit.record("deleted", redirect, by=by, detail=redirect.path)
    db.session.delete(redirect)


def _lead(old: str, new: str) -> Redirect:
    if _article_at(old) is not None or is_answered(old):
        raise RedirectRefused(f"{old} is an address in use. Give what stands there another address first.")
    target = new
    for _ in range(MOST_HOPS):
        if target == old:
            raise RedirectRefused(f"{old} would lead in a circle.")
        onward = db.session.scalar(sa.select(Redirect).where(Redirect.path == target))
        stands = _article_at(target)
        if onward is None or (stands and stands.is_public):  # a page that is out is shown, whatever led on before
            break
        target = onward.leads_to
    article = _article_at(target)
    lead: dict[str, int | str | None] = {
        "article_id": article.id if article else None,
        "target": "" if article else target,
    }
    redirect = db.session.scalar(sa.select(Redirect).where(Redirect.path == old))
    if redirect is None:
        redirect = Redirect(path=old, created_at=clock.now(), **lead)
        db.session.add(redirect)
    else:
        redirect.article_id, redirect.target = article.id if article else None, "" if article else target
    db.session.execute(sa.update(Redirect).where(Redirect.target == old).values(**lead))
    db.session.flush()
    return redirect


@dataclass(frozen=True)
class Refusal:
    """A line of a file that was not taken, and why. `number` counts from 1."""

    number: int
    line: str
    why: str


def import_redirects(text: str, *, by: audit.Actor | None = None) -> tuple[int, list[Refusal]]:
    """Take lines "old,new" of a CSV file; a line of headings is passed over. Returns how many, and what was refused.

    Semicolons and tabs separate as well, as spreadsheets write them. Taken in several transactions: what stands in a
    file twice, and a file that is sent twice, changes nothing more.
    """
    taken: dict[str, int] = {}  # the line that said first where an old path leads
    refused: list[Refusal] = []
    lines = _lines(text)
    while part := list(islice(lines, LINES_AT_ONCE)):
        with atomic():
            for number, line, cells in part:
                try:
                    _take(number, cells, taken)
                except RedirectRefused as error:
                    refused.append(Refusal(number, line[:120], str(error)))
    with atomic():
        audit.record("imported", "redirects", by=by, detail=f"{len(taken)} taken, {len(refused)} refused")
    return len(taken), refused


def _lines(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Number, text and cells of each line that says something."""
    lines = text.lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = next((mark for mark in SEPARATORS if mark in first), ",")
    is_first = True
    for number, line in enumerate(lines, 1):
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        except csv.Error:
            cells = [line.strip()]
        while cells and not cells[-1]:
            cells.pop()
        if cells and not (is_first and not any("/" in cell for cell in cells)):
            yield number, line, cells
        if cells:
            is_first = False
        if number > MOST_LINES:
            return


def _take(number: int, cells: list[str], taken: dict[str, int]) -> None:
    if number > MOST_LINES:
        raise RedirectRefused(f"A file may have {MOST_LINES} lines. Import the rest as a second file.")
    if len(cells) != 2:
        raise RedirectRefused("Write the old and the new address, with one comma between them.")
    old, new = site_path(cells[0]), site_path(cells[1], cells[0])
    if old in taken:
        raise RedirectRefused(f"Line {taken[old]} says already where {old} leads.")
    _lead(old, new)
    taken[old] = number


def text_of_file(data: bytes) -> str:
    """The text of a CSV file in UTF-8, in UTF-16 or, as older Excel writes it, in Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def site_path(address: str, old: str | None = None) -> str:
    """The path of an address of this site, with a slash at its end. Raises RedirectRefused.

    Old addresses may name any host: the site may have lived elsewhere. A new one (given with its old one) leads to a
    host that is this site's, or the old one's.
    """
    parts = _split(address)
    path = unquote(parts.path, errors="replace")  # as the server hears it
    path = path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"
    is_path = path.startswith("/") and not path.startswith("//") and len(path) <= 400
    is_said = bool(parts.path or parts.netloc)
    is_plain = path == spelled_line(path) and not any(
        char in "\\\ufffd" or (char.isspace() and char != " ") for char in path
    )
    is_whole = parts.scheme in ("http", "https") if parts.netloc else not parts.scheme
    if not (is_said and is_path and is_plain and is_whole) or parts.query or (parts.netloc and not parts.hostname):
        raise RedirectRefused(
            f"“{address.strip()[:80]}” is not like /old-page/ (an address of this site, without a question mark)."
        )
    if (
        old is not None
        and parts.netloc
        and _host(parts) not in (_host(urlsplit(settings().site_url)), _host(_split(old)))
    ):
        raise RedirectRefused(
            f"“{address.strip()[:80]}” is an address of another site. Redirects lead within this one."
        )
    return path


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address.strip())
    except ValueError:  # like http://[
        return urlsplit("")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")


def redirect_from(path: str) -> Redirect | None:
    """The redirect of an old path, with or without its last slash."""
    wanted = path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"
    return db.session.scalar(sa.select(Redirect).where(Redirect.path == wanted))


def is_answered(path: str) -> bool:
    """Whether readers find something at a path of this site that no redirect brings them from."""
    parts = path.strip("/").split("/")
    if len(parts) == 1 and (not parts[0] or parts[0] in RESERVED_SLUGS):
        return True
    models: dict[tuple[str, ...], type[Any]] = {
        ("articles", "category"): Category,
        ("articles", "tag"): Tag,
        ("team",): Author,
        ("services",): Service,
    }
    model = models.get(tuple(parts[:-1]))
    if model is not None:
        return db.session.scalar(sa.select(model.id).where(model.slug == parts[-1])) is not None
    article = _article_at(path)
    return article is not None and article.is_public


def _article_at(path: str) -> Article | None:
    parts = path.strip("/").split("/")
    if len(parts) == 2 and parts[0] == "articles":
        where = (Article.kind == Kind.POST, Article.slug == parts[1])
    elif len(parts) == 1:
        where = (Article.kind == Kind.PAGE, Article.slug == parts[0])
    else:
        return None
    return db.session.scalar(sa.select(Article).where(*where))
