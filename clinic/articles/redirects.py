"""Redirects of old paths: each is one hop, and none leads in a circle."""

from itertools import islice
from urllib.parse import SplitResult, unquote, urlsplit

import sqlalchemy as sa

from clinic.articles.addresses import article_at, forget_redirects, is_answered
from clinic.articles.errors import RedirectRefused
from clinic.articles.models import Redirect
from clinic.core import audit, clock
from clinic.core.characters import spelled_line
from clinic.core.db import atomic, db
from clinic.core.links import unwrap_link
from clinic.core.settings import settings
from clinic.core.tables import Refusal, Row, Table, places_of, read_lines

MOST_HOPS = 50
MOST_LINES = 5_000
LINES_AT_ONCE = 250  # rows per transaction; bookings wait for its end
# Headings as `heading` spells them; exports of redirects have more columns, which are passed over.
OLD_HEADS = ("old", "oldurl", "oldaddress", "oldpage", "oldpath", "from", "source", "sourceurl", "alt")
NEW_HEADS = ("new", "newurl", "newaddress", "newpage", "newpath", "to", "target", "targeturl", "destination", "neu")
Columns = tuple[int | None, int | None, int]
NO_HEADS = ("regex", "code", "type", "status", "title")


@atomic()
def add_redirect(old: str, new: str, *, by: audit.Actor | None = None) -> Redirect:
    """Redirect an old path of this site permanently. Raises RedirectRefused with a sentence.

    If the new path is an article's, the redirect follows that article wherever it moves. Redirects to the old path are
    changed to the new one.
    """
    redirect = _lead(site_path(old), site_path(new, old))
    audit.record("redirected", redirect, by=by, detail=f"{redirect.path} → {redirect.leads_to}"[:400])
    return redirect


@atomic()
def follow_move(old: str, new: str) -> None:
    """Record a move: the old path redirects to the new one, and redirects from the new path are removed."""
    forget_redirects(new)
    _lead(old, new)


@atomic()
def remove_redirect(redirect: Redirect, *, by: audit.Actor | None = None) -> None:
    """Delete a redirect. Its old path then answers 404."""
    audit.record("deleted", redirect, by=by, detail=redirect.path)
    db.session.delete(redirect)


def _lead(old: str, new: str) -> Redirect:
    if article_at(old) is not None or is_answered(old):
        raise RedirectRefused(f"{old} is in use. Move the page at this address first.")
    target = new
    for _ in range(MOST_HOPS):
        if target == old:
            raise RedirectRefused(f"{old} would lead in a circle. Choose another address.")
        onward = db.session.scalar(sa.select(Redirect).where(Redirect.path == target))
        stands = article_at(target)
        if onward is None or (stands and stands.is_public):  # a published page takes precedence over a redirect
            break
        target = onward.leads_to
    article = article_at(target)
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


def import_redirects(source: str | Table, *, by: audit.Actor | None = None) -> tuple[int, list[Refusal]]:
    """Import the rows "old,new" of a file, skipping a heading row. Returns the count and the refused rows.

    The import uses several transactions. Duplicate rows, and a file sent twice, change nothing more.
    """
    rows = (read_lines(source) if isinstance(source, str) else source).rows
    taken: dict[str, int] = {}  # the first line with this old path
    refused: list[Refusal] = []
    columns = _columns(rows)
    is_headed = columns[0] is not None or (
        bool(rows) and not rows[0].why and not any("/" in one for one in rows[0].cells)
    )
    lines = iter(rows[1:] if is_headed else rows)
    while part := list(islice(lines, LINES_AT_ONCE)):
        with atomic():
            for row in part:
                try:
                    _take(row, columns, taken)
                except RedirectRefused as error:
                    refused.append(Refusal(row.number, row.text, str(error)))
                if row.number > MOST_LINES:
                    lines = iter(())
                    break
    with atomic():
        audit.record("imported", "redirects", by=by, detail=f"{len(taken)} taken, {len(refused)} refused")
    return len(taken), refused


def _columns(rows: list[Row]) -> Columns:
    """Return the columns of both addresses according to the heading row, and the number of headings."""
    if not rows or any("/" in cell for cell in rows[0].cells):
        return None, None, 0
    old, new = (next(iter(places_of(rows[0].cells, words, NO_HEADS)), None) for words in (OLD_HEADS, NEW_HEADS))
    is_found = old is not None and new is not None and old != new
    return (old, new, len(_trimmed(rows[0]))) if is_found else (None, None, 0)


def _trimmed(row: Row) -> list[str]:
    """Return the cells up to the last non-empty one."""
    last = max((place for place, cell in enumerate(row.cells) if cell), default=-1)
    return row.cells[: last + 1]


def _take(row: Row, columns: Columns, taken: dict[str, int]) -> None:
    old_at, new_at, width = columns
    if row.number > MOST_LINES:
        raise RedirectRefused(f"A file may have {MOST_LINES} lines. Import the rest as a second file.")
    if row.why:
        raise RedirectRefused(f"Enter the old and the new address, separated by one comma. {row.why}")
    cells = _trimmed(row)
    if old_at is not None and new_at is not None and len(cells) <= width:
        cells = [row.cell(old_at), row.cell(new_at)]
    if len(cells) != 2 or not all(cells):
        raise RedirectRefused("Enter the old and the new address, separated by one comma.")
    old, new = site_path(cells[0]), site_path(cells[1], cells[0])
    if old in taken:
        raise RedirectRefused(f"Line {taken[old]} already redirects {old}.")
    _lead(old, new)
    taken[old] = row.number


def site_path(address: str, old: str | None = None) -> str:
    """Return the path of an address of this site, with a trailing slash. Raises RedirectRefused.

    Old addresses may name any host, because the site may have moved. A new address (given with its old one) must be on
    this site's host or on the old one's.
    """
    parts = _split(address)
    path = unquote(parts.path, errors="replace")  # as the server receives it
    path = path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"
    is_path = path.startswith("/") and not path.startswith("//") and len(path) <= 400
    is_said = bool(parts.path or parts.netloc)
    is_plain = path == spelled_line(path) and not any(
        char in "\\\ufffd" or (char.isspace() and char != " ") for char in path
    )
    is_whole = parts.scheme in ("http", "https") if parts.netloc else not parts.scheme
    if not (is_said and is_path and is_plain and is_whole) or parts.query or (parts.netloc and not parts.hostname):
        raise RedirectRefused(
            f"“{address.strip()[:80]}” is not valid. Enter a path like /old-page/, without a question mark."
        )
    if (
        old is not None
        and parts.netloc
        and _host(parts) not in (_host(urlsplit(settings().site_url)), _host(_split(old)))
    ):
        raise RedirectRefused(
            f"“{address.strip()[:80]}” is on another site. Redirects can only lead to pages of this site."
        )
    return path


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(unwrap_link(address.strip()))
    except ValueError:  # like http://[
        return urlsplit("")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")


def redirect_from(path: str) -> Redirect | None:
    """Return the redirect of an old path, with or without its trailing slash."""
    wanted = path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"
    return db.session.scalar(sa.select(Redirect).where(Redirect.path == wanted))
