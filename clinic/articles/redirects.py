"""Old paths and where they lead: every redirect is one hop, and none leads in a circle."""

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
LINES_AT_ONCE = 250  # in one transaction: visitors who book wait for its end
# Headings as `heading` spells them; exports of redirects have more columns, which are passed over.
OLD_HEADS = ("old", "oldurl", "oldaddress", "oldpage", "oldpath", "from", "source", "sourceurl", "alt")
NEW_HEADS = ("new", "newurl", "newaddress", "newpage", "newpath", "to", "target", "targeturl", "destination", "neu")
Columns = tuple[int | None, int | None, int]
NO_HEADS = ("regex", "code", "type", "status", "title")


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
    if article_at(old) is not None or is_answered(old):
        raise RedirectRefused(f"{old} is an address in use. Give what stands there another address first.")
    target = new
    for _ in range(MOST_HOPS):
        if target == old:
            raise RedirectRefused(f"{old} would lead in a circle.")
        onward = db.session.scalar(sa.select(Redirect).where(Redirect.path == target))
        stands = article_at(target)
        if onward is None or (stands and stands.is_public):  # a page that is out is shown, whatever led on before
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
    """Take the rows "old,new" of a file; a row of headings is passed over. Returns how many, and what was refused.

    Taken in several transactions: what stands in a file twice, and a file that is sent twice, changes nothing more.
    """
    rows = (read_lines(source) if isinstance(source, str) else source).rows
    taken: dict[str, int] = {}  # the line that said first where an old path leads
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
    """Where the headings of both addresses stand, if there are any, and how many headings there are."""
    if not rows or any("/" in cell for cell in rows[0].cells):
        return None, None, 0
    old, new = (next(iter(places_of(rows[0].cells, words, NO_HEADS)), None) for words in (OLD_HEADS, NEW_HEADS))
    is_found = old is not None and new is not None and old != new
    return (old, new, len(_trimmed(rows[0]))) if is_found else (None, None, 0)


def _trimmed(row: Row) -> list[str]:
    """The cells up to the last that says something."""
    last = max((place for place, cell in enumerate(row.cells) if cell), default=-1)
    return row.cells[: last + 1]


def _take(row: Row, columns: Columns, taken: dict[str, int]) -> None:
    old_at, new_at, width = columns
    if row.number > MOST_LINES:
        raise RedirectRefused(f"A file may have {MOST_LINES} lines. Import the rest as a second file.")
    if row.why:
        raise RedirectRefused(f"Write the old and the new address, with one comma between them. {row.why}")
    cells = _trimmed(row)
    if old_at is not None and new_at is not None and len(cells) <= width:
        cells = [row.cell(old_at), row.cell(new_at)]
    if len(cells) != 2 or not all(cells):
        raise RedirectRefused("Write the old and the new address, with one comma between them.")
    old, new = site_path(cells[0]), site_path(cells[1], cells[0])
    if old in taken:
        raise RedirectRefused(f"Line {taken[old]} says already where {old} leads.")
    _lead(old, new)
    taken[old] = row.number


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
        return urlsplit(unwrap_link(address.strip()))
    except ValueError:  # like http://[
        return urlsplit("")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")


def redirect_from(path: str) -> Redirect | None:
    """The redirect of an old path, with or without its last slash."""
    wanted = path if path.endswith("/") or "." in path.rpartition("/")[2] else f"{path}/"
    return db.session.scalar(sa.select(Redirect).where(Redirect.path == wanted))
