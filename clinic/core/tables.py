"""Reader of tabular files for every import: CSV in any dialect and encoding, and spreadsheets."""

import codecs
import csv
import json
import logging
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from charset_normalizer import from_bytes

from clinic.core.tree import parse

log = logging.getLogger(__name__)

MOST_ROWS = 1_000_000  # more than a spreadsheet can hold
MOST_LINES_IN_A_CELL = 100
LONGEST_LINE = 120_000  # csv refuses cells of 131,072 characters
SECONDS_FOR_A_SHEET = 60
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run these (OWASP: CSV injection)

_CHILD = Path(__file__).with_name("sheet_child.py")
_SEPARATORS = ",;\t|"
_ENDS = re.compile(r"\r\n|\r|\n")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings of "CSV" from Windows and older Macs. In Latin text, accented letters are isolated among ASCII letters;
# letters of other scripts stand side by side. The two groups are tried apart, because a guess among all encodings fails
# on short files.
_ACCENTS = ["cp1252", "mac_roman", "cp1250"]
_SCRIPTS = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1253", "cp1255", "cp1256", "cp874"]
_OTHER_KINDS = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a packed file"),
    (b"7z\xbc\xaf", "a packed file"),
    (b"Rar!", "a packed file"),
    (b"{\\rtf", "a text document"),
    (b"SQLite format 3", "a database"),
)
_AS_CSV = "Open it in a spreadsheet and save it as CSV or Excel (.xlsx)."


class TableRefused(Exception):
    """The file cannot be read as a table. The message is a sentence or two for people."""


@dataclass(frozen=True)
class Row:
    """One non-empty row. `number` is its line in the file, from 1; `why` is the reason if it cannot be read."""

    number: int
    cells: list[str]
    why: str = ""
    line: str = ""

    @property
    def text(self) -> str:
        """The row as text, cut to 120 characters, to quote in a message."""
        return (self.line or ", ".join(self.cells))[:120]

    def cell(self, *places: int) -> str:
        """Return the first non-empty one of these cells, or ""."""
        return next((self.cells[place] for place in places if place < len(self.cells) and self.cells[place]), "")


