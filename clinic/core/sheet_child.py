"""Script that reads one spreadsheet from standard input and prints its rows as JSON lines, in a separate process.

A malicious file can make a reader use all memory or time, or crash native code. Here that ends only this process.
tables.py runs it as a script, so it must not import from this package.
"""

import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MOST_MEMORY = 768 * 1024 * 1024
MOST_SECONDS = 20
MOST_CHARACTERS = 64 * 1024 * 1024


def main(most_rows: int) -> None:
    """Print one line about the sheets, then one for each non-empty row: [number, cells]."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    except PasswordError:
        print(json.dumps({"error": "password"}))
        return
    names = [
        one.name
        for one in book.sheets_metadata
        if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
    ]
    sheets = [(name, sheet) for name in names if (sheet := book.get_sheet_by_name(name)).height]
    print(json.dumps({"sheets": [name for name, _ in sheets]}))
    if not sheets:
        return
    sheet = sheets[0][1]
    first = (sheet.start or (0, 0))[0] + 1
    shown = characters = 0
    for number, row in enumerate(sheet.to_python(), first):
        cells = [text_of(value) for value in row]
        if any(cell.strip() for cell in cells):
            line = json.dumps([number, cells])
            print(line)
            shown, characters = shown + 1, characters + len(line)
        if shown > most_rows or characters > MOST_CHARACTERS:
            return


def text_of(value: Any) -> str:
    """Return a cell as a person reads it: whole numbers without a decimal point, midnight as a date alone."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


if __name__ == "__main__":
    main(int(sys.argv[1]))
