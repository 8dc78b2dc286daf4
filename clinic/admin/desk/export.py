"""Export of leads: streamed, so that memory stays constant, and without cells that a spreadsheet would run."""

import csv
import io
import tempfile
from collections.abc import Iterator

import xlsxwriter

from clinic.core.tables import FORMULA_STARTS
from clinic.core.text import clean_line
from clinic.leads.models import Lead
from clinic.leads.queries import leads_for_export
from clinic.web.filters import moment

COLUMNS = ("Name", "Email", "Mobile", "Stage", "Source article", "Requested on")
CHUNK = 64 * 1024
LONGEST_CELL = 32_767  # most characters in an Excel cell


def csv_lines() -> Iterator[str]:
    """Yield a heading line, then a CSV line for each lead."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(COLUMNS)
    for lead in leads_for_export():
        writer.writerow(safe_cell(cell) for cell in _cells(lead))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def xlsx_file() -> Iterator[bytes]:
    """Yield the Excel sheet in chunks. It is written to a temporary file, because a ZIP ends with its index."""
    with tempfile.TemporaryFile() as file:
        # Cells are strings in the file itself: no formula, no link, whatever somebody typed.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file, options) as book:
            sheet = book.add_worksheet("Leads")
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(COLUMNS) - 1, 24)
            bold = book.add_format({"bold": True})
            for column, name in enumerate(COLUMNS):
                sheet.write_string(0, column, name, bold)
            for row, lead in enumerate(leads_for_export(), start=1):
                for column, cell in enumerate(_cells(lead)):
                    sheet.write_string(row, column, cell)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _cells(lead: Lead) -> tuple[str, ...]:
    """Return the cells of a lead. XML holds no control characters, and Excel drops a cell that is too long."""
    source = lead.article.title if lead.article else lead.source
    cells = lead.name, lead.email, lead.mobile, lead.stage.value, source, moment(lead.created_at)
    return tuple(clean_line(cell)[:LONGEST_CELL] for cell in cells)


def safe_cell(text: str) -> str:
    """Return text that a spreadsheet shows but does not run; `read_table` removes the guard again."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
