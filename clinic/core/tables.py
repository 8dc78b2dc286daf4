"""Files of rows as other programs write them: CSV in any spelling, and spreadsheets. The one reader of every import."""

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
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run (OWASP: CSV injection)

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
# What spreadsheets on Windows and older Macs call "CSV". Accents stand alone among ASCII letters; letters of other
# scripts stand side by side. The two are tried apart, as a guess among all encodings goes wrong on short files.
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
    """A file cannot be read as a table. The text is a sentence or two."""


@dataclass(frozen=True)
class Row:
    """One row that says something. `number` is its line in the file, counted from 1; `why` it cannot be read, if so."""

    number: int
    cells: list[str]
    why: str = ""
    line: str = ""

    @property
    def text(self) -> str:
        """What it says, to show it again."""
        return (self.line or ", ".join(self.cells))[:120]

    def cell(self, *places: int) -> str:
        """The first of these cells that says something."""
        return next((self.cells[place] for place in places if place < len(self.cells) and self.cells[place]), "")


@dataclass(frozen=True)
class Table:
    """All rows of a file that say something; `notes` are sentences about what was passed over."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Refusal:
    """A row of a file that was not taken, and why. `number` is its line, counted from 1."""

    number: int
    line: str
    why: str


@dataclass
class Report:
    """What became of the rows of a file: how many of each outcome, and each one that was not taken."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many rows there were."""
        return self.outcomes.total() + len(self.refused)


def read_table(data: bytes, *, most_rows: int = MOST_ROWS) -> Table:
    """The rows of a file: CSV, Excel (.xlsx, .xls, .xlsb), OpenDocument (.ods), or HTML, which some programs call .xls.

    Raises TableRefused. A row that cannot be read is among the others and says why.
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
    """The rows of a CSV file, or of pasted lines."""
    lines = [line.rstrip() if line.isspace() else line for line in _ENDS.split(text.lstrip("\ufeff").replace("\0", ""))]
    first = 0
    said = re.fullmatch(r'"?sep=(.)"?\s*', lines[0], re.IGNORECASE) if lines else None
    if said:
        first = 1
    separator = said[1] if said else _separator(lines)
    return Table(list(_rows(lines, first, separator)))


def decoded(data: bytes) -> str:
    """The text of a file: in the encoding of its mark, in UTF-8, in UTF-16 without a mark, or in the likeliest one."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "replace")
    sample = data[:4096]
    if len(sample) > 1 and sample.count(0) > len(sample) // 5:
        # Every second octet of most texts is 0 in UTF-16.
        return data.decode("utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        sample = data[: 256 * 1024]
        high = len(re.findall(rb"[\x80-\xff]", sample))
        alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", sample))
        candidates = _ACCENTS if alone * 2 >= high else _SCRIPTS
        if re.search("[\uff61-\uff9f]", sample.decode("shift_jis", "replace")):
            candidates = [name for name in candidates if name != "shift_jis"]  # nobody writes half-width kana
        best = from_bytes(sample, cp_isolation=candidates, enable_fallback=False).best()
        return data.decode(best.encoding if best else "cp1252", "replace")


def _separator(lines: Sequence[str]) -> str:
    """The mark that divides most of the first lines into as many cells as the first."""
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
    """The cells of the record that begins at a line, and how many lines it takes: None and 1 if it cannot be read.

    A cell in quotation marks may hold line ends. One that is not closed would swallow what follows, so a line with a
    mark that does not match is left out by itself.
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
    """A cell without the apostrophe that guards it in our own export."""
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
        log.warning("A spreadsheet of %d octets was not read: %s %s", len(data), error, said)
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
    """A heading as it is compared: letters and digits only, in lower case ("E-mail Address" is "emailaddress")."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def places_of(cells: Sequence[str], words: Collection[str], but: Collection[str] = ()) -> list[int]:
    """Where headings are one of these words, then where they contain one; not where they contain one of `but`."""
    heads = [heading(cell) for cell in cells]
    allowed = [place for place, head in enumerate(heads) if head and not any(word in head for word in but)]
    exact = [place for place in allowed if heads[place] in words]
    long = [word for word in words if len(word) > 3 or not word.isascii()]
    within = [place for place in allowed if place not in exact and any(word in heads[place] for word in long)]
    return sorted(exact, key=lambda place: list(words).index(heads[place])) + within
