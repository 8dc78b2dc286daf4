"""Customers from before the site: a file of them, read into the one-time ledger as digests only."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from clinic.bookings.operations import Known, know_customer
from clinic.core.text import canonical_mobile, clean_line, email_address

EMAIL_HEADS = frozenset({"email", "e-mail", "mail", "email address"})
MOBILE_HEADS = frozenset({"mobile", "phone", "mobile number", "phone number", "telephone", "number", "tel"})


@dataclass(frozen=True)
class Line:
    """What became of one line of a file, counted from 1."""

    number: int
    outcome: Known | None
    why: str = ""


def read_customers(
    text: str, region: str, *, is_trial: bool, progress: Callable[[Iterable[list[str]]], Iterable[list[str]]] = iter
) -> Iterator[Line]:
    """Take a CSV file line by line: an e-mail, a mobile, or both, in columns named so, or in the first two.

    With `is_trial` nothing is kept. Lines that cannot be taken say why; the others are taken all the same.
    """
    rows = list(csv.reader(io.StringIO(text), _dialect(text)))
    heads = [clean_line(cell).lower() for cell in rows[0]] if rows else []
    email_at = next((place for place, head in enumerate(heads) if head in EMAIL_HEADS), None)
    mobile_at = next((place for place, head in enumerate(heads) if head in MOBILE_HEADS), None)
    has_heads = email_at is not None or mobile_at is not None
    if not has_heads:
        email_at, mobile_at = 0, 1
    for number, row in enumerate(progress(rows), start=1):
        if (number == 1 and has_heads) or not any(cell.strip() for cell in row):
            continue
        yield _line(number, _cell(row, email_at), _cell(row, mobile_at), region, is_trial)


def _line(number: int, email: str, mobile: str, region: str, is_trial: bool) -> Line:
    if not email and not mobile:
        return Line(number, None, "neither an e-mail nor a mobile")
    try:
        email = email_address(email) if email else ""
    except ValueError:
        return Line(number, None, "this is not an e-mail address")
    try:
        mobile = canonical_mobile(mobile, region) if mobile else ""
    except ValueError:
        return Line(number, None, "this is not a number that can be called")
    return Line(number, know_customer(email, mobile, is_trial=is_trial))


def _cell(row: list[str], place: int | None) -> str:
    return clean_line(row[place]) if place is not None and place < len(row) else ""


def _dialect(text: str) -> type[csv.Dialect]:
    class Found(csv.excel):
        delimiter = max(",;\t", key=text.partition("\n")[0].count)

    return Found
