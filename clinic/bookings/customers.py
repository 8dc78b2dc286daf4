"""Import of customers from before the site into the one-time ledger, as digests only."""

import enum
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from clinic.bookings.ledger import digest, given_contacts
from clinic.bookings.models import Claim
from clinic.core import audit, clock
from clinic.core.db import atomic, db, insert_or_skip
from clinic.core.tables import Refusal, Report, Row, Table, places_of, read_lines
from clinic.core.text import canonical_mobile, clean_line, email_address

# Spelled as `heading` returns them. German, French, Spanish, Malay and Chinese spreadsheets are common in clinics.
EMAIL_HEADS = (
    "email", "emailaddress", "mail", "mailaddress", "courriel", "correo", "emel", "电邮", "邮箱", "邮件", "電郵",
    "電子郵件",
)  # fmt: skip
MOBILE_HEADS = (
    "mobile", "mobileno", "mobilenumber", "handphone", "hp", "hpno", "cell", "cellphone", "movil", "handy", "portable",
    "手机", "手機", "whatsapp", "phone", "phoneno", "phonenumber", "telephone", "tel", "telno", "telefon", "telefono",
    "contactno", "contactnumber", "number", "电话", "電話",
)  # fmt: skip
# "Email opt-in" and "Phone 1 - Type" describe an address but hold none. "Fax" is no mobile.
NO_HEADS = (
    "type", "label", "optin", "consent", "status", "verified", "countrycode", "extension", "fax", "subscri", "sent",
)  # fmt: skip
LINES_ABOVE_HEADS = 5
SHORTENED = re.compile(r"\d([.,]\d+)?e\+?\d+", re.IGNORECASE)  # 6.59123E+09


class Known(enum.StrEnum):
    """The outcome of importing one customer into the ledger."""

    ADDED = "added"
    KNOWN = "already known"
    PART = "email or mobile already known"


@dataclass(frozen=True)
class Line:
    """The result for one line of a file, counted from 1. `outcome` is None if it was refused; `why` is the reason."""

    number: int
    outcome: Known | None
    why: str = ""
    text: str = ""


@dataclass(frozen=True)
class Columns:
    """Indexes of the email and mobile columns, likeliest first, and the number of rows above the header row."""

    emails: list[int]
    mobiles: list[int]
    above: int
    heads: Row | None = None


def read_customers(
    source: str | Table,
    region: str,
    *,
    is_trial: bool,
    progress: Callable[[Iterable[Row]], Iterable[Row]] = iter,
) -> Iterator[Line]:
    """Import the rows of a file: an email, a mobile, or both. Columns are found by their headings or by their content.

    With `is_trial` nothing is stored. A refused row is yielded with its reason and does not stop the others.
    """
    rows = (read_lines(source) if isinstance(source, str) else source).rows
    columns = columns_of(rows)
    for place, row in enumerate(progress(rows)):
        if row is columns.heads:
            continue
        if row.why:
            yield Line(row.number, None, row.why, row.text)
        elif place < columns.above:
            yield Line(row.number, None, "this line is above the headings", row.text)
        else:
            yield _line(row, columns, region, is_trial)


def report_of(lines: Iterable[Line], notes: Iterable[str] = ()) -> Report:
    """Count the lines by outcome, and collect the refused ones."""
    report = Report(notes=list(notes))
    for line in lines:
        if line.outcome is None:
            report.refused.append(Refusal(line.number, line.text, line.why))
        else:
            report.outcomes[line.outcome] += 1
    return report


def columns_of(rows: list[Row]) -> Columns:
    """Find the columns by their headings. Without headings, or for a column that has none, find them by their
    content."""
    for above, row in enumerate(rows[:LINES_ABOVE_HEADS]):
        if any("@" in cell for cell in row.cells):
            break
        emails, mobiles = places_of(row.cells, EMAIL_HEADS, NO_HEADS), places_of(row.cells, MOBILE_HEADS, NO_HEADS)
        mobiles = [place for place in mobiles if place not in emails]
        if emails or mobiles:
            below = rows[above + 1 :]
            return Columns(emails or _like(below, _is_email), mobiles or _like(below, _is_number, emails), above, row)
    emails = _like(rows, _is_email) or [0]
    mobiles = _like(rows, _is_number, emails) or [1 if emails == [0] else 0]
    first = rows[0] if rows and not rows[0].why else None
    is_head = (
        first is not None
        and len(rows) > 1
        and not any(_is_email(cell) or re.search(r"\d", cell) for cell in first.cells)
    )
    return Columns(emails, mobiles, 0, first if is_head else None)


def _like(rows: list[Row], test: Callable[[str], bool], taken: list[int] | None = None) -> list[int]:
    """Return the column in which most cells of the first rows pass the test, in a list; an empty list if none does."""
    sample = rows[:50]
    width = max((len(row.cells) for row in sample), default=0)
    counts = {
        place: sum(test(row.cell(place)) for row in sample) for place in range(width) if place not in (taken or [])
    }
    best = max(counts, key=lambda place: counts[place], default=0)
    return [best] if counts.get(best) else []


def _is_email(cell: str) -> bool:
    return re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", cell) is not None


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\(?\+?[\d\s().\-/]{7,20}", cell) is not None


def _line(row: Row, columns: Columns, region: str, is_trial: bool) -> Line:
    email, mobile = (clean_line(row.cell(*places)) for places in (columns.emails, columns.mobiles))
    text = row.text
    if not email and not mobile:
        return Line(row.number, None, "no email and no mobile", text)
    try:
        email = email_address(email.removeprefix("mailto:")) if email else ""
    except ValueError:
        return Line(row.number, None, "this is not an email address", text)
    if SHORTENED.fullmatch(mobile):
        why = "the spreadsheet shortened this number: format the column as text and save the file again"
        return Line(row.number, None, why, text)
    try:
        mobile = canonical_mobile(mobile, region) if mobile else ""
    except ValueError:
        return Line(row.number, None, "this is not a valid phone number", text)
    return Line(row.number, know_customer(email, mobile, is_trial=is_trial), "", text)


@atomic()
def note_import(report: Report, *, by: audit.Actor) -> None:
    """Write a line about an import of known customers into the log."""
    audit.record("imported", "customers", by=by, detail=f"{report.outcomes[Known.ADDED]} added")


@atomic()
def know_customer(email: str, mobile: str, *, is_trial: bool = False) -> Known:
    """Add a customer from before the site to the ledger, as digests. `mobile` is E.164; either may be "".

    With `is_trial` nothing is stored, and the outcome is returned as if it were.
    """
    keys = {kind: digest(value) for kind, value in given_contacts(email, mobile).items()}
    known = db.session.scalars(sa.select(Claim.digest).where(Claim.digest.in_(keys.values()))).all()
    if not is_trial:
        known_as = secrets.token_hex(16)
        now = clock.now()
        for kind, key in keys.items():
            insert_or_skip(Claim, kind=kind, digest=key, lead_id=None, known_as=known_as, claimed_at=now)
    return Known.ADDED if not known else Known.KNOWN if len(known) == len(keys) else Known.PART
