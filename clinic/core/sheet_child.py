"""Reads one spreadsheet from standard input and writes its rows as JSON lines, as a process of its own.

A file can be made so that any reader needs all memory or all time there is, or falls over in native code. Here that
ends this process and no other. tables.py runs it as a script, so it imports nothing of ours.
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
    """Print a line about the sheets, then one for each row that says something: [number, cells]."""
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
    """A cell as a person reads it: a number without a point for nothing, a day without a time for midnight."""
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