@dataclass(frozen=True)
class Table:
    """The non-empty rows of a file; `notes` are sentences about parts that were skipped."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Refusal:
    """A row that was not imported, with the reason. `number` is its line, from 1."""

    number: int
    line: str
    why: str


@dataclass
class Report:
    """The result of an import: the number of rows by outcome, and each row that was refused."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """The number of rows that were read."""
        return self.outcomes.total() + len(self.refused)


def read_table(data: bytes, *, most_rows: int = MOST_ROWS) -> Table:
    """Read a file: CSV, Excel (.xlsx, .xls, .xlsb), OpenDocument (.ods), or HTML, which some programs name .xls.

    Raises TableRefused. A row that cannot be read is returned with its reason in `why`.
    """
    start = data[:2000].lstrip()
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheet(data, most_rows)
    kind = next((kind for mark, kind in _OTHER_KINDS if data.startswith(mark)), "")
    if kind:
        raise TableRefused(f"This is {kind} and no table. {_AS_CSV}")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise TableRefused(f"This is an Excel file of 2003 in XML. {_AS_CSV}")
    text = decoded(data)
    if re.match(r"\s*<(!doctype html|html|head|meta|table)\b", text[:2000], re.IGNORECASE):
        return _html(text)
    return read_lines(text)


def read_lines(text: str) -> Table:
    """Read the rows of a CSV file or of pasted lines."""
    lines = [line.rstrip() if line.isspace() else line for line in _ENDS.split(text.lstrip("\ufeff").replace("\0", ""))]
    first = 0
    said = re.fullmatch(r'"?sep=(.)"?\s*', lines[0], re.IGNORECASE) if lines else None
    if said:
        first = 1
    separator = said[1] if said else _separator(lines)
    return Table(list(_rows(lines, first, separator)))


def decoded(data: bytes) -> str:
    """Decode a file: by its byte order mark, as UTF-8, as UTF-16 without a mark, or in the likeliest encoding."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "replace")
    sample = data[:4096]
    if len(sample) > 1 and sample.count(0) > len(sample) // 5:
        # In UTF-16 every second byte of most texts is 0.
        return data.decode("utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        sample = data[: 256 * 1024]
        high = len(re.findall(rb"[\x80-\xff]", sample))
        alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", sample))
        candidates = _ACCENTS if alone * 2 >= high else _SCRIPTS
        if re.search("[\uff61-\uff9f]", sample.decode("shift_jis", "replace")):
            candidates = [name for name in candidates if name != "shift_jis"]  # half-width kana are hardly used today
        best = from_bytes(sample, cp_isolation=candidates, enable_fallback=False).best()
        return data.decode(best.encoding if best else "cp1252", "replace")


def _separator(lines: Sequence[str]) -> str:
    """Return the separator that splits most of the first lines into the same number of cells."""
    sample = [re.sub(r'"[^"]*"', "", line) for line in lines if line.strip(" ,;\t|")][:30]

    def fit(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in sample]
        usual, often = Counter(counts).most_common(1)[0] if counts else (0, 0)
        return (often if usual else sum(map(bool, counts)), usual)

    best = max(_SEPARATORS, key=fit)
    return best if any(best in line for line in sample) else ","


def _rows(lines: Sequence[str], first: int, separator: str) -> Iterator[Row]:
    at = first
    while at < len(lines):
        number, line = at + 1, lines[at]
        if not line.strip(f" {_SEPARATORS}{separator}"):
            at += 1
            continue
        cells, used = _record(lines, at, separator)
        if cells is None:
            why = "It is too long." if len(line) > LONGEST_LINE else "Its quotation marks do not match."
            yield Row(number, [line[:120].strip()], why, line[:120])
        elif any(cells):
            yield Row(number, cells, line=line[:120])
        at += used


def _record(lines: Sequence[str], at: int, separator: str) -> tuple[list[str] | None, int]:
    """Return the cells of the record that starts at line index `at`, and its number of lines; None and 1 if it is
    unreadable.

    A quoted cell may hold line ends. An unclosed quotation mark would swallow the following lines, so a line with one
    is skipped on its own.
    """
    for used in range(1, min(MOST_LINES_IN_A_CELL, len(lines) - at) + 1):
        record = "\n".join(lines[at : at + used])
        if len(record) > LONGEST_LINE:
            break
        try:
            found = next(csv.reader([record], delimiter=separator, strict=True, skipinitialspace=separator != "\t"))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue
            break
        return [_plain(cell) for cell in found], used
    return None, 1


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe that our own export puts before formulas."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell


def _html(text: str) -> Table:
    body = parse(text)
    tables = body.elements("table") if body else []
    if not tables:
        raise TableRefused(f"This is a web page without a table. {_AS_CSV}")
    rows = []
    for number, row in enumerate(tables[0].elements("tr"), 1):
        cells = [_plain(" ".join(cell.text().split())) for cell in row.children if cell.tag in ("td", "th")]
        if any(cells):
            rows.append(Row(number, cells))
    return Table(rows, ["Only the first table of the file was read."] if len(tables) > 1 else [])


def _sheet(data: bytes, most_rows: int) -> Table:
    try:
        done = subprocess.run(  # noqa: S603 - our own script; the file is its input and no argument
            [sys.executable, "-I", str(_CHILD), str(most_rows)],
            input=data,
            capture_output=True,
            timeout=SECONDS_FOR_A_SHEET,
            check=True,
        )
        head, *lines = map(json.loads, done.stdout.decode().splitlines())
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        reason = getattr(error, "stderr", b"") or b""
        said = reason[-500:].decode(errors="replace")
        log.warning("spreadsheet of %d bytes could not be read: %s %s", len(data), error, said)
        raise TableRefused(
            f"This file cannot be read as a spreadsheet: it is damaged, too large, or of another kind. {_AS_CSV}"
        ) from None
    if "error" in head:
        raise TableRefused(f"This file is protected by a password. {_AS_CSV}")
    others = head["sheets"][1:]
    quoted = ", ".join(f"“{name}”" for name in others)
    notes = [f"Only the sheet “{head['sheets'][0]}” was read, not {quoted}."] if others else []
    rows = [Row(number, [_plain(cell) for cell in cells]) for number, cells in lines]
    return Table([row for row in rows if any(row.cells)], notes)


# Headings


def heading(text: str) -> str:
    """Return a heading in the form used for comparison: lower-case letters and digits ("Mobile No." is "mobileno")."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def places_of(cells: Sequence[str], words: Collection[str], but: Collection[str] = ()) -> list[int]:
    """Return the indexes of headings that equal one of the words, then of those that contain one. Headings that contain
    a word of `but` are excluded."""
    heads = [heading(cell) for cell in cells]
    allowed = [place for place, head in enumerate(heads) if head and not any(word in head for word in but)]
    exact = [place for place in allowed if heads[place] in words]
    long = [word for word in words if len(word) > 3 or not word.isascii()]
    within = [place for place in allowed if place not in exact and any(word in heads[place] for word in long)]
    return sorted(exact, key=lambda place: list(words).index(heads[place])) + within
